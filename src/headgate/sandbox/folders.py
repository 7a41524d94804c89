"""Carries orders out in folders of this machine: where namespaces cannot be had, or a container
brings its own.

Rule 1: the same calls and results as a Foreman's; what differs is the tier that they name.
Rule 2: each cell has a folder and, as root, a user of its own; both go with it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
from pathlib import Path

from headgate.sandbox.cell import Broken
from headgate.sandbox.container import NOBODY, Engine
from headgate.sandbox.foldercell import FolderCell
from headgate.sandbox.foldersession import FolderSession
from headgate.sandbox.model import (
    File,
    Isolation,
    Limits,
    Order,
    Runtime,
    Step,
    Unavailable,
)
from headgate.sandbox.workfolder import WorkFolder

FIRST_UID, UIDS = 61184, 4096
_uids = itertools.count(os.getpid())


class FolderForeman:
    """Where orders of one runtime are carried out in folders."""

    def __init__(self, runtime: Runtime, walls: Isolation, engine: Engine | None) -> None:
        self.runtime, self.walls = runtime, walls
        self.missing: dict[str, str] = {}
        self.alive = True
        self._cells: set[FolderCell | FolderSession] = set()
        self.place = Path(tempfile.mkdtemp(prefix="headgate-cells-"))
        self.place.chmod(0o711)
        self.engine = engine and engine.filtered(self.place)

    @classmethod
    async def start(
        cls,
        runtime: Runtime,
        walls: Isolation,
        engine: Engine | None = None,
        *,
        is_tried: bool = False,
    ) -> FolderForeman:
        """Ready once the interpreter was seen to run here.

        `is_tried`: whoever starts it will see to that.
        """
        foreman = await asyncio.to_thread(cls, runtime, walls, engine)
        try:
            for tree in runtime.trees:
                if walls.tier != "container" and tree.source != tree.target:
                    raise _cannot(f"{tree.source} must be seen as {tree.target}")
            if not is_tried:
                await foreman.try_interpreter()
        except BaseException:
            await foreman.close()
            raise
        return foreman

    async def prepare(
        self, limits: Limits, *, session: bool = False
    ) -> FolderCell | FolderSession:
        """A folder that waits for its order, or for the first of a session."""
        if not self.alive:
            raise Broken("the worker was closed", begun=False)
        own = FIRST_UID + next(_uids) % UIDS if self.engine is None else NOBODY
        uid = own if os.geteuid() == 0 else 0
        folder = await asyncio.to_thread(WorkFolder, self.place, uid)
        kind = FolderSession if session else FolderCell
        cell = kind(self, folder)
        self._cells.add(cell)
        return cell

    def forget(self, cell: FolderCell | FolderSession) -> None:
        """It has left."""
        self._cells.discard(cell)

    async def close(self) -> None:
        """End every order and session, and remove every folder."""
        self.alive = False
        for cell in list(self._cells):
            cell.kill()
            await cell.leave()
        await asyncio.to_thread(shutil.rmtree, self.place, ignore_errors=True)

    async def try_interpreter(self) -> None:
        """Run a word of Python, or see the program; Unavailable where that cannot be."""
        if self.engine is not None:
            return
        if self.runtime.kind != "python":
            await self._try_program()
            return
        cell = await self.prepare(Limits())
        files = (File("try.py", b"print('ran')\n"),)
        order = Order(self.runtime, (Step("try", python="try.py"),), files)
        result = await cell.carry_out(order)
        if "ran" not in result.stdout:
            program = self.runtime.interpreter or sys.executable
            told = result.stderr.strip()[-200:]
            raise Unavailable(
                f"{program} cannot be run by the sandbox's user: {told}",
                "name one that all may read under [sandbox] python, such as /usr/bin/python3",
            )

    async def _try_program(self) -> None:
        """As the user that code has: a home folder may be closed to it."""
        program = self.runtime.program
        if not program.startswith("/"):
            return
        step = Step("try", ("/bin/sh", "-c", 'test -x "$0" && test -r "$0"', program))
        result = await (await self.prepare(Limits())).carry_out(Order(self.runtime, (step,)))
        if result.exit_code != 0:
            raise Unavailable(
                f"{program} cannot be run by the sandbox's user",
                "install it where all may read it, such as below /usr/local or /opt",
            )


def _cannot(what: str) -> Unavailable:
    return Unavailable(f"{what}: that takes namespaces", "see `headgate doctor`")
