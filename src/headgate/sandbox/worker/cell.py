"""Is one cell as the keeper sees it: its processes, its order, what it has used and said.

Rule 1: whatever ends it, its processes are ended first, then what it left is collected.
Rule 2: the first reason that ended it is its status.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from headgate.sandbox.worker import collect, first, frames, syscalls
from headgate.sandbox.worker.frames import Word

CHUNK = 64 * 1024
GRACE = 0.005
_CELL_FILES = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Surroundings(NamedTuple):
    """What a cell needs of its keeper."""

    say: Callable[[bytes], None]
    watch: Callable[[int, Callable[[], None]], None]
    """call when a descriptor can be read"""
    unwatch: Callable[[int], None]
    fork: Callable[[int, int, int], None]
    """a child of the zygote into the cell: its number, its first process, a socket"""
    program: bytes
    forks: bool
    """there is a zygote"""


class Stream:
    """What arrives on stdout or stderr: passed on up to its limit, counted beyond."""

    def __init__(self, fd: int, word: Word, most: int) -> None:
        self.fd, self.word, self.left, self.lost = fd, word, most, 0


class Cell:
    """One cell."""

    def __init__(self, number: int, wish: dict[str, Any], around: Surroundings) -> None:
        self.number, self._around = number, around
        self._wish = wish
        self._first_fd = self._files = self._proc = -1
        self._child: socket.socket | None = None
        self._child_pid = 0
        self._is_ready = self._is_here = False
        self._order: dict[str, Any] = {}
        self._step = -1
        self._streams: list[Stream] = []
        self._stdin = -1
        self._file = -1
        self._reason = ""
        self._is_over = False
        self._lost = 0
        self._cpu_ms = self._peak_kb = 0.0
        self._begun = self._step_begun = self._deadline = 0.0
        self._result: dict[str, Any] | None = None

    # its processes

    def open(self) -> int:
        """Clone its first process; its id."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = syscalls.clone(syscalls.EVERY_NAMESPACE)
        if pid == 0:
            first.live(theirs, self._wish, self._around.program)
        theirs.close()
        self._talk = ours
        self.pid = pid
        self._first_fd = os.pidfd_open(pid)
        self._around.watch(ours.fileno(), self._hear_first)
        if self._around.forks:
            self._fork()
        return pid

    def _fork(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._around.fork(self.number, self._first_fd, theirs.fileno())
        theirs.close()
        self._child = ours
        self._is_here = False
        self._around.watch(ours.fileno(), self._hear_child)

    def _hear_first(self) -> None:
        said, fds = frames.hear(self._talk)
        if said is None:
            self._around.unwatch(self._talk.fileno())
        elif said["word"] == "ready":
            self._files, self._proc = fds
            self._is_ready = True
            self._tell_ready()
        elif said["word"] == "ended":
            self._end_step(said)
        elif said["word"] in ("unstarted", "failed"):
            self.fail(said["what"])

    def _hear_child(self) -> None:
        assert self._child is not None
        said, fds = frames.hear(self._child)
        for fd in fds:
            os.close(fd)
        if said is None:
            self._drop_child()
        elif said["word"] == "here":
            self._is_here = True
            self._tell_ready()
        elif said["word"] == "failed":
            self.fail(said["what"])

    def _drop_child(self) -> None:
        if self._child is not None:
            self._around.unwatch(self._child.fileno())
            self._child.close()
            self._child = None

    def _tell_ready(self) -> None:
        if not self._is_ready or (self._around.forks and not self._is_here):
            return
        if self._step < 0:
            self._say(Word.READY)
        else:
            self._begin_step()

    def born(self, pid: int) -> None:
        self._child_pid = pid

    # its order

    def lay_file(self, payload: bytes) -> None:
        head = frames.json.loads(payload)
        self._close("_file")
        try:
            self._file = self._create(head["path"], 0o755 if head["executable"] else 0o644)
        except OSError as error:
            self._reason = self._reason or "disk"
            self._say_what = str(error)

    def _create(self, path: str, mode: int) -> int:
        *folders, name = path.split("/")
        here = os.open("box", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._files)
        try:
            for folder in folders:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o755, dir_fd=here)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                inner = os.open(folder, flags, dir_fd=here)
                os.close(here)
                here = inner
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=here)
            return os.open(name, _CELL_FILES, mode, dir_fd=here)
        finally:
            os.close(here)

    def add_data(self, payload: bytes) -> None:
        if self._file >= 0:
            os.write(self._file, payload)

    def add_stdin(self, payload: bytes) -> None:
        if self._stdin < 0:
            self._stdin = os.memfd_create("stdin")
        os.write(self._stdin, payload)

    def go(self, order: dict[str, Any]) -> None:
        self._close("_file")
        self._order = order
        self._begun = time.monotonic()
        self._deadline = self._begun + order["limits"]["wall_s"]
        self._step = 0
        self._begin_step()

    def _begin_step(self) -> None:
        step = self._order["steps"][self._step]
        if step["python"] and self._child is None:
            self._fork()
            return  # it says when it is here
        if not step["python"] and self._child_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child_pid, signal.SIGKILL)  # another program may touch it
            self._child_pid = 0
            self._drop_child()
        out, out_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        err, err_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for fd in (out_end, err_end):
            os.set_blocking(fd, True)
        stdin = self._stdin if self._stdin >= 0 else os.open("/dev/null", os.O_RDONLY)
        if self._stdin >= 0:
            os.lseek(stdin, 0, os.SEEK_SET)
        said = {**step, "limits": self._order["limits"]}
        fds = (stdin, out_end, err_end)
        self._step_begun = time.monotonic()
        try:
            frames.tell(
                self._child if step["python"] and self._child else self._talk, said, fds
            )
        except OSError as error:
            self.fail(f"the cell is gone: {error}")
        for fd in fds:
            os.close(fd)
        self._stdin = -1
        most = self._order["limits"]["output_bytes"]
        for fd, word in ((out, Word.STDOUT), (err, Word.STDERR)):
            stream = Stream(fd, word, most)
            self._streams.append(stream)
            self._around.watch(fd, lambda stream=stream: self._read(stream))  # type: ignore[misc]

    def _read(self, stream: Stream) -> None:
        try:
            data = os.read(stream.fd, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._around.unwatch(stream.fd)
            os.close(stream.fd)
            self._streams.remove(stream)
            return
        kept = data[: stream.left]
        stream.left -= len(kept)
        self._lost += len(data) - len(kept)
        if kept:
            self._around.say(frames.pack(self.number, stream.word, kept))
        if len(kept) < len(data):
            self.stop("output")

    # its end

    def child_ended(self, said: dict[str, Any]) -> None:
        """The zygote has reaped the child of the cell."""
        if said["pid"] != self._child_pid:
            return  # one that was not needed
        self._child_pid = 0
        self._drop_child()
        self._end_step(said)

    def _end_step(self, said: dict[str, Any]) -> None:
        if self._step < 0 or self._is_over:
            return
        self._drain()
        self._cpu_ms += said["cpu_ms"]
        self._peak_kb = max(self._peak_kb, said["peak_kb"])
        step = self._order["steps"][self._step]
        code = os.waitstatus_to_exitcode(said["status"])
        ended = {
            "name": step["name"],
            "exit_code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "ms": (time.monotonic() - self._step_begun) * 1000,
            "mark": said.get("mark", ""),
        }
        self._say(Word.ENDED, ended)
        if self._reason or (code and not step["goes_on"]):
            self.stop(self._reason)
        elif self._step + 1 < len(self._order["steps"]):
            self._step += 1
            self._begin_step()
        else:
            self.stop("")

    def _drain(self) -> None:
        """What was written before the end has arrived: nothing more is waited for."""
        for stream in list(self._streams):
            while stream in self._streams:
                before = stream.left + self._lost
                self._read(stream)
                if stream in self._streams and stream.left + self._lost == before:
                    self._around.unwatch(stream.fd)
                    os.close(stream.fd)
                    self._streams.remove(stream)

    def tick(self, now: float) -> None:
        if self._step >= 0 and not self._is_over and now >= self._deadline:
            self.stop("wall")

    @property
    def deadline(self) -> float:
        return self._deadline if self._step >= 0 and not self._is_over else 0.0

    def stop(self, reason: str) -> None:
        """End every process of the cell; its end is told once they are gone."""
        self._reason = self._reason or reason
        if self._is_over:
            return
        self._is_over = True
        self._ms = (time.monotonic() - self._begun) * 1000 if self._begun else 0.0
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first_fd, signal.SIGKILL)

    def fail(self, what: str) -> None:
        self._say(Word.FAILED, {"what": what})
        self.stop("broken")

    def first_ended(self) -> None:
        """No process of the cell is left: collect, tell, forget."""
        self._drain()
        if not self._is_over:
            self._say(Word.FAILED, {"what": "the first process of the cell is gone"})
            self._reason = self._reason or "broken"
        if self._step >= 0:
            self._collect()
            done = {
                "reason": self._reason,
                "lost": self._lost,
                "ms": getattr(self, "_ms", 0.0),
                "cpu_ms": self._cpu_ms,
                "peak_kb": self._peak_kb,
            }
            self._say(Word.DONE, done)
        self.close()
        self._say(Word.GONE)

    def _collect(self) -> None:
        try:
            folder = os.open(
                "box/output", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._files
            )
        except OSError:
            return
        try:
            for left in collect.files_left(folder, 1000):
                self._say(Word.FOUND, {"path": left.path, "size": left.size})
                with os.fdopen(left.fd, "rb") as file:
                    while data := file.read(frames.PIECE):
                        self._around.say(frames.pack(self.number, Word.PIECE, data))
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of every descriptor."""
        self._drop_child()
        self._around.unwatch(self._talk.fileno())
        self._talk.close()
        for name in ("_first_fd", "_files", "_proc", "_stdin", "_file"):
            self._close(name)

    def _close(self, name: str) -> None:
        fd = getattr(self, name)
        if fd >= 0:
            os.close(fd)
            setattr(self, name, -1)

    def _say(self, word: Word, said: object = None) -> None:
        payload = frames.pack(self.number, word) if said is None else None
        self._around.say(payload or frames.pack_said(self.number, word, said))
