"""Holds an interpreter with its imports loaded and forks it into cells.

Rule 1: it runs no user code, holds no secret and has no thread.
Rule 2: an import that is missing is passed over: the code's own import tells of it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from headgate.sandbox.worker import child, first, frames, made, pages, rehearsal, syscalls

TALK = 3
"""the descriptor on which the keeper speaks"""
HUGE = 2 << 20
ENV = {f"{it}_NUM_THREADS": "1" for it in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "BLIS")} | {
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": os.path.join(first.ENV["TMPDIR"], "matplotlib"),
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""libraries start no thread while they are imported: a fork would lack it"""


def breed(imports: list[str], program: bytes) -> NoReturn:
    """Load, then fork a child into each cell that the keeper names, until it is gone."""
    syscalls.name_process("zygote")
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    talk = socket.socket(fileno=TALK)
    os.environ.update(ENV)
    missing = _load(imports)
    rehearsal.rehearse()
    made.adopt_pyplot()
    for name in [it for it in sys.modules if it.partition(".")[0] == "headgate"]:
        del sys.modules[name]  # the user's own import, if any, is of the real one
    gc.collect()
    gc.freeze()
    gc.disable()
    _use_huge_pages()
    written = pages.learn(rehearsal.touch)
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    frames.tell(talk, {"word": "loaded", "missing": missing})
    poll = select.poll()
    poll.register(talk, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == talk.fileno():
                _fork(talk, program, written)
            else:
                _reap(talk, wake)


def _use_huge_pages() -> None:
    """A fork shares a huge page by one entry and not by 512; a write copies 4 kB as ever."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        span, mode, _, _, inode, *name = line.split()
        if mode != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        low, high = (int(it, 16) for it in span.split("-"))
        low, high = -(-low // HUGE) * HUGE, high // HUGE * HUGE
        if low < high:
            with contextlib.suppress(OSError):  # before Linux 6.1: it stays as it is
                syscalls.collapse(low, high - low)


def _load(imports: list[str]) -> dict[str, str]:
    missing = {}
    for name in imports:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a package may fail in any way
            missing[name] = f"{type(error).__name__}: {error}"
    return missing


def _fork(talk: socket.socket, program: bytes, written: bytes) -> None:
    said, fds = frames.hear(talk)
    if said is None:
        os._exit(0)  # the keeper is gone
    cell, sock = fds
    try:
        syscalls.setns(cell, syscalls.NEWPID)
        pid = os.fork()
    except OSError as error:
        frames.tell(talk, {"word": "unborn", "cell": said["cell"], "what": str(error)})
        pid = -1
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        talk.close()
        gc.enable()
        child.wait_for_code(cell, socket.socket(fileno=sock), program, written)
    if pid > 0:
        frames.tell(talk, {"word": "born", "cell": said["cell"], "pid": pid})
    os.close(cell)
    os.close(sock)


def _reap(talk: socket.socket, wake: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        wake.recv(4096)
    while True:
        try:
            it = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if it is None:
                return
            name = name_of(it.si_pid)
            _, status, use = os.wait4(it.si_pid, 0)
        except ChildProcessError:
            return
        said: dict[str, Any] = {"word": "ended", "pid": it.si_pid, "status": status}
        said["cpu_ms"] = (use.ru_utime + use.ru_stime) * 1000
        said["peak_kb"] = use.ru_maxrss
        words = child.last_words(name)
        said["mark"] = words[1] if words is not None else ""
        frames.tell(talk, said)


def name_of(pid: int) -> str:
    """What a process calls itself."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return ""
