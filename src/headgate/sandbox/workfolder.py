"""The folder of a cell that has no namespaces: what is laid into it, what is taken from it.

Rule 1: its code may run all the while: no name in it is followed if it is a link.
Rule 2: as root the code has a user of its own, and what is laid into the folder is that user's.
Rule 3: nothing of it stays, whatever modes and depths the code has left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from headgate.sandbox import leftovers, outcome
from headgate.sandbox.model import Artefact, File, Limits
from headgate.sandbox.worker import collect, place

BOX, OUTPUT, OWN = "box", "output", ".tmp"
ENTRIES = 4
"""that are not counted as the code's: its folder, those two, a line or a last word"""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WORD = 64


class WorkFolder:
    """A folder of one cell."""

    def __init__(self, above: Path, uid: int) -> None:
        self._top = Path(tempfile.mkdtemp(dir=above))
        self.box = self._top / BOX
        self.uid = uid
        self._taken: dict[str, tuple[int, int, int]] = {}
        if uid:
            self._top.chmod(0o711)  # ours: the code reaches its own below it, and no more
        for it in (self.box, self.box / OUTPUT, self.box / OWN):
            it.mkdir(mode=0o700)
            self._give(os.fspath(it))

    @property
    def said(self) -> Path:
        """Where a run may leave a last word."""
        return self.box / OWN / ".told"

    def lay(self, files: tuple[File, ...]) -> None:
        """Refused where one has no place; what was laid before it stays."""
        top = os.open(self._top, _FOLDER)
        try:
            for it in files:
                laying = place.Laying(top, it.path, executable=it.executable)
                laying.add(it.data)
                if laying.close():
                    raise outcome.unlaid(it.path)
                self._give_along(top, it.path)
        finally:
            os.close(top)

    def take(self, limits: Limits) -> tuple[tuple[Artefact, ...], bool]:
        """What was left or changed in the output folder since the last time."""
        return leftovers.collect(str(self.box / OUTPUT), limits, self._taken)

    def last_word(self) -> str:
        """What a run has said of its end; "": nothing."""
        try:
            folder = os.open(self.box / OWN, _FOLDER)
        except OSError:
            return ""
        try:
            fd = os.open(self.said.name, _PLAIN, dir_fd=folder)
        except OSError:
            return ""
        finally:
            os.close(folder)
        with open(fd, "rb", buffering=0) as file, contextlib.suppress(OSError):
            word = file.read(_WORD) or b""
            return word.decode("ascii", "replace")
        return ""

    def files(self, most_bytes: int, most_files: int) -> tuple[tuple[File, ...], bool]:
        """Every regular file but for our own; whether there is more than that."""
        found = []
        taking = collect.Taking(most_files, most_bytes, {})
        box = os.open(self.box, _FOLDER)
        try:
            for left in taking.files(box):
                with open(left.fd, "rb") as file:
                    data = file.read(left.size)
                if not left.path.startswith(f"{OWN}/"):
                    found.append(File(left.path, data, left.is_executable))
        finally:
            os.close(box)
        return tuple(found), taking.is_over

    async def remove(self) -> None:
        """Nothing of it stays: what its owner may not enter is opened first."""
        await _ran("rm", "-rf", "--", str(self._top))
        if await asyncio.to_thread(self._top.exists):
            await _ran("chmod", "-R", "u+rwX", "--", str(self._top))
            await asyncio.to_thread(shutil.rmtree, self._top, ignore_errors=True)
            await _ran("rm", "-rf", "--", str(self._top))

    def _give(self, path: str) -> None:
        if self.uid:
            os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def _give_along(self, top: int, path: str) -> None:
        """A file and every folder on the way to it."""
        if not self.uid:
            return
        parts = [BOX, *filter(None, path.split("/"))]
        for count in range(1, len(parts)):
            above, name = "/".join(parts[:count]), parts[count]
            with contextlib.suppress(OSError), place.opened(top, above) as here:
                # where the code was quicker it is none of ours any more
                os.chown(name, self.uid, self.uid, dir_fd=here, follow_symlinks=False)


async def _ran(*argv: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv, stderr=asyncio.subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}
    )
    await process.wait()
