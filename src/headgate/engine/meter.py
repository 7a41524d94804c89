"""Counters of what passed, by provider and model: plain integers, read when somebody asks.

Rule 1: the hot path only adds; text is made when the page is scraped.
Rule 2: names come from callers, so their number and length are bounded: the rest is counted as
"other" of its provider. A name once kept stays: a counter that moved would seem to restart.
Rule 3: names that never answered, such as misspelt ones, take half the places at most.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Told = tuple[str, str, dict[str, Any]]
"""(provider, model, counters as plain data)"""

LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0, 600.0)
SERIES_KEPT = 40
"""pairs of provider and model; each takes up to 7 KB of the page, which is scraped for ever"""
UNPROVEN_KEPT = SERIES_KEPT // 2
LONGEST_BYTES = 64
"""of a model's name; the longest one in the price list has 56"""
OTHER = "other"


class Histogram:
    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_S) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(LATENCY_S, seconds)] += 1
        self.total += seconds

    def add(self, counts: Iterable[int], total: float) -> None:
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, counts, strict=True)]
        self.total += total


class Meter:
    """One provider and model."""

    __slots__ = (
        "cache_missed",
        "cache_missed_nusd",
        "cache_premium_nusd",
        "cache_saved_nusd",
        "calls",
        "canned",
        "cost_nusd",
        "fallbacks",
        "faults",
        "latency",
        "retries",
        "tokens",
        "ttft",
    )

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        """by ending"""
        self.faults: dict[str, int] = {}
        """of tries, by kind"""
        self.retries = 0
        """tries of the same target after the first"""
        self.fallbacks = 0
        """calls that came to this target because one before it failed"""
        self.canned = 0
        self.tokens: dict[str, int] = {}
        self.cost_nusd = 0
        self.cache_missed: dict[str, int] = {}
        """by cause"""
        self.cache_missed_nusd: dict[str, int] = {}
        self.cache_saved_nusd: dict[str, int] = {}
        """by where the answer, or the prompt, came from"""
        self.cache_premium_nusd = 0
        """what writes cost beyond the plain price"""
        self.latency = Histogram()
        self.ttft = Histogram()

    def tell(self) -> dict[str, Any]:
        """Every counter as plain data."""
        told = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, Histogram):
                value = (value.counts, value.total)
            told[name] = value
        return told

    def add(self, told: Mapping[str, Any]) -> None:
        """Count what another meter told as well."""
        for name, theirs in told.items():
            mine = getattr(self, name)
            if isinstance(mine, Histogram):
                mine.add(*theirs)
            elif isinstance(mine, dict):
                for label, count in theirs.items():
                    mine[label] = mine.get(label, 0) + count
            else:
                setattr(self, name, mine + theirs)


class Meters:
    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], Meter] = {}

    def of(self, provider: str, model: str, *, answered: bool = False) -> Meter:
        """The meter of a target; `answered`: it has just served a call."""
        meter = self._of.get((provider, model))
        if meter is None:
            kept = SERIES_KEPT if answered else UNPROVEN_KEPT
            if len(self._of) >= kept or len(model.encode("utf-8", "replace")) > LONGEST_BYTES:
                model = OTHER
            meter = self._of.setdefault((provider, model), Meter())
        return meter

    def __iter__(self) -> Iterator[tuple[str, str, Meter]]:
        for (provider, model), meter in list(self._of.items()):
            yield provider, model, meter

    def tell(self) -> list[Told]:
        """Everything as plain data."""
        return [(provider, model, meter.tell()) for provider, model, meter in self]

    def add(self, told: Iterable[Told]) -> None:
        """Count what others told as well: their names were bounded where they were counted."""
        for provider, model, counters in told:
            self._of.setdefault((provider, model), Meter()).add(counters)
