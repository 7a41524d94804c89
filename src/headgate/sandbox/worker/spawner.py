"""Starts the programs of cells, so that the process which keeps the cells never forks.

Rule 1: it does nothing else: its memory stays as it was, and a fork of it shares nearly all;
whoever forks pays anew, page by page, for everything it writes to afterwards.
Rule 2: what will be a program is confined before it knows which; until then it waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import socket
import time
from typing import NoReturn

from headgate.sandbox.worker import confine, first, frames, machine, nursery, syscalls

_OUT_OF_THE_WAY = 100
"""where no descriptor is that is still to be put in its place"""


def serve(program: bytes, code: machine.Code) -> None:
    """Fork what will be a program into each cell that the keeper names, until it is gone."""
    seal = confine.Seal(program, code, first.BOX)
    seal.row.write()
    gc.collect()
    gc.freeze()
    gc.disable()

    def become(cell: int, line: int) -> NoReturn:
        _wait_for_program(cell, line, seal)

    nursery.Nursery(socket.socket(fileno=nursery.TALK), code, become).serve()


def _wait_for_program(cell: int, line: int, seal: confine.Seal) -> NoReturn:
    """In a child: enter the cell, wait for the order, be the program."""
    what, talk = "the process of a program", socket.socket(fileno=line)
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        seal.close(cell, line)
        talk.detach()
        talk = socket.socket(fileno=confine.LINE)
        frames.tell(talk, {"word": "here", "cpu_ms": time.process_time() * 1000})
        said, fds = frames.hear(talk)
        if said is None:
            os._exit(0)  # the cell was not needed
        what = said["argv"][0]
        talk = _put_in_place(talk, fds)
        confine.limit(said["limits"])
        os.execvpe(what, said["argv"], first.ENV | said["env"])  # noqa: S606 - why we are here
    except OSError as error:
        with contextlib.suppress(OSError):
            told = f"{what}: {error.strerror or error}"
            frames.tell(talk, {"word": "failed", "what": told})
    finally:
        os._exit(127)


def _put_in_place(talk: socket.socket, fds: list[int]) -> socket.socket:
    """The program's descriptors from 0 on; then ours, until there is a program."""
    moved = [
        fcntl.fcntl(it, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for it in (talk.detach(), *fds)
    ]
    for target, fd in enumerate(moved[1:]):
        os.dup2(fd, target)
    last = len(fds)  # 3, or 4 of a session: it has a line to the keeper
    os.dup2(moved[0], last, inheritable=False)
    syscalls.close_beyond(last)
    return socket.socket(fileno=last)
