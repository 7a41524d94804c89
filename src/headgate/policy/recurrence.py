"""Remembers which prefixes of prompts came when, and whether those that were new came again.

Rule 1: a conversation is known by how it ended when it was last answered, so that every turn
of it is the same thing coming again.
Rule 2: what is new is judged by what became of other new prefixes of the same caller's. Each
counts when its time is over, whatever came of it: what comes again is known sooner than what
does not, and would count for too much until then.
Rule 3: what comes before the reply to an earlier call has begun can read nothing of what that
one writes: it proves nothing of an entry that lives no longer than until then.
Rule 4: a bounded number is remembered; what came the longest ago goes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from headgate.policy.arrivals import FIRSTS, Returns, Share
from headgate.policy.cacheprice import TTL_S, Ttl
from headgate.policy.stake import Stake

KEPT = 20_000
"""prefixes; of callers' families half as many"""
MARGIN_S = 1.0
"""an entry that dies so soon may be dead when the call arrives"""
SLOWEST_S = 120.0
"""a call that has no answer for so long writes nothing any more"""

Begun = Callable[[float], bool]
"""has the reply to a call begun by then"""


class Slot(NamedTuple):
    """A prefix of one prompt that might be marked."""

    name: str
    """tools, system or turns"""
    prefix: bytes
    """a keyed hash of everything up to its end, and of where it is cached"""
    tokens: int
    """all of them up to its end"""
    before: bytes = b""
    """the same of a conversation when it was last answered; empty: it begins"""
    before_tokens: int = 0
    hopeful: bool = True
    """does it look like one of many, so that a first write may be risked for it"""


class Life:
    """One entry in a vendor's cache, as it is believed to be."""

    __slots__ = ("begun", "ttl", "until", "written")

    def __init__(self) -> None:
        self.until = -inf
        self.ttl: Ttl = "5m"
        self.written = 0.0
        self.begun: Begun | None = None
        """has the reply of the call begun that writes it; None: it has"""

    def in_flight(self, now: float) -> bool:
        if self.begun is not None and (self.begun(now) or now - self.written > SLOWEST_S):
            self.begun = None
        return self.begun is not None

    def is_alive(self, now: float) -> bool:
        return now < self.until - MARGIN_S

    def write(self, ttl: Ttl, now: float, begun: Begun | None) -> None:
        self.ttl, self.written, self.until, self.begun = ttl, now, now + TTL_S[ttl], begun

    def read(self, now: float) -> None:
        self.until = max(self.until, now + TTL_S[self.ttl])

    def end(self) -> None:
        self.until, self.begun = -inf, None


class Prefix:
    """What is known of one prefix."""

    __slots__ = (
        "family",
        "first_gap",
        "flight",
        "is_proven",
        "last",
        "lives",
        "pause",
        "returns",
        "too_short",
        "writer",
    )

    def __init__(self, now: float, family: Family, before: Prefix | None) -> None:
        self.family = family
        """of those who brought it first"""
        self.returns: Returns = before.returns if before is not None else Returns()
        self.is_proven: bool = before is not None and before.is_proven
        self.first_gap = inf if before is None else 0.0
        """after how long it came again; infinite: it has not yet"""
        self.last = now
        self.flight: Begun | None = None
        """has the reply begun that others would have to wait for; None: it has"""
        self.pause = inf
        """after how long that call came"""
        self.writer: Family | None = None
        """of those who wrote it when it was new, while nobody knows yet whether in vain"""
        self.too_short = False
        """the vendor did not cache it"""
        self.lives = (Life(), Life())
        """its entry as it would be, and as it is"""

    @property
    def is_new(self) -> bool:
        return self.first_gap == inf

    def settle(self) -> None:
        """It is known whether it was written in vain."""
        if self.writer is not None:
            self.writer.unread -= 1
            self.writer = None

    def in_flight(self, now: float) -> bool:
        if self.flight is not None and (self.flight(now) or now - self.last > SLOWEST_S):
            self.flight = None
        return self.flight is not None


class Family:
    """What is known of the prefixes in one slot of one caller's calls."""

    __slots__ = ("born", "firsts", "is_marking", "kept", "returned", "stakes", "unread")

    def __init__(self) -> None:
        self.firsts = Returns(FIRSTS)
        """how soon those came again that were new"""
        self.born = 0
        self.returned: dict[Ttl, int] = {"5m": 0, "1h": 0}
        """how many were ever new, and how many of them came again so soon"""
        self.kept = Share(FIRSTS)
        """of the entries that should have been there, those that were"""
        self.stakes = (Stake(), Stake())
        """of what would be done, and of what is done"""
        self.unread = 0
        """how many wait"""
        self.is_marking = False

    def seen(self, ttl: Ttl) -> tuple[float, float]:
        """(how often what was new came again in time, of how many); until the first is
        judged, what may come yet counts as what will not."""
        share = self.firsts.within[ttl]
        if not share.count:
            return self.returned[ttl], self.born
        return share.so, share.count

    def came_again(self, gap_s: float) -> None:
        """What was new came for the second time."""
        for ttl in TTL_S:
            self.returned[ttl] += gap_s < TTL_S[ttl]

    @property
    def trust(self) -> float:
        """The share of entries that can be relied on; of what nobody has seen, all."""
        return (self.kept.so + 0.5) / (self.kept.count + 0.5)

    def wait(self, prefix: Prefix) -> None:
        """Something new was written."""
        if prefix.is_new and prefix.writer is None:
            prefix.writer = self
            self.unread += 1


class Recurrence:
    """Every prefix that came of late."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._prefixes: dict[bytes, Prefix] = {}
        self._families: dict[tuple[str, ...], Family] = {}
        self._lines: dict[Ttl, deque[tuple[float, Prefix]]] = {
            "5m": deque(),
            "1h": deque(),
        }

    def __len__(self) -> int:
        return len(self._prefixes)

    def of(self, prefix: bytes) -> Prefix | None:
        return self._prefixes.get(prefix)

    def note(
        self, who: tuple[str, ...], slot: Slot, now: float, begun: Begun | None = None
    ) -> tuple[Prefix, Family]:
        """A call with this prefix came."""
        self._judge(now)
        family = self._family((*who, slot.name))
        family.kept.fade()
        for stake in family.stakes:
            stake.calls += 1
        known = self._prefixes.pop(slot.prefix, None)
        before = known or self._prefixes.get(slot.before)
        if before is not None and before.in_flight(now):
            before.returns.beside(before.pause)
        elif before is not None:
            gap = max(now - before.last, 0.0)
            before.returns.add(gap)
            before.last = max(before.last, now)
            if gap >= TTL_S["5m"]:
                before.flight, before.pause = begun, gap
            if before.is_new:
                before.first_gap = gap
                before.family.came_again(gap)
                before.settle()
        if known is None:
            known = Prefix(now, family, before)
            known.flight = begun
            if before is None:
                family.born += 1
                for ttl, line in self._lines.items():
                    line.append((now + TTL_S[ttl], known))
        self._prefixes[slot.prefix] = known
        if len(self._prefixes) > self._most:
            del self._prefixes[next(iter(self._prefixes))]
        return known, family

    def _family(self, name: tuple[str, ...]) -> Family:
        family = self._families.pop(name, None) or Family()
        self._families[name] = family
        if len(self._families) > self._most // 2:
            del self._families[next(iter(self._families))]
        return family

    def _judge(self, now: float) -> None:
        """Take note of what was new: did it come again in time."""
        for ttl, line in self._lines.items():
            while line and (line[0][0] <= now or len(line) > self._most):
                _, prefix = line.popleft()
                prefix.family.firsts.within[ttl].add(prefix.first_gap < TTL_S[ttl])
                if prefix.first_gap >= TTL_S[ttl]:
                    prefix.settle()
