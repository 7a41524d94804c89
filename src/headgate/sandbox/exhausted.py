"""Tells of a machine that has no more processes, threads, open files or memory to give.

Rule 1: it passes: whoever asked is told that the sandbox is busy, and what gives more room.
Rule 2: what is wrong for another reason is left as it is.
"""

from __future__ import annotations

import errno
import os

from headgate.sandbox.model import Refused, Unavailable

_FILES = "raise `ulimit -n` of Headgate"
_TASKS = "raise `ulimit -u` of Headgate's user, or the pids limit of its service or container"
_REMEDIES = {
    errno.EMFILE: _FILES,
    errno.ENFILE: "raise fs.file-max",
    errno.EAGAIN: _TASKS,
    errno.ENOMEM: "give the machine more memory",
}
_LESS = "; or let it hold less: sandbox.workers, sandbox.spares, sandbox.concurrent"
_NO_THREAD = "can't start new thread"


def refusal(error: BaseException) -> Refused | None:
    """What to tell instead of `error`; None: that is about something else."""
    number = _number(error)
    if number not in _REMEDIES:
        return None
    what = f"this machine has no room for another run: {os.strerror(number)}"
    return Refused(what, _REMEDIES[number] + _LESS, "busy")


def _number(error: BaseException) -> int:
    if isinstance(error, OSError):
        return error.errno or 0
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return errno.EAGAIN
    if isinstance(error, Unavailable):  # a worker has words only
        told = str(error)
        return next((it for it in _REMEDIES if os.strerror(it) in told), 0)
    return 0
