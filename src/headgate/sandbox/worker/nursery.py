"""Forks children into cells when the keeper asks, and tells it of their births and their ends.

Rule 1: it knows nothing of any cell but what it was told, and keeps nothing of it.
Rule 2: a child is of the cell from its first moment; its parent is not in it: what is in the
cell can neither see nor end who reaps.
Rule 3: every page that it writes to between two forks is copied anew for each: it does little.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from headgate.sandbox.worker import frames, machine, syscalls
from headgate.sandbox.worker.calls import Row
from headgate.sandbox.worker.inbox import Inbox

TALK = 3
"""the descriptor on which the keeper speaks"""
PATIENCE_S = 5.0
"""until what is ended must be gone"""
ASKED = struct.Struct("=I")
"""for which cell; descriptors: its first process, and the child's line or nothing"""
_NOTE = struct.Struct("=cIiidQ16s")
_BORN, _CLEARED, _ENDED = b"b", b"c", b"e"


class Note(NamedTuple):
    """What is told of a child."""

    word: bytes
    cell: int
    pid: int
    status: int = 0
    cpu_ms: float = 0.0
    peak_kb: int = 0
    name: bytes = b""


def read(data: bytes) -> dict[str, Any]:
    """A note, as the keeper takes it."""
    if data[:1] == b"{":
        said: dict[str, Any] = frames.read(data)
        return said
    note = Note(*_NOTE.unpack(data))
    words = {_BORN: "born", _CLEARED: "cleared", _ENDED: "ended"}
    name = note.name.rstrip(b"\0").decode("utf-8", "replace")
    return {**note._asdict(), "word": words[note.word], "name": name}


class Nursery:
    """The loop of a process that forks; `become` is what its children do, and never returns."""

    def __init__(
        self,
        talk: socket.socket,
        code: machine.Code,
        become: Callable[[int, int], NoReturn],
    ) -> None:
        self._talk, self._code, self._become = talk, code, become
        self._clearing: dict[int, int] = {}
        """which cell a child of ours clears"""
        self._asked, self._enter = Row(), Row()
        self._inbox = Inbox(self._asked, talk.fileno(), ASKED.size)
        self._asked.write()
        self._into = self._enter.call("setns", 0, syscalls.NEWPID, what="into the cell")
        self._enter.write()
        self._ends = syscalls.signals({signal.SIGCHLD})

    def serve(self) -> NoReturn:
        """Until the keeper is gone."""
        talk = self._talk.fileno()
        poll = select.poll()
        poll.register(talk, select.POLLIN)
        poll.register(self._ends, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == talk:
                    self._hear()
                else:
                    self._reap()

    def _hear(self) -> None:
        self._asked.make(self._code)
        data, fds = self._inbox.taken()
        if not data:
            os._exit(0)  # the keeper is gone
        (number,) = ASKED.unpack(data)
        try:
            self._enter.set(self._into, 0, fds[0])
            self._enter.make(self._code)
            pid = syscalls.fork()
        except OSError as error:
            note = {"word": "unborn", "cell": number, "what": str(error)}
            frames.tell(self._talk, note)
            pid = -1
        if pid == 0:
            gc.enable()
            if len(fds) == 1:
                _clear()
            self._become(fds[0], fds[1])
        if pid > 0 and len(fds) == 2:
            self._tell(Note(_BORN, number, pid))
        elif pid > 0:
            self._clearing[pid] = number
        for fd in fds:
            os.close(fd)

    def _tell(self, note: Note) -> None:
        self._talk.send(_NOTE.pack(*note))

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._ends, 4096)
        while True:
            try:
                it = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if it is None:
                    return
                name = name_of(it.si_pid)
                pid, status, use = os.wait4(it.si_pid, 0)
            except ChildProcessError:
                return
            if pid in self._clearing:
                self._tell(Note(_CLEARED, self._clearing.pop(pid), pid, status))
                continue
            cpu_ms = (use.ru_utime + use.ru_stime) * 1000
            self._tell(Note(_ENDED, 0, pid, status, cpu_ms, use.ru_maxrss, name))


def _clear() -> NoReturn:
    """In a cell: end every process of it but this and the first, and see them gone."""
    code = 1
    with contextlib.suppress(BaseException):
        until = time.monotonic() + PATIENCE_S
        try:
            while time.monotonic() < until:
                os.kill(-1, signal.SIGKILL)
                time.sleep(0.0005)
        except ProcessLookupError:
            code = 0  # nobody is left
    os._exit(code)


def name_of(pid: int) -> bytes:
    """What a process calls itself."""
    try:
        fd = os.open(f"/proc/{pid}/comm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 64).rstrip(b"\n")[:15]
    except OSError:
        return b""
    finally:
        os.close(fd)


def begin(
    name: str, others: tuple[socket.socket, ...], work: Callable[[], None]
) -> socket.socket:
    """Fork a process that does `work`, with the keeper on TALK; whom to ask from now on."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            os.dup2(theirs.detach(), TALK)
            syscalls.close_beyond(TALK)
            for it in (ours, *others):
                it.detach()
            syscalls.name_process(name)
            syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
            work()
        finally:
            os._exit(1)
    theirs.close()
    return ours
