"""Clones the first process of each cell, so that the process which keeps them never forks.

Rule 1: it does nothing else: its memory stays as it was, and a clone of it shares nearly all;
whoever forks pays anew, page by page, for everything it writes to afterwards.
Rule 2: what it clones is the keeper's child: the keeper hears of its end.
Rule 3: it knows nothing of any cell but the wish that it was told.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from typing import Any, NoReturn

from headgate.sandbox.worker import first, frames, syscalls

TALK = 3
"""the descriptor on which the keeper speaks"""


def start(program: bytes) -> socket.socket:
    """Fork it from the keeper; whom to ask from now on."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            os.dup2(theirs.detach(), TALK)
            syscalls.close_beyond(TALK)
            ours.detach()
            _spawn(socket.socket(fileno=TALK), program)
        finally:
            os._exit(1)
    theirs.close()
    return ours


def ask(spawner: socket.socket, wish: dict[str, Any], sock: int) -> int:
    """The id of a new first process, which speaks on `sock`."""
    frames.tell(spawner, wish, (sock,))
    said, _ = frames.hear(spawner)
    if said is None:
        raise OSError("the process that starts cells is gone")
    if "wrong" in said:
        raise OSError(said["wrong"])
    pid: int = said["pid"]
    return pid


def _spawn(talk: socket.socket, program: bytes) -> NoReturn:
    syscalls.name_process("spawner")
    syscalls.prctl(syscalls.PDEATHSIG, signal.SIGKILL)
    gc.collect()
    gc.freeze()
    gc.disable()
    while True:
        wish, fds = frames.hear(talk)
        if wish is None:
            os._exit(0)  # the keeper is gone
        (sock,) = fds
        try:
            pid = syscalls.clone(syscalls.EVERY_NAMESPACE | syscalls.AS_SIBLING)
        except OSError as error:
            frames.tell(talk, {"wrong": str(error)})
            pid = -1
        if pid == 0:
            first.live(socket.socket(fileno=sock), wish, program)
        if pid > 0:
            frames.tell(talk, {"pid": pid})
        os.close(sock)
