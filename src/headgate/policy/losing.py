"""Decides when a key's writes to a vendor's prompt cache lose money.

Rule 1: a write costs a premium over plain input, a read saves most of it: what counts is the
balance of both at the model's own prices, over the last hours.
Rule 2: small sums and small shares are no alarm: a cache that was just written has been read by
nobody yet.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from headgate.money.pricing import Cost, Rates
from headgate.policy.cacheprice import share_needed
from headgate.wire.model import Terms, Usage

WINDOW_S, STEP_S = 6 * 3600.0, 1800.0
LEAST_NUSD = 1_000_000_000
"""a dollar in a window"""
LEAST_SHARE = 0.05
"""of what the same prompts would have cost without a cache"""
KEPT = 2_000


class Balance(NamedTuple):
    """What a cache cost and saved."""

    premium_nusd: int = 0
    """paid for writes beyond the plain price"""
    saved_nusd: int = 0
    """by reads"""
    plain_nusd: int = 0
    """what all of the input would have cost without a cache"""
    written: int = 0
    read: int = 0

    def plus(self, other: Balance) -> Balance:
        return Balance(
            self.premium_nusd + other.premium_nusd,
            self.saved_nusd + other.saved_nusd,
            self.plain_nusd + other.plain_nusd,
            self.written + other.written,
            self.read + other.read,
        )

    @property
    def lost_nusd(self) -> int:
        return self.premium_nusd - self.saved_nusd

    @property
    def is_losing(self) -> bool:
        lost = self.lost_nusd
        return lost >= LEAST_NUSD and lost >= LEAST_SHARE * self.plain_nusd

    @property
    def read_share(self) -> float:
        """Of the tokens that were written or read."""
        return self.read / max(self.read + self.written, 1)


def balance(usage: Usage, cost: Cost, uncached_nusd: int) -> Balance | None:
    """Of one call; None: no cache was written or read."""
    total, read = usage.input_total, usage.cache_read
    written = total - usage.input_fresh - read
    if not (written or read) or not total:
        return None
    plain_written = uncached_nusd * written // total
    plain_read = uncached_nusd * read // total
    return Balance(
        max(0, cost.cache_write_nusd - plain_written),
        max(0, plain_read - cost.cache_read_nusd),
        uncached_nusd,
        written,
        read,
    )


def needed(usage: Usage, cost: Cost, rates: Rates, terms: Terms) -> float:
    """The share of reads among reads and writes from which on writing as this call did pays."""
    total = usage.input_total
    written = total - usage.input_fresh - usage.cache_read
    plain = rates.cost(Usage(total), terms).input_nusd
    if not plain or not written:
        return 0.0
    read = rates.cost(Usage(cache_read=total), terms).cache_read_nusd
    return share_needed(cost.cache_write_nusd * total / (plain * written), read / plain)


class Windows:
    """The last hours of every key and model."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._of: dict[tuple[str, str], deque[tuple[float, Balance]]] = {}

    def add(self, key: str, model: str, more: Balance, now: float) -> Balance | None:
        """Note a call; the balance of the last hours where it is a loss."""
        name = (key, model)
        steps = self._of.pop(name, None)
        if steps is None:
            steps = deque()
            if len(self._of) >= self._most:
                del self._of[next(iter(self._of))]
        self._of[name] = steps
        if steps and now - steps[-1][0] < STEP_S:
            steps[-1] = (steps[-1][0], steps[-1][1].plus(more))
        else:
            steps.append((now, more))
        while now - steps[0][0] > WINDOW_S:
            steps.popleft()
        if more.saved_nusd >= more.premium_nusd:
            return None  # most calls: an alarm is raised by one that loses
        total = Balance()
        for _, step in steps:
            total = total.plus(step)
        return total if total.is_losing else None
