"""Is a process that was forked with its interpreter and imports loaded, and runs Python code.

Rule 1: it is confined before it knows what it will run; until then it waits in its cell.
Rule 2: what ended the code is left in the process's name, which is read from outside: a limit
that the code ran into is an exception here and nothing else elsewhere.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
import time
from typing import Any, NoReturn

from headgate.sandbox.worker import confine, first, frames, pages, rehearsal, runner, syscalls

MARK = "hg!"
"""before exit code and reason, in the name of a process that has nothing more to do"""
_TALK = 3
_INSIDE = syscalls.EVERY_NAMESPACE & ~syscalls.NEWPID


def wait_for_code(cell: int, sock: socket.socket, program: bytes, written: bytes) -> NoReturn:
    """In a child of the zygote: enter the cell (a pidfd of its first process), then run.

    `written` are the pages that a rehearsal writes to: a run will write to most of them too.
    """
    try:
        if not pages.copy(written):
            rehearsal.touch()
        said, fds = _settle(cell, sock, program)
        _enter(said, fds)
    except BaseException as error:  # noqa: BLE001 - nobody above us: it is told, then we end
        _tell_failed(sock, error)
        os._exit(1)
    me = os.getpid()
    if said.get("session"):
        runner.run_cells(socket.socket(fileno=_TALK))
    code, mark = runner.run_file(os.path.join(first.BOX, said["python"]))
    if os.getpid() == me:
        syscalls.name_process(f"{MARK}{code}:{mark}")
        os.closerange(0, 3)  # whoever reads need not wait until the kernel has freed us
    os._exit(code)


def last_words(name: str) -> tuple[int, str] | None:
    """The exit code and the reason in a process's name; None: it has not come to its end.

    It is the process's own word, and about itself: it can as well exit with that code.
    """
    code, found, mark = name.removeprefix(MARK).partition(":")
    if not name.startswith(MARK) or not found or not code.isdigit():
        return None
    return int(code) & 0xFF, mark


def _tell_failed(sock: socket.socket, error: BaseException) -> None:
    for talk in (sock.fileno(), _TALK):
        try:
            frames.tell(socket.socket(fileno=talk), {"word": "failed", "what": repr(error)})
        except OSError:
            continue
        return


def _settle(cell: int, sock: socket.socket, program: bytes) -> tuple[dict[str, Any], list[int]]:
    """All that can be done before there is an order: it costs the order nothing."""
    syscalls.setns(cell, _INSIDE)
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    _reseed()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True)  # output is heard as it is made
    sys.path.insert(0, first.BOX)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _hear(sock)  # the cell is laid out
    os.chdir(first.BOX)
    os.setsid()
    os.dup2(sock.fileno(), _TALK, inheritable=False)
    talk = sock if sock.fileno() == _TALK else socket.socket(fileno=_TALK)
    if talk is not sock:
        sock.detach()
    syscalls.prctl(syscalls.DUMPABLE, 1)
    confine.seal(program, _TALK)
    frames.tell(talk, {"word": "here", "cpu_ms": time.process_time() * 1000})
    said, fds = _hear(talk)
    talk.detach()
    return said, fds


def _hear(sock: socket.socket) -> tuple[dict[str, Any], list[int]]:
    said, fds = frames.hear(sock)
    if said is None:
        os._exit(0)  # the cell was not needed
    return said, fds


def _reseed() -> None:
    """`random` does it by itself; numpy does not."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()


def _enter(said: dict[str, Any], fds: list[int]) -> None:
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
    syscalls.close_beyond(len(fds) - 1)
    os.environ.update(said["env"])
    sys.argv[:] = [said["python"], *said["argv"]]
    with open("/proc/self/statm", "rb") as file:
        space = int(file.read().split()[0]) * 4096
    confine.limit(said["limits"], space)
