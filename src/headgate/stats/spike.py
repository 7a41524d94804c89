"""Decides which day stands out above the days before it.

Rule 1: usual is the median of all days before, where a day without anything counts as nothing.
Rule 2: a day stands out when there are enough days before it, and it is TIMES as much as usual
and as a day usually is on which there is anything: the end of a pause is no spike.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

BEFORE = 3
"""days that make a usual"""
TIMES = 2.5


class Spike(NamedTuple):
    """A day, by its number, and what was usual before it."""

    day: int
    usual: int
    stands_out: bool


def highest(spent: Mapping[int, int]) -> Spike | None:
    """The day furthest above what was usual before it, one that stands out before any other;
    None: no day was above."""
    first = min(spent, default=0)
    best: tuple[bool, int, Spike] | None = None
    for day, amount in sorted(spent.items()):
        before = [spent.get(each, 0) for each in range(first, day)]
        if not before:
            continue
        usual = int(median(before))
        at_work = median(those for each, those in spent.items() if each < day)
        rose = len(before) >= BEFORE and amount >= TIMES * max(usual, at_work)
        if amount > max(usual, at_work) and (best is None or (rose, amount - usual) > best[:2]):
            best = rose, amount - usual, Spike(day, usual, rose)
    return best[2] if best else None
