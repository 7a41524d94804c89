"""Which account a conversation was last at, and what of it that account's prompt cache holds.

Rule 1: a conversation is forgotten when its cache has likely expired: five minutes after its
last use, or as long as the longest-lived entry that was seen being written.
Rule 2: a bounded number is remembered; the one that was used the longest ago goes first.
Rule 3: what is remembered is a guess about the vendor's cache: it chooses, and refuses nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.wire.model import Usage

SHORT_S, HALF_HOUR_S, HOUR_S, LONG_S = 300.0, 1800.0, 3600.0, 43_200.0
KEPT = 20_000
STALE_AT_ONCE = 4
"""expired ones that are looked for at every note"""


class Warm(NamedTuple):
    """One conversation's last use."""

    account: str
    until: float
    ttl_s: float = SHORT_S
    tokens: int = 0
    """its whole prompt, as it was counted; 0: it was not counted yet"""
    cached: int = 0
    """what of it can be read from the cache next time"""
    size: int = 0
    """bytes of the request that held it"""


class Warmth:
    """Every conversation that is likely warm."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int = KEPT) -> None:
        self._kept: dict[bytes, Warm] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, name: bytes, now: float) -> Warm | None:
        """None: it is cold, or never was here."""
        warm = self._kept.get(name)
        return warm if warm is not None and now < warm.until else None

    def touch(self, name: bytes, account: str, now: float) -> None:
        """A call of it goes to the account: those that follow soon shall too."""
        warm = self.of(name, now)
        if warm is None or warm.account != account:
            warm = Warm(account, 0.0)
        self._put(name, warm._replace(until=now + warm.ttl_s), now)

    def learn(self, name: bytes, account: str, seen: Seen, now: float) -> None:
        """A reply told what was read from the cache and written to it.

        What is cached lives from the moment its request was sent.
        """
        before, usage = self.of(name, now), seen.usage
        ttl_s = _ttl_s(usage)
        if before is not None and before.account == account:
            ttl_s = max(ttl_s, before.ttl_s)
        elif before is not None and before.cached:
            return  # it has moved on meanwhile: a late answer takes nothing back
        cached = usage.input_total if seen.automatic else usage.input_total - usage.input_fresh
        until = (seen.sent_at or now) + ttl_s
        if before is not None and before.account == account:
            until = max(until, before.until)  # another call of it was sent meanwhile
        warm = Warm(account, until, ttl_s, usage.input_total, cached, seen.size)
        self._put(name, warm, now)

    def _put(self, name: bytes, warm: Warm, now: float) -> None:
        kept = self._kept
        kept.pop(name, None)
        for _ in range(STALE_AT_ONCE):
            first = next(iter(kept), None)
            if first is None or (len(kept) < self._most and kept[first].until > now):
                break
            del kept[first]
        kept[name] = warm


class Seen(NamedTuple):
    """What a finished call tells of its conversation."""

    usage: Usage
    size: int
    """bytes of its request"""
    automatic: bool
    """does the vendor cache whatever it reads, unasked"""
    sent_at: float = 0.0
    """when; 0: just now"""


def _ttl_s(usage: Usage) -> float:
    """How long what was written lives."""
    if usage.cache_write_12h:
        return LONG_S
    if usage.cache_write_1h:
        return HOUR_S
    return HALF_HOUR_S if usage.cache_write_30m else SHORT_S
