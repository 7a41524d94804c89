"""How fast this machine does work now, and whether an answer that ran out of time had its time.

Rule 1: limits are told in seconds of a machine that has time: where all work takes three times
as long, so may an answer.
Rule 2: what is measured are CPU's turns, in code that holds no lock of Python's: a program that
waits for anything else is not made slower by others.
Rule 3: an answer that used its time up in CPU seconds had it, whoever else was there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

Pace = Callable[[], float]
"""how many times as long as its own CPU time work takes here now; 1: nothing waits"""
KEEPS = 1.3
"""a machine that keeps pace is no slower than that"""
ROOM = 1.5
"""it can get slower while an answer is judged again"""
MOST = 8.0
"""times its limit is what an answer may take at most"""
USED = 0.5
"""of its limit in CPU seconds: more cannot be laid to others"""
BUSY = "this machine is too busy to tell"
"""how a timeout begins that says nothing of the answer"""
_SLICES, _PIECE = 4, bytes(8 << 20)


def measured() -> float:
    """The pace of this machine, by about 25 ms of work; not for an event loop."""
    cpu = wall = 0.0
    for _ in range(_SLICES):
        begun, used = time.monotonic(), time.thread_time()
        hashlib.sha256(_PIECE).digest()
        cpu += time.thread_time() - used
        wall += time.monotonic() - begun
    return max(1.0, wall / cpu) if cpu else 1.0


def allowed(pace: float) -> float:
    """How many times its limit an answer may take; 1: the machine keeps pace."""
    return min(MOST, pace * ROOM) if pace >= KEEPS else 1.0


def is_told(pace: float, times: float, used: float) -> bool:
    """Whether a timeout says anything of the answer: it was given so many `times` its limit at
    that pace, and `used` so much of the limit in CPU seconds."""
    return pace <= max(times, KEEPS) or used >= USED
