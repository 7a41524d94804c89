"""A program under a warden, seen from the supervisor: its output, its session's line, its end.

Rule 1: the loop never blocks: what is written is read as it comes, the end is waited for.
Rule 2: a warden that ends without a report has failed, not the code.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from headgate.sandbox.worker.frames import Word
from headgate.sandbox.worker.streams import Line, Stream

CODE = str(Path(__file__).parents[2])
PATH = "/usr/local/bin:/usr/bin:/bin"
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from headgate.sandbox.worker.warden import main; main(sys.argv[2])"
)
_PATIENCE_S = 5.0
_REPORT_MOST = 1 << 16
BROKEN: dict[str, Any] = {
    "status": 0,
    "reason": "broken",
    "cpu_ms": 0.0,
    "peak_kb": 0.0,
    "tasks": 0,
    "is_full": False,
}

Wrote = Callable[[Word, bytes], None]


class Ears(NamedTuple):
    """Who is told of what the program does."""

    wrote: Wrote
    too_much: Callable[[], None]
    """it wrote more than it may"""


class Ward:
    """One program and the warden that stands over it."""

    def __init__(self, most: int, ears: Ears) -> None:
        self.lost = 0
        self.ears = ears
        self._most = most
        self._streams: list[Stream] = []
        self._process: asyncio.subprocess.Process | None = None
        self._report = -1
        self._control: socket.socket | None = None

    async def start(self, wish: dict[str, Any], stdin: bytes, line: int = -1) -> None:
        """`line`: a session's; it is handed to the program, and closed here."""
        with contextlib.ExitStack() as stack:
            report, told = os.pipe()
            stack.callback(os.close, told)
            self._report = report
            passed = [told]
            if line >= 0 or wish["is_session"]:
                self._control, theirs = socket.socketpair()
                self._control.setblocking(False)
                stack.callback(theirs.close)
                passed.append(theirs.fileno())
                wish["control"] = theirs.fileno()
            if line >= 0:
                stack.callback(os.close, line)
                passed.append(line)
            wish |= {"fd": told, "line": line}
            given = await asyncio.to_thread(_laid_out, stdin)
            stack.callback(os.close, given)
            fds = [self._open(it, stack) for it in (Word.STDOUT, Word.STDERR)]
            starting = asyncio.ensure_future(
                asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-S", "-c", _BOOT, CODE, json.dumps(wish)),
                    stdin=given,
                    stdout=fds[0],
                    stderr=fds[1],
                    pass_fds=passed,
                    start_new_session=True,
                    env={"LANG": "C.UTF-8", "PATH": PATH},
                )
            )
            try:
                self._process = await asyncio.shield(starting)
            except asyncio.CancelledError:
                self._process = await starting  # there is no ending what is not known
                raise

    async def ended(self) -> dict[str, Any]:
        """Wait for its end; the warden's report."""
        try:
            if self._process is not None:
                await self._process.wait()
        except BaseException:
            self.end()
            raise
        self.drain()
        report, self._report = self._report, -1
        text = await asyncio.to_thread(_told, report) if report >= 0 else b""
        self._close()
        return json.loads(text) if text else dict(BROKEN)

    def end(self) -> None:
        """Have the warden end it."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    async def settle(self) -> None:
        """End it, whatever the warden does."""
        self.end()
        process = self._process
        if process is not None and process.returncode is None:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        report, self._report = self._report, -1
        if report >= 0:
            os.close(report)
        self._close()

    # a session

    def begin_cell(self, cpu_s: float, most: int) -> None:
        """The next cell begins: so much may it use and write."""
        self.lost = 0
        for it in self._streams:
            it.left = most
        self._tell({"cpu_s": cpu_s})

    async def measured(self) -> dict[str, Any]:
        """What the cell has used; {} where the warden is gone."""
        if self._control is None:
            return {}
        self._tell({"tell": True})
        loop, text = asyncio.get_running_loop(), b""
        while not text.endswith(b"\n"):
            try:
                data = await loop.sock_recv(self._control, _REPORT_MOST)
            except OSError:
                return {}
            if not data:
                return {}
            text += data
        said: dict[str, Any] = json.loads(text)
        return said

    def _tell(self, said: object) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):  # it has ended: the report says why
                self._control.send(json.dumps(said).encode() + b"\n")

    # what it writes

    def drain(self) -> None:
        """Take what is there already."""
        for stream in list(self._streams):
            while stream in self._streams and stream.has_more():
                self._read(stream)

    def _open(self, word: Word, stack: contextlib.ExitStack) -> int:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        stack.callback(os.close, theirs)
        os.set_blocking(ours, False)
        stream = Stream(ours, word, self._most)
        self._streams.append(stream)
        asyncio.get_running_loop().add_reader(ours, self._read, stream)
        return theirs

    def _read(self, stream: Stream) -> None:
        kept, lost, is_end = stream.read()
        if kept:
            self.ears.wrote(stream.word, kept)
        self.lost += lost
        if is_end:
            self._close_stream(stream)
        if lost:
            self.ears.too_much()

    def _close_stream(self, stream: Stream) -> None:
        asyncio.get_running_loop().remove_reader(stream.fd)
        os.close(stream.fd)
        self._streams.remove(stream)

    def _close(self) -> None:
        for stream in list(self._streams):
            self._close_stream(stream)
        if self._control is not None:
            self._control.close()
            self._control = None


class Talk:
    """The supervisor's end of a session's line."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._line = sock, Line(sock)
        self._answer: asyncio.Future[object] | None = None
        asyncio.get_running_loop().add_reader(sock.fileno(), self._hear)

    async def ask(self, code: str) -> object:
        """Hand over the code of a cell; its answer, or None: the line is cut or misused."""
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        data = json.dumps({"code": code}).encode() + b"\n"
        with contextlib.suppress(OSError):
            await loop.sock_sendall(self._sock, data)
        return await self._answer

    def _hear(self) -> None:
        answer = self._line.hear()
        if answer is Line.NOTHING:
            return
        if not isinstance(answer, dict):
            asyncio.get_running_loop().remove_reader(self._sock.fileno())
            answer = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._sock.fileno())
        self._sock.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)


def _laid_out(data: bytes) -> int:
    """A descriptor that reads just that."""
    if not data:
        return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _told(report: int) -> bytes:
    with open(report, "rb") as told:
        return told.read(_REPORT_MOST)


def is_crowded(report: dict[str, Any], most: int) -> bool:
    """Whether a program had all the processes that it may have when it was ended.

    An ordinary user's are counted with what else that user runs, which comes and goes.
    """
    tasks: int = report["tasks"]
    return tasks >= most or (report["is_full"] and tasks * 2 >= most)
