"""Owns one worker: starts it, keeps its line, has orders carried out in its cells.

Rule 1: the loop never blocks; whatever is slow is on the other side of the line or in a thread.
Rule 2: a worker that is gone ends every run of it as broken, never as the code's failure.
Rule 3: closing, or dying, takes every process of the worker along.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any, cast

from headgate.sandbox.cell import Broken, Cell, bounds
from headgate.sandbox.cgroup import Groups
from headgate.sandbox.model import Isolation, Limits, Runtime, Unavailable
from headgate.sandbox.worker import frames
from headgate.sandbox.worker.frames import Frame, Word

__all__ = ["Broken", "Cell", "Foreman"]

START_S = 60.0
"""importing large packages from a cold disk takes long"""
REMEDY = "run `headgate doctor`: it says which isolation this machine gives and what it lacks"
_CODE = str(Path(__file__).parents[2])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from headgate.sandbox.worker.launcher import main; main(sys.argv[2])"
)
_FIRST_UID, _UIDS = 61184, 4096
"""systemd's range for users that exist while a service runs"""
_uids = itertools.count(os.getpid())
_CREDENTIALS = struct.Struct("3i")


class Foreman:
    """One worker: a process tree of one runtime and one tenant."""

    def __init__(
        self, runtime: Runtime, walls: Isolation, groups: Groups | None = None
    ) -> None:
        self.runtime, self.walls, self._groups = runtime, walls, groups
        self.missing: dict[str, str] = {}
        """imports that failed, and why"""
        self.alive = False
        self._cells: dict[int, Cell] = {}
        self._numbers = itertools.count(1)
        self._line: asyncio.Transport | None = None
        self._births: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(
        cls, runtime: Runtime, walls: Isolation, groups: Groups | None = None
    ) -> Foreman:
        """Start the worker and wait until its imports are loaded."""
        foreman = cls(runtime, walls, groups)
        try:
            await foreman._start()
            async with asyncio.timeout(START_S):
                await foreman._up
        except TimeoutError:
            await foreman.close()
            what = f"the sandbox was not up after {START_S:g} s"
            raise Unavailable(what, "import less before the fork: [sandbox] packages") from None
        except BaseException:
            await foreman.close()
            raise
        return foreman

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            await self._launch(theirs)
            ours.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: _Line(self), sock=ours)
        except BaseException:
            ours.close()
            raise

    async def _launch(self, theirs: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(theirs)
            fds = [theirs.fileno()]
            if self._groups is not None:
                fds.append(stack.enter_context(self._listen_to_births()).fileno())
            setup = self._setup(*fds)
            program = self.runtime.interpreter if self.runtime.kind == "python" else ""
            starting = asyncio.ensure_future(
                asyncio.create_subprocess_exec(
                    program or sys.executable,
                    "-I",
                    "-c",
                    _BOOT,
                    _CODE,
                    json.dumps(setup),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    pass_fds=fds,
                    start_new_session=True,  # where sessions share processors, it is one
                    env={"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
                )
            )
            try:
                self._process = await asyncio.shield(starting)
            except asyncio.CancelledError:
                self._process = await starting  # there is no ending what is not known
                raise

    def _setup(self, line: int, births: int = -1) -> dict[str, Any]:
        prefixes = {sys.prefix, sys.base_prefix} if not self.runtime.interpreter else set()
        trees = {it: it for it in sorted(prefixes)}
        trees |= {it.target: it.source for it in self.runtime.trees}
        return {
            "fd": line,
            "births": births,
            "code": _CODE,
            "parent": os.getpid(),
            "uid": _FIRST_UID + next(_uids) % _UIDS,
            "trees": [(source, target) for target, source in trees.items()],
            "overlays": [it.target for it in self.runtime.trees if it.is_overlay],
            "env": dict(self.runtime.env),
            "forks": self.runtime.kind == "python",
            "imports": list(self.runtime.imports),
        }

    async def prepare(self, limits: Limits, *, session: bool = False) -> Cell:
        """A spare: a cell that waits for its order, or for the first of a session."""
        if not self.alive or self._line is None:
            raise Broken("the worker is gone", begun=False)
        cell = Cell(next(self._numbers), self.say, self.walls, is_session=session)
        if self._groups is not None:
            cell.bounds = bounds(limits)
            cell.group = await asyncio.to_thread(self._groups.make, cell.bounds)
        self._cells[cell.number] = cell
        self.say(frames.pack_said(cell.number, Word.PREPARE, cell.sized(limits)))
        try:
            await cell.ready
            await cell.placed()
        except BaseException:
            cell.kill()
            raise
        return cell

    async def close(self) -> None:
        """End the worker and everything in it."""
        self.alive = False
        if self._line is not None:
            self._line.abort()
        if self._births is not None:
            asyncio.get_running_loop().remove_reader(self._births)
            self._births.close()
            self._births = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self.gone("the worker was closed")

    def say(self, data: bytes) -> None:
        """Send what `frames` packed."""
        if self._line is not None and not self._line.is_closing():
            self._line.write(data)

    def hear(self, frame: Frame) -> None:
        """Take one frame of the worker."""
        if frame.cell:
            cell = self._cells.get(frame.cell)
            if cell is not None:
                cell.hear(frame)
            if frame.word == Word.GONE:
                self._cells.pop(frame.cell, None)
        elif frame.word == Word.UP:
            self.missing = frame.said["missing"]
            self.alive = True
            if not self._up.done():
                self._up.set_result(None)
        elif frame.word == Word.FAILED:
            self.gone(frame.said["what"])

    def connected(self, line: asyncio.Transport) -> None:
        self._line = line

    def gone(self, what: str) -> None:
        """The worker is no more."""
        self.alive = False
        if not self._up.done():
            self._up.set_exception(Unavailable(f"the sandbox cannot start: {what}", REMEDY))
            self._up.exception()  # whoever starts it may have given up before
        for cell in list(self._cells.values()):
            cell.lost(what)
        self._cells.clear()

    def _listen_to_births(self) -> socket.socket:
        """The kernel says by which pid we know a process that the keeper names."""
        births, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        births.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        births.setblocking(False)
        self._births = births
        asyncio.get_running_loop().add_reader(births, self._hear_births)
        return told

    def _hear_births(self) -> None:
        while self._births is not None:
            try:
                data, notes, _, _ = self._births.recvmsg(64, 64)
            except (BlockingIOError, OSError):
                return
            for _, kind, note in notes:
                cell = self._cells.get(int.from_bytes(data, "big"))
                if kind == socket.SCM_CREDENTIALS and cell is not None:
                    cell.born(_CREDENTIALS.unpack(note[: _CREDENTIALS.size])[0])


class _Line(asyncio.Protocol):
    """The line to a worker."""

    def __init__(self, foreman: Foreman) -> None:
        self._foreman, self._unpacker = foreman, frames.Unpacker()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._foreman.connected(cast(asyncio.Transport, transport))  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        for frame in self._unpacker.feed(data):
            self._foreman.hear(frame)

    def connection_lost(self, error: Exception | None) -> None:
        self._foreman.gone("the worker ended")
