"""Reckons what wrong answers cost, and from which cost of one on the dearer model pays.

Rule 1: two models are compared at the same number of calls.
Rule 2: accuracies that were measured on few tasks differ by chance: what their intervals leave
open is said with the figure, never left out.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from headgate.stats.share import wilson

FINE = 10**6
"""shares that come from an interval are rounded to so many parts"""


class Measured(NamedTuple):
    """How often a model is right, of so many that were looked at; 0: it was entered."""

    right: Fraction
    tasks: int = 0


class Exchange(NamedTuple):
    """A dearer, more accurate model against a cheaper one."""

    cheaper: str
    dearer: str
    extra_nusd: int
    """what it costs more in a month"""
    fewer_wrong: Fraction
    """wrong answers it spares in that month"""
    pays_from_nusd: int
    """the cost of one wrong answer from which on it pays; 0: at any"""


def bounds(measured: Measured) -> tuple[Fraction, Fraction]:
    """Between which shares the true one lies, 95 times of 100."""
    right = round(measured.right * measured.tasks)
    low, high = wilson(right, measured.tasks)
    return Fraction(round(low * FINE), FINE), Fraction(round(high * FINE), FINE)


def wrong_nusd(accuracy: Fraction, calls: Fraction, each_nusd: int) -> int:
    """What the wrong answers of a month cost."""
    return round((1 - accuracy) * calls * each_nusd)


def exchanges(
    costs: dict[str, int], accuracies: dict[str, Fraction], calls: Fraction
) -> list[Exchange]:
    """The steps up that buy accuracy, from the cheapest model on, each dearer by the point than
    the one before; a model that no cost of a wrong answer makes the best is in none."""
    known = sorted(
        (costs[name], -accuracies[name], name) for name in costs if name in accuracies
    )
    kept: list[Exchange] = []
    front: list[tuple[int, Fraction, str]] = []
    for cost, against, name in known:
        step = (cost, -against, name)
        if front and step[1] <= front[-1][1]:
            continue
        while kept and _price(front[-2], step) <= _price(front[-2], front[-1]):
            kept.pop()
            front.pop()
        if front:
            kept.append(_exchange(front[-1], step, calls))
        front.append(step)
    return kept


def _price(low: tuple[int, Fraction, str], high: tuple[int, Fraction, str]) -> Fraction:
    """What a point of accuracy costs on the way from one to the other."""
    return (high[0] - low[0]) / (high[1] - low[1])


def _exchange(
    low: tuple[int, Fraction, str], high: tuple[int, Fraction, str], calls: Fraction
) -> Exchange:
    extra, fewer = high[0] - low[0], (high[1] - low[1]) * calls
    return Exchange(low[2], high[2], extra, fewer, math.ceil(extra / fewer) if fewer else 0)
