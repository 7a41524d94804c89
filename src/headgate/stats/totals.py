"""What totals show where only totals are known, such as 391 of 500 on 100 questions.

Rule 1: how alike answers to one question are is not in a total: it is assumed, and said.
Rule 2: that two models answered the same questions cannot be used either: they are taken to be
independent, which makes a difference look less sure than it was.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from headgate.stats.beta import student_point, student_tails
from headgate.stats.share import Between, z


class Total(NamedTuple):
    """So many right of so many, to so many questions."""

    right: int
    asked: int
    questions: int

    @property
    def share(self) -> float:
        return self.right / self.asked


def worth(it: Total, alike: float) -> float:
    """How many independent answers they are worth; `alike`: how much of the variance lies
    between questions. 0: answers to one question differ like any others; 1: never."""
    return it.asked / (1 + (it.asked / it.questions - 1) * alike)


def interval(it: Total, alike: float, sureness: float = 0.95) -> Between:
    """Wilson's, of what they are worth; by Student's point for so many questions, unless no
    two answers are alike."""
    tail = (1 + sureness) / 2
    point = student_point(tail, it.questions - 1) if alike and it.questions > 1 else z(tail)
    extra = point**2 / worth(it, alike)
    spread = sqrt(extra * (it.share * (1 - it.share) + extra / 4))
    low, high = (
        (it.share + extra / 2 - spread) / (1 + extra),
        (it.share + extra / 2 + spread) / (1 + extra),
    )
    return Between(max(0.0, low), min(1.0, high))


def difference(first: Total, second: Total, alike: float, sureness: float = 0.95) -> Between:
    """By how much the second's share is higher: Newcombe's, from the intervals of both."""
    low_1, high_1 = interval(first, alike, sureness)
    low_2, high_2 = interval(second, alike, sureness)
    apart = second.share - first.share
    down = sqrt((second.share - low_2) ** 2 + (high_1 - first.share) ** 2)
    up = sqrt((high_2 - second.share) ** 2 + (first.share - low_1) ** 2)
    return Between(max(-1.0, apart - down), min(1.0, apart + up))


def likelihood(first: Total, second: Total, alike: float) -> float:
    """How likely chance alone makes as large a difference, either way: by Student's tails for
    so many questions, unless no two answers are alike."""
    one, two = worth(first, alike), worth(second, alike)
    middle = (first.share * one + second.share * two) / (one + two)
    error = sqrt(middle * (1 - middle) * (1 / one + 1 / two))
    if not error:
        return 1.0
    far = abs(second.share - first.share) / error
    if not alike:
        return 2 * NormalDist().cdf(-far)
    return student_tails(far, max(1, first.questions + second.questions - 2))
