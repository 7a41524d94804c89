"""How sure one can be of a share that was counted.

Rule 1: Wilson's interval is for showing; Clopper and Pearson's is for promising: it never
claims more sureness than there is.
Rule 2: several answers to one question are one observation: intervals are taken over
questions, else they are far too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import NamedTuple

from headgate.stats.beta import beta_point, student_point


class Between(NamedTuple):
    """An interval."""

    low: float
    high: float


def z(sureness: float) -> float:
    """Below which a normal variable lies with that likelihood."""
    return NormalDist().inv_cdf(sureness)


def wilson(so: int, count: int, sureness: float = 0.95) -> Between:
    """Of a share: to be shown."""
    if not count:
        return Between(0.0, 1.0)
    share, extra = so / count, z((1 + sureness) / 2) ** 2 / count
    middle = share + extra / 2
    spread = sqrt(extra * (share * (1 - share) + extra / 4))
    return Between(
        max(0.0, (middle - spread) / (1 + extra)), min(1.0, (middle + spread) / (1 + extra))
    )


def exact(so: int, count: int, sureness: float = 0.95) -> Between:
    """Of a share: to be relied upon (Clopper and Pearson)."""
    tail = (1 - sureness) / 2
    return Between(
        beta_point(tail, so, count - so + 1) if so else 0.0,
        beta_point(1 - tail, so + 1, count - so) if so < count else 1.0,
    )


def by_question(answers: Sequence[Sequence[float]], sureness: float = 0.95) -> Between:
    """Of the mean over questions, each of which was answered some times."""
    means = [fmean(it) for it in answers if it]
    if len(means) < 2:
        return Between(0.0, 1.0)
    spread = student_point((1 + sureness) / 2, len(means) - 1) * sqrt(
        variance(means) / len(means)
    )
    middle = fmean(means)
    return Between(middle - spread, middle + spread)
