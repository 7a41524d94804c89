"""A session in a folder: one program that stays, given one cell after another.

Rule 1: the same as a session in namespaces: names and files stay, limits are each cell's own,
but for those of the whole session.
Rule 2: a limit ends the session; what its cell had printed and left comes back.
Rule 3: one that ended between two cells tells why when the next one comes.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from headgate.sandbox.cell import Broken
from headgate.sandbox.foldercell import Doing, Yard
from headgate.sandbox.model import File, Heard, Order, Refused, Result
from headgate.sandbox.ward import Ears, Talk, Ward, is_crowded
from headgate.sandbox.wish import wish_of
from headgate.sandbox.worker.frames import Word
from headgate.sandbox.worker.streams import read_answer
from headgate.sandbox.workfolder import OWN, WorkFolder

_CUT_S = 10.0
"""a container may take so long until its program is heard of"""


class FolderSession:
    """A folder in which one order after another is carried out."""

    def __init__(self, yard: Yard, folder: WorkFolder) -> None:
        self._yard, self._folder = yard, folder
        self.alive = True
        self._doing: Doing | None = None
        self._ward: Ward | None = None
        self._ended: asyncio.Future[dict[str, Any]] | None = None
        self._talk: Talk | None = None
        self._leaving: asyncio.Future[None] | None = None
        self._begun = False
        self._inodes = 0

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Lay the files, run a cell; what came of it."""
        if not self.alive or self._doing is not None:
            raise Broken("the cell is gone or taken", begun=self._begun)
        doing = Doing(order, heard)
        code, files = _code(order)
        try:
            await asyncio.to_thread(self._folder.lay, files)
            self._doing, self._begun = doing, True
            self._inodes = order.limits.inodes
            await self._run(doing, code)
            await doing.take_from(self._folder)
            if doing.reason:
                self.kill()
        except Refused:
            raise  # nothing was begun
        except BaseException:
            self.kill()
            raise
        finally:
            self._doing = None
            if not self.alive:
                await self.leave()
        return doing.result(self._yard.walls)

    async def files(self, most_bytes: int) -> tuple[File, ...]:
        """The regular files of the work folder; Refused if there are more bytes or too many."""
        if not self.alive or self._doing is not None:
            raise Broken("the cell is gone or taken", begun=self._begun)
        most_files = self._inodes or 1 << 16
        found, is_over = await asyncio.to_thread(self._folder.files, most_bytes, most_files)
        if is_over:
            what = f"the work folder holds more than {most_bytes} bytes"
            raise Refused(what, "delete what is not needed any more", "invalid")
        return found

    def kill(self) -> None:
        """End it, whatever it does."""
        self._end("stopped")
        self.alive = False
        if self._doing is None and self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())

    async def leave(self) -> None:
        """Let nothing of it stay."""
        self._end("stopped")
        self.alive = False
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._leave())
        await asyncio.shield(self._leaving)

    async def _leave(self) -> None:
        if self._ward is not None:
            await self._ward.settle()
        if self._ended is not None:
            await self._ended
        if self._talk is not None:
            self._talk.close()
        await self._folder.remove()
        self._yard.forget(self)

    async def _run(self, doing: Doing, code: str) -> None:
        begun = time.monotonic()
        limits = doing.order.limits
        loop = asyncio.get_running_loop()
        timer = loop.call_later(limits.wall_s, self._end, "wall")
        try:
            if self._ward is None:
                await self._begin(doing)
            assert self._ward is not None
            assert self._ended is not None
            if doing.reason:
                self._ward.end()  # it came while the program was being started
            self._ward.begin_cell(limits.cpu_s or limits.wall_s + 1, limits.output_bytes)
            answer = await self._ask(code)
            ms = (time.monotonic() - begun) * 1000
            self._ward.drain()
            doing.lost = self._ward.lost
            if isinstance(answer, dict) and not doing.reason:
                status, mark, doing.value = read_answer(answer)
                doing.end_step(doing.order.steps[0].name, status, ms, mark)
                doing.add_up(await self._ward.measured() or await self._ended)
                return
            report = await self._ended
        finally:
            timer.cancel()
        self.alive = False
        self._tell_end(doing, report, (time.monotonic() - begun) * 1000)

    def _tell_end(self, doing: Doing, report: dict[str, Any], ms: float) -> None:
        """The program is gone."""
        if doing.reason == "wall" and is_crowded(report, doing.order.limits.processes):
            doing.reason = "processes"
        doing.add_up(report)
        if doing.reason:
            doing.ms = ms
        else:
            code = os.waitstatus_to_exitcode(report["status"])
            doing.end_step(doing.order.steps[0].name, code, ms)

    async def _ask(self, code: str) -> object:
        """The answer, or None once there will be none."""
        assert self._ended is not None
        if self._talk is None or self._ended.done():
            return None
        asking = asyncio.ensure_future(self._talk.ask(code))
        try:
            waited = (asking, self._ended)
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            asking.cancel()

    async def _begin(self, doing: Doing) -> None:
        """Start what stays; its line is at hand when this returns, or it has ended."""
        order = doing.order
        ears = Ears(self._wrote, lambda: self._end("output"))
        ward = self._ward = Ward(order.limits.output_bytes, ears)
        about = (self._yard, self._folder, order.steps[0], order)
        wish = await asyncio.to_thread(wish_of, *about, is_session=True)
        if self._yard.engine is None:
            ours, theirs = socket.socketpair()
            self._talk = Talk(ours)
            await ward.start(wish, order.stdin, theirs.detach())
            self._ended = asyncio.ensure_future(ward.ended())
            return
        with socket.socket(socket.AF_UNIX) as door:
            await asyncio.to_thread(self._open_door, door)
            await ward.start(wish, order.stdin)
            self._ended = asyncio.ensure_future(ward.ended())
            await self._let_in(door)

    def _open_door(self, door: socket.socket) -> None:
        """A socket in the folder: a container is handed no descriptor."""
        place = self._folder.box / OWN
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            door.bind(f"/proc/self/fd/{folder}/line")  # however long the folder's own path is
        finally:
            os.close(folder)
        if self._folder.uid:
            os.chown(place / "line", self._folder.uid, self._folder.uid)
        door.listen(1)
        door.setblocking(False)

    async def _let_in(self, door: socket.socket) -> None:
        assert self._ended is not None
        loop = asyncio.get_running_loop()
        coming = asyncio.ensure_future(loop.sock_accept(door))
        try:
            waited = (coming, self._ended)
            await asyncio.wait(waited, timeout=_CUT_S, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                self._talk = Talk(coming.result()[0])
            elif not self._ended.done():
                self._end("broken")
        finally:
            coming.cancel()

    def _wrote(self, word: Word, data: bytes) -> None:
        """Between two cells nobody is there to read it."""
        if self._doing is not None:
            self._doing.wrote(word, data)

    def _end(self, reason: str) -> None:
        if self._doing is not None and not self._doing.reason:
            self._doing.reason = reason
        if self._ward is not None:
            self._ward.end()


def _code(order: Order) -> tuple[str, tuple[File, ...]]:
    """The code of a cell (the file its step names, or the last) and the other files."""
    wanted = order.steps[0].python
    code = next((it for it in order.files if it.path == wanted), order.files[-1])
    others = tuple(it for it in order.files if it is not code)
    return code.data.decode("utf-8", "replace"), others
