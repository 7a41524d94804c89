"""Decides from what was measured whether answers to nearly the same question may be given.

Rule 1: without a report nothing is given: somebody has looked at the figures.
Rule 2: what is trusted is not the share that was seen, but the least that it may truly be: the
lower end of Wilson's interval, at 95 %.
Rule 3: a report speaks for the model and the likeness it was measured with, for thirty days.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LEAST_PAIRS = 50
"""pairs that were taken for the same and compared"""
LEAST_PRECISION = 0.95
"""which the lower end of the interval must reach"""
FRESH_DAYS = 30
Z = 1.959963984540054
"""of the normal distribution, for 95 %"""
PER_MILLE = 1_000
DAY_US = 86_400_000_000


class Report(NamedTuple):
    """What was measured, as it is kept."""

    at_us: int
    since_us: int
    calls: int
    """looked at"""
    candidates: int
    """for which a question near enough was found"""
    verified: int
    """which was taken for the same"""
    agreed: int
    """and whose answer was the same as the one that was got"""
    precision: int
    """agreed of verified, in thousandths"""
    low: int
    """what it truly is at least, in thousandths"""
    likeness: int
    """from which on questions were near, in thousandths"""
    model: str
    """that turned questions into numbers"""


def wilson(good: int, of: int) -> tuple[float, float]:
    """Between which two shares the true one lies, 95 times of 100."""
    if not of:
        return 0.0, 1.0
    share, square = good / of, Z * Z / of
    middle = share + square / 2
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (low if good else 0.0), (high if good < of else 1.0)


def pairs_needed() -> int:
    """How many pairs it takes where every single one agrees."""
    count = LEAST_PAIRS
    while wilson(count, count)[0] < LEAST_PRECISION:
        count += 1
    return count


def thousandths(share: float) -> int:
    """Rounded down: a share is never shown larger than it is."""
    return math.floor(share * PER_MILLE + 1e-9)


def objection(report: Report | None, now_us: int, *, model: str, likeness: float) -> str:
    """Why near answers may not be given; empty: they may."""
    if report is None:
        return "there is no report yet: run `headgate cache near report`"
    return _outdated(report, now_us, model, likeness) or _too_little(report)


def _outdated(report: Report, now_us: int, model: str, likeness: float) -> str:
    if now_us - report.at_us > FRESH_DAYS * DAY_US:
        return f"the last report is older than {FRESH_DAYS} days: run it again"
    if report.model != model:
        return f"the last report speaks for {report.model or 'no model'}, not for {model}"
    if report.likeness > round(likeness * PER_MILLE):
        least = report.likeness / PER_MILLE
        return f"the last report speaks for a near_likeness of {least:g} and above"
    return ""


def _too_little(report: Report) -> str:
    if report.verified < LEAST_PAIRS:
        return f"only {report.verified} pairs were compared; {LEAST_PAIRS} are needed"
    if report.low < LEAST_PRECISION * PER_MILLE:
        return (
            f"the precision may be as low as {report.low / PER_MILLE:.1%};"
            f" {LEAST_PRECISION:.0%} are needed ({pairs_needed()} pairs when all agree)"
        )
    return ""
