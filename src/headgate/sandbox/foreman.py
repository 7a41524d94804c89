"""Owns one worker: starts it, keeps its line, has orders carried out in its cells.

Rule 1: the loop never blocks; whatever is slow is on the other side of the line.
Rule 2: a worker that is gone ends every run of it as broken, never as the code's failure.
Rule 3: closing, or dying, takes every process of the worker along.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import math
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headgate.sandbox.model import (
    Artefact,
    Ended,
    Heard,
    Isolation,
    Limits,
    Made,
    Order,
    Output,
    Result,
    Runtime,
    Status,
    Step,
    Unavailable,
)
from headgate.sandbox.worker import frames
from headgate.sandbox.worker.frames import Frame, Word

CODE = str(Path(__file__).parents[2])
FIRST_UID = 61184  # systemd's range for users that exist while a service runs
UIDS = 4096
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from headgate.sandbox.worker.launcher import main; main(sys.argv[2])"
)
_uids = itertools.count(os.getpid())
START_S = 60.0


class Broken(Exception):
    """The worker is gone; `begun` says whether any of the code had run."""

    def __init__(self, what: str, *, begun: bool) -> None:
        super().__init__(what)
        self.begun = begun


class Foreman:
    """One worker: a process tree of one runtime and one tenant."""

    def __init__(self, runtime: Runtime, walls: Isolation) -> None:
        self.runtime, self.walls = runtime, walls
        self.missing: dict[str, str] = {}
        """imports that failed, and why"""
        self.alive = False
        self._cells: dict[int, Cell] = {}
        self._numbers = itertools.count(1)
        self._line: asyncio.Transport | None = None
        self._up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, runtime: Runtime, walls: Isolation) -> Foreman:
        """Start the worker and wait until its imports are loaded."""
        foreman = cls(runtime, walls)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            setup = foreman._setup(theirs.fileno())
            foreman._process = await asyncio.create_subprocess_exec(
                runtime.interpreter or sys.executable,
                "-I",
                "-c",
                _BOOT,
                CODE,
                json.dumps(setup),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
            )
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Line(foreman), sock=ours)
        try:
            async with asyncio.timeout(START_S):
                await foreman._up
        except BaseException:
            await foreman.close()
            raise
        return foreman

    def _setup(self, fd: int) -> dict[str, Any]:
        prefixes = {sys.prefix, sys.base_prefix} if not self.runtime.interpreter else set()
        trees = [(it, it) for it in sorted(prefixes)]
        trees += [(it.source, it.target) for it in self.runtime.trees]
        return {
            "fd": fd,
            "code": CODE,
            "parent": os.getpid(),
            "uid": FIRST_UID + next(_uids) % UIDS,
            "trees": trees,
            "env": dict(self.runtime.env),
            "forks": self.runtime.kind == "python",
            "imports": list(self.runtime.imports),
        }

    async def prepare(self, limits: Limits) -> Cell:
        """A spare: a cell that waits for its order."""
        if not self.alive or self._line is None:
            raise Broken("the worker is gone", begun=False)
        cell = Cell(self, next(self._numbers))
        self._cells[cell.number] = cell
        wish = {"disk_bytes": limits.disk_mb << 20, "inodes": limits.inodes}
        self._say(frames.pack_said(cell.number, Word.PREPARE, wish))
        try:
            await cell.ready
        except BaseException:
            cell.kill()
            raise
        return cell

    async def close(self) -> None:
        """End the worker and everything in it."""
        self.alive = False
        if self._line is not None:
            self._line.abort()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _say(self, data: bytes) -> None:
        if self._line is not None:
            self._line.write(data)

    def _hear(self, frame: Frame) -> None:
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
            self._gone(frame.said["what"])

    def _gone(self, what: str) -> None:
        self.alive = False
        if not self._up.done():
            self._up.set_exception(Unavailable(f"the sandbox cannot start: {what}", REMEDY))
        for cell in list(self._cells.values()):
            cell.lost(what)
        self._cells.clear()


REMEDY = "run `headgate doctor`: it says which isolation this machine gives and what it lacks"


class _Line(asyncio.Protocol):
    """The line to a worker."""

    def __init__(self, foreman: Foreman) -> None:
        self._foreman, self._unpacker = foreman, frames.Unpacker()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._foreman._line = transport

    def data_received(self, data: bytes) -> None:
        for frame in self._unpacker.feed(data):
            self._foreman._hear(frame)

    def connection_lost(self, error: Exception | None) -> None:
        self._foreman._gone("the worker ended")


class Cell:
    """A place where one order is carried out."""

    def __init__(self, foreman: Foreman, number: int) -> None:
        self._foreman, self.number = foreman, number
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self._done: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.alive = True
        self._heard: Callable[[Heard], None] | None = None
        self._text: dict[int, list[bytes]] = {Word.STDOUT: [], Word.STDERR: []}
        self._ended: list[dict[str, Any]] = []
        self._found: list[tuple[dict[str, Any], bytearray]] = []
        self._broken = ""

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Lay the files, run the steps; what came of it."""
        self._heard = heard
        begun = time.monotonic()
        number, say = self.number, self._foreman._say
        for file in order.files:
            head = {"path": file.path, "executable": file.executable}
            say(frames.pack_said(number, Word.FILE, head))
            for at in range(0, len(file.data), frames.PIECE):
                say(frames.pack(number, Word.DATA, file.data[at : at + frames.PIECE]))
        for at in range(0, len(order.stdin), frames.PIECE):
            say(frames.pack(number, Word.STDIN, order.stdin[at : at + frames.PIECE]))
        say(frames.pack_said(number, Word.GO, _written(order)))
        try:
            done = await self._done
        except asyncio.CancelledError:
            self.kill()
            raise
        return self._result(order, done, (time.monotonic() - begun) * 1000)

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.alive:
            self.alive = False
            self._foreman._say(frames.pack(self.number, Word.KILL))

    def hear(self, frame: Frame) -> None:
        match frame.word:
            case Word.READY:
                if not self.ready.done():
                    self.ready.set_result(None)
            case Word.STDOUT | Word.STDERR:
                self._text[frame.word].append(frame.payload)
                self._pass_on(frame)
            case Word.ENDED:
                self._ended.append(frame.said)
            case Word.FOUND:
                self._found.append((frame.said, bytearray()))
            case Word.PIECE:
                self._found[-1][1].extend(frame.payload)
            case Word.FAILED:
                self._broken = frame.said["what"]
            case Word.DONE:
                self.alive = False
                if not self._done.done():
                    self._done.set_result(frame.said)
            case Word.GONE:
                self.lost("the cell ended")

    def lost(self, what: str) -> None:
        self.alive = False
        self._broken = self._broken or what
        if not self.ready.done():
            self.ready.set_exception(Broken(self._broken, begun=False))
        if not self._done.done():
            self._done.set_result({"reason": "broken", "lost": 0, "ms": 0.0})

    def _pass_on(self, frame: Frame) -> None:
        if self._heard is not None:
            stream = "stdout" if frame.word == Word.STDOUT else "stderr"
            self._heard(Output(stream, frame.payload.decode("utf-8", "replace")))  # type: ignore[arg-type]

    def _result(self, order: Order, done: dict[str, Any], total_ms: float) -> Result:
        last = self._ended[-1] if self._ended else {}
        artefacts = tuple(_artefact(it, bytes(data)) for it, data in self._found)
        if self._heard is not None:
            for it in artefacts:
                self._heard(Made(it))
        status = _status(done["reason"], last, order)
        stderr = b"".join(self._text[Word.STDERR]).decode("utf-8", "replace")
        return Result(
            status=status,
            exit_code=last.get("exit_code"),
            signal=last.get("signal"),
            stdout=b"".join(self._text[Word.STDOUT]).decode("utf-8", "replace"),
            stderr=stderr if status != Status.BROKEN else stderr + self._broken,
            lost_bytes=done["lost"],
            steps=tuple(
                Ended(it["name"], it["exit_code"], it["signal"], it["ms"]) for it in self._ended
            ),
            artefacts=artefacts,
            execution_ms=done["ms"],
            total_ms=total_ms,
            cpu_ms=done.get("cpu_ms", 0.0),
            peak_mb=done.get("peak_kb", 0.0) / 1024,
            language=order.runtime.language,
            version=order.runtime.version,
            isolation=self._foreman.walls,
        )


_REASONS = {
    "wall": Status.WALL,
    "output": Status.OUTPUT,
    "stopped": Status.STOPPED,
    "broken": Status.BROKEN,
    "disk": Status.DISK,
    "memory": Status.MEMORY,
    "files": Status.OPEN_FILES,
    "file": Status.FILE_SIZE,
    "processes": Status.PROCESSES,
    "build": Status.BUILD,
}


def _status(reason: str, last: dict[str, Any], order: Order) -> Status:
    reason = reason or last.get("mark", "")
    if reason:
        return _REASONS[reason]
    if last.get("signal"):
        return Status.SIGNAL
    step = next((it for it in order.steps if it.name == last.get("name")), None)
    if last.get("exit_code"):
        return Status.BUILD if step is not None and step.is_build else Status.ERROR
    return Status.OK


def _artefact(found: dict[str, Any], data: bytes) -> Artefact:
    digest = hashlib.sha256(data).hexdigest()
    return Artefact(found["path"], len(data), digest, "application/octet-stream", data)


def _written(order: Order) -> dict[str, Any]:
    limits = order.limits
    return {
        "limits": {
            "wall_s": limits.wall_s,
            "cpu_s": math.ceil(limits.cpu_s or limits.wall_s),
            "memory_bytes": 0 if order.runtime.reserves else limits.memory_mb << 20,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "file_bytes": limits.file_mb << 20,
            "output_bytes": limits.output_bytes,
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
    }
