"""What a workload would cost if one thing about it were different.

Rule 1: one thing at a time: the differences overlap, and are never added up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from headgate.money.forecast import Extra, Forecast, Line, forecast
from headgate.money.pattern import NONE, Caching, Pattern

OFTEN = Fraction(9, 10)
LESS = Fraction(3, 4)
HALF = Fraction(1, 2)


class Variation(NamedTuple):
    """One difference, and what the month would cost."""

    what: str
    forecast: Forecast

    def change_nusd(self, found: Forecast) -> int:
        """Below zero: it would be cheaper."""
        return self.forecast.monthly_nusd - found.monthly_nusd


def variations(found: Forecast) -> tuple[Variation, ...]:
    """What could be different, one thing at a time."""
    extras = tuple(_extra(line) for line in found.lines if line.kind == "extra")
    return tuple(
        Variation(what, forecast(pattern, found.offer, extras))
        for what, pattern in _patterns(found)
    )


def _patterns(found: Forecast) -> Iterator[tuple[str, Pattern]]:
    pattern = found.pattern
    if pattern.caching is not None and found.shares is not None:
        yield "nothing were cached", replace(pattern, caching=None)
        yield from _of_cache(pattern, pattern.caching, found)
    if pattern.batch < HALF:
        yield "half of it could wait for a batch", replace(pattern, batch=HALF)
    if pattern.output:
        yield "replies were a quarter shorter", replace(pattern, output=pattern.output * LESS)
    if pattern.caching is None:
        sizes = tuple(part._replace(value=part.value * LESS) for part in pattern.sizes)
        shorter = replace(pattern, input=pattern.input * LESS, sizes=sizes)
        yield "prompts were a quarter shorter", shorter
    yield "there were twice as many requests", replace(pattern, requests=pattern.requests * 2)


def _of_cache(
    pattern: Pattern, caching: Caching, found: Forecast
) -> Iterator[tuple[str, Pattern]]:
    reads = found.shares.reads if found.shares else NONE
    if reads < OFTEN:
        often = replace(caching, hit=OFTEN, measured=(), arrivals=())
        yield "90 % of requests read the prefix", replace(pattern, caching=often)
    if caching.hit is None:
        other = {"5m": "1h", "1h": "5m", "30m": "12h", "12h": "30m"}[found.ttl]
        yield (
            f"the prefix were kept for {other}",
            replace(pattern, caching=replace(caching, ttl=other)),
        )


def _extra(line: Line) -> Extra:
    return Extra(line.name, line.nusd, line.grows, line.note)
