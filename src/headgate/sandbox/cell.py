"""A cell as its user sees it: takes orders, passes on what is heard, tells what came of them.

Rule 1: whatever goes wrong with the sandbox is Status.BROKEN once code may have begun.
Rule 2: whoever waits and gives up ends what it waited for.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from headgate.sandbox import outcome
from headgate.sandbox.cgroup import Bounds, Group
from headgate.sandbox.model import (
    Artefact,
    File,
    Heard,
    Isolation,
    Limits,
    Made,
    Order,
    Output,
    Refused,
    Result,
    Step,
)
from headgate.sandbox.worker import frames
from headgate.sandbox.worker.frames import Frame, Word

GRACE_MB = 24
"""beyond the limit that the process itself is held to: so it can say that memory ended it"""
LONG_S = 0.05
"""a run that takes longer gives way to those that do not"""


class Broken(Exception):
    """The worker is gone; `begun` says whether any of the code had run."""

    def __init__(self, what: str, *, begun: bool) -> None:
        super().__init__(what)
        self.begun = begun


class Run:
    """What was heard of one order so far."""

    def __init__(self, heard: Callable[[Heard], None] | None) -> None:
        self.done: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.steps: list[outcome.Step] = []
        self.artefacts: list[Artefact] = []
        self.broken = ""
        self._heard = heard
        self._open: outcome.Growing | None = None
        self._begin_step()

    def _begin_step(self) -> None:
        self.output: dict[int, bytearray] = {Word.STDOUT: bytearray(), Word.STDERR: bytearray()}
        new = codecs.getincrementaldecoder("utf-8")
        self._decoders = {it: new("replace") for it in self.output}

    def hear(self, frame: Frame) -> None:
        match frame.word:
            case Word.STDOUT | Word.STDERR:
                self.output[frame.word] += frame.payload
                self._tell(frame.word, self._decoders[frame.word].decode(frame.payload))
            case Word.ENDED:
                self._end_step(frame.said)
            case Word.FOUND:
                self._take()
                self._open = outcome.Growing(frame.said["path"])
            case Word.PIECE if self._open is not None:
                self._open.add(frame.payload)
            case Word.FAILED:
                self.broken = frame.said["what"]
            case Word.DONE:
                self._take()
                if not self.done.done():
                    self.done.set_result(frame.said)
            case _:
                pass

    def _tell(self, word: int, text: str) -> None:
        if text and self._heard is not None:
            self._heard(Output("stdout" if word == Word.STDOUT else "stderr", text))

    def _end_step(self, how: dict[str, Any]) -> None:
        for word, decoder in self._decoders.items():
            self._tell(word, decoder.decode(b"", final=True))
        stdout, stderr = (it.decode("utf-8", "replace") for it in self.output.values())
        self.steps.append(outcome.Step(stdout=stdout, stderr=stderr, **how))
        self._begin_step()

    def _take(self) -> None:
        if self._open is None:
            return
        artefact, self._open = self._open.whole(), None
        self.artefacts.append(artefact)
        if self._heard is not None:
            self._heard(Made(artefact))


class Cell:
    """A place where one order is carried out; a session's: one after another."""

    def __init__(
        self,
        number: int,
        say: Callable[[bytes], None],
        walls: Isolation,
        *,
        is_session: bool = False,
    ) -> None:
        self.number, self._say, self._walls, self._is_session = number, say, walls, is_session
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.alive = True
        self.group: Group | None = None
        self.bounds: Bounds | None = None
        """of the group"""
        self._gives_way = False
        self._run: Run | None = None
        self._listed: _Listing | None = None
        self._begun = False
        self._sizes: dict[str, int] = {}
        self._joins: list[asyncio.Future[None]] = []

    def sized(self, limits: Limits) -> dict[str, int]:
        """What it is made for; an order may ask for more or less."""
        self._sizes = room(limits)
        return self._sizes

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Lay the files, run the steps; what came of it."""
        begun = time.monotonic()
        if not self.alive or self._run is not None:
            raise Broken("the cell is gone or taken", begun=self._begun)
        self._begun = True
        run = self._run = Run(heard)
        loop = asyncio.get_running_loop()
        long = loop.call_later(LONG_S, self._give_way)
        try:
            await self._set_bounds(order.limits)
            self._send(order)
            done = await run.done
        except BaseException:
            self.kill()
            raise
        finally:
            long.cancel()
            self._run = None
        if done["over"]:
            self.alive = False
        oom = await self._killed_for_memory()
        if in_the_way := done.get("unlaid"):
            raise outcome.unlaid(in_the_way)
        ended = outcome.Ended(done, run.steps, run.output, run.broken, oom)
        total_ms = (time.monotonic() - begun) * 1000
        return outcome.result(order, ended, tuple(run.artefacts), self._walls, total_ms)

    async def _set_bounds(self, limits: Limits) -> None:
        """Of the group, if they are not those that it was made with."""
        wanted, group = bounds(limits), self.group
        if group is None:
            return
        if self._gives_way:
            self._gives_way = False
            await asyncio.to_thread(group.give_way, to_others=False)
        if self.bounds != wanted:
            await asyncio.to_thread(group.bind, wanted)
            self.bounds = wanted

    def _give_way(self) -> None:
        if self.group is not None:
            self._gives_way = True
            give_way = partial(self.group.give_way, to_others=True)
            asyncio.get_running_loop().run_in_executor(None, give_way)

    async def _killed_for_memory(self) -> bool:
        if self.group is None:
            return False
        group = self.group
        if self.alive:
            return bool(await asyncio.to_thread(group.memory_kills))
        self.group = None
        return bool(await asyncio.to_thread(group.ended))

    def _send(self, order: Order) -> None:
        number, code = self.number, None
        files = order.files
        if self._is_session:
            code, files = _code(order)
        said: list[bytes] = []
        sizes = room(order.limits)
        if sizes != self._sizes:
            self._sizes = sizes
            said.append(frames.pack_said(number, Word.RESIZE, sizes))
        for file in files:
            head = {"path": file.path, "executable": file.executable}
            said.append(frames.pack_said(number, Word.FILE, head))
            said += _pieces(number, Word.DATA, file.data)
        said += _pieces(number, Word.STDIN, order.stdin)
        goes = written(order) | {"session": self._is_session, "code": code}
        said.append(frames.pack_said(number, Word.GO, goes))
        for few in _together(said):
            self._say(few)

    async def files(self, most_bytes: int) -> tuple[File, ...]:
        """The regular files of the work folder; Refused if there are more bytes or too many."""
        if not self.alive or self._run is not None:
            raise Broken("the cell is gone or taken", begun=self._begun)
        self._listed = _Listing()
        self._say(frames.pack_said(self.number, Word.LIST, {"most": most_bytes}))
        try:
            is_over = await self._listed.done
            if is_over:
                what = f"the work folder holds more than {most_bytes} bytes"
                raise Refused(what, "delete what is not needed any more", "invalid")
            return tuple(
                File(it["path"], bytes(data), it["executable"])
                for it, data in self._listed.found
            )
        finally:
            self._listed = None

    def kill(self) -> None:
        """End it, whatever it does."""
        self.alive = False
        self._say(frames.pack(self.number, Word.KILL))

    def hear(self, frame: Frame) -> None:
        """Take one frame of the worker."""
        if frame.word == Word.READY:
            if not self.ready.done():
                self.ready.set_result(None)
        elif frame.word == Word.GONE:
            self.lost("the cell ended")
        elif self._listed is not None:
            self._listed.hear(frame)
        elif self._run is not None:
            self._run.hear(frame)
        elif frame.word == Word.FAILED and not self.ready.done():
            self.ready.set_exception(Broken(frame.said["what"], begun=False))

    def lost(self, what: str) -> None:
        """Nothing of the cell is left."""
        self.alive = False
        if not self.ready.done():
            self.ready.set_exception(Broken(what, begun=False))
            self.ready.exception()
        if self._run is not None and not self._run.done.done():
            self._run.broken = self._run.broken or what
            self._run.done.set_result(outcome.NOTHING_DONE)
        if self._listed is not None and not self._listed.done.done():
            self._listed.done.set_exception(Broken(what, begun=True))
        if self._run is None and self.group is not None:  # a run asks it for its last word
            asyncio.get_running_loop().run_in_executor(None, self.group.close)
            self.group = None

    def born(self, pid: int) -> None:
        """One of its processes, by the pid it has here."""
        if self.group is not None:
            loop = asyncio.get_running_loop()
            joining = loop.run_in_executor(None, self.group.add, pid)
            joining.add_done_callback(self._place)
            self._joins.append(joining)

    def _place(self, joining: asyncio.Future[None]) -> None:
        if not joining.cancelled():
            joining.exception()  # killed before it was placed: nobody asks
        self._say(frames.pack(self.number, Word.PLACED))

    async def placed(self) -> None:
        """Its processes are in its group."""
        while self._joins:
            with contextlib.suppress(ProcessLookupError):
                await self._joins.pop()


class _Listing:
    """The files of a work folder, as they come."""

    def __init__(self) -> None:
        self.found: list[tuple[dict[str, Any], bytearray]] = []
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def hear(self, frame: Frame) -> None:
        if frame.word == Word.FOUND:
            self.found.append((frame.said, bytearray()))
        elif frame.word == Word.PIECE:
            self.found[-1][1].extend(frame.payload)
        elif frame.word == Word.LISTED and not self.done.done():
            self.done.set_result(frame.said["is_over"])


def _pieces(number: int, word: Word, data: bytes) -> list[bytes]:
    return [
        frames.pack(number, word, data[at : at + frames.PIECE])
        for at in range(0, len(data), frames.PIECE)
    ]


def _together(said: list[bytes]) -> Iterator[bytes]:
    """Small ones in one: each that is sent alone wakes the worker for itself."""
    few: list[bytes] = []
    for one in said:
        if few and sum(map(len, few)) + len(one) > frames.PIECE:
            yield b"".join(few)
            few = []
        few.append(one)
    yield b"".join(few)


def bounds(limits: Limits) -> Bounds:
    """Of the group that holds a cell."""
    return Bounds(limits.memory_mb + GRACE_MB, limits.processes)


def room(limits: Limits) -> dict[str, int]:
    """How much the files of a cell may take."""
    return {"disk_bytes": limits.disk_mb << 20, "inodes": limits.inodes}


def _code(order: Order) -> tuple[str, tuple[File, ...]]:
    """The code of a session's cell (the file its step names, or the last) and other files."""
    wanted = order.steps[0].python
    code = next((it for it in order.files if it.path == wanted), order.files[-1])
    others = tuple(it for it in order.files if it is not code)
    return code.data.decode("utf-8", "replace"), others


def written(order: Order) -> dict[str, Any]:
    """The order as a worker reads it."""
    limits = order.limits
    memory = limits.memory_mb << 20
    return {
        "limits": {
            "wall_s": limits.wall_s,
            "cpu_s": math.ceil(limits.cpu_s or limits.wall_s + 1),  # of two at once: the wall
            "memory_bytes": 0 if order.runtime.reserves else memory,
            "watched_bytes": memory + (GRACE_MB << 20),
            "processes": limits.processes,
            "open_files": limits.open_files,
            "file_bytes": limits.file_mb << 20,
            "output_bytes": limits.output_bytes,
            "artefacts": limits.artefacts,
            "artefact_bytes": limits.artefact_mb << 20,
        },
        "steps": [_step(it, dict(order.runtime.env)) for it in order.steps],
    }


def _step(step: Step, env: dict[str, str]) -> dict[str, Any]:
    return {
        "name": step.name,
        "argv": list(step.argv),
        "python": step.python,
        "env": env | dict(step.env),
        "wall_s": step.wall_s,
        "goes_on": step.goes_on,
        "is_build": step.is_build,
    }
