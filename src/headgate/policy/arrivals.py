"""What is learned of how soon prefixes of prompts come again.

Rule 1: old observations fade, so that what is learned follows what callers do now.
Rule 2: few observations prove nothing: a share is believed by the lower end of what it may be.
"""

from __future__ import annotations

from math import sqrt

from headgate.policy.cacheprice import TTL_S, Ttl

WINDOW = 150
"""the gaps of a prefix that count; older ones fade"""
FIRSTS = 64
"""the same for prefixes that were new"""
SLOW = 0.999
"""what is kept of an observation with every call that could not repeat it"""
SURENESS = 2.0
"""standard deviations between what was seen and what is believed"""


class Share:
    """How often something was so, of late."""

    __slots__ = ("count", "keep", "so")

    def __init__(self, window: int) -> None:
        self.count = 0.0
        self.so = 0.0
        self.keep = 1 - 1 / window

    def add(self, it: bool) -> None:
        self.count = self.count * self.keep + 1
        self.so = self.so * self.keep + it

    def fade(self) -> None:
        """Time went by in which nothing could be seen."""
        self.count *= SLOW
        self.so *= SLOW


class Returns:
    """Which share of prefixes came again within each lifetime of a cache's entries."""

    __slots__ = ("within",)

    def __init__(self, window: int = WINDOW) -> None:
        self.within: dict[Ttl, Share] = {"5m": Share(window), "1h": Share(window)}

    def add(self, gap_s: float) -> None:
        """A prefix came again after so long."""
        for ttl, share in self.within.items():
            share.add(gap_s < TTL_S[ttl])

    def beside(self, gap_s: float) -> None:
        """A prefix came beside a call that had come after so long, and has no reply yet: it
        reads what had lived until then, and neither reads nor writes anything else."""
        for ttl, share in self.within.items():
            if gap_s < TTL_S[ttl]:
                share.add(True)

    def never(self, ttl: Ttl) -> None:
        """A prefix did not come again within that time."""
        self.within[ttl].add(False)


def least(so: float, count: float) -> float:
    """The least share that what was seen makes believable (Wilson's lower bound)."""
    if count <= 0:
        return 0.0
    share, extra = so / count, SURENESS * SURENESS / count
    middle = share + extra / 2
    spread = SURENESS * sqrt(max(share * (1 - share), 0.0) / count + extra / (4 * count))
    return max((middle - spread) / (1 + extra), 0.0)


def hoped(so: float, count: float) -> float:
    """The share to be expected by one who knew nothing before."""
    return (so + 0.5) / (count + 1)
