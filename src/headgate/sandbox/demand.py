"""How many places should stand ready: decides it from how often they are asked for.

Rule 1: enough that a run seldom finds none, given how long it takes to make one anew.
Rule 2: what nobody asked for lately stands ready for nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MEMORY_S = 10.0
"""what lies so far back counts for a third"""
DEVIATIONS = 2.33
"""of the number asked for while one is made: one run in a hundred finds none"""


@dataclass(slots=True)
class Demand:
    """How often one kind of place is asked for, and how long making one takes."""

    last_s: float = -math.inf
    rate: float = 0.0
    """each second, lately"""
    making_s: float = 0.02

    def asked(self, now: float) -> None:
        self.rate = self._faded(now) + 1 / MEMORY_S
        self.last_s = max(now, self.last_s)

    def made(self, took_s: float) -> None:
        self.making_s += (took_s - self.making_s) / 4

    def wanted(self, now: float, most: int, idle_s: float) -> int:
        """How many should stand ready now."""
        if now - self.last_s > idle_s or most < 1:
            return 0
        meanwhile = self._faded(now) * self.making_s
        needed = math.ceil(meanwhile + DEVIATIONS * math.sqrt(meanwhile))
        return min(most, max(1, needed))

    def _faded(self, now: float) -> float:
        since = now - self.last_s
        return self.rate * math.exp(-max(0.0, since) / MEMORY_S) if since < math.inf else 0.0
