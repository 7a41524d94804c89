"""What may be said of shares where each question was answered several times.

Rule 1: answers to one question are alike: what counts is how many independent answers they are
worth, which is between the number of questions and that of answers.
Rule 2: intervals of shares stay within 0 and 1 and hold near both ends, where most models are.
Rule 3: two models are compared question by question, and whether they differ is decided by
turning signs: exact, with nothing assumed of how answers are spread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, comb, lcm, log2, sqrt
from statistics import NormalDist, fmean, variance
from typing import NamedTuple

from headgate.stats.beta import student_point
from headgate.stats.share import Between, z

MOST_STEPS = 20_000_000
"""of an exact distribution; beyond, differences are taken to be normal"""


class Said(NamedTuple):
    """How one question was answered."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        return self.right / self.asked


def pass_at(said: Said, k: int) -> float:
    """How likely one of k answers is right, of which so many were seen: without bias."""
    right, asked = said
    if not 0 < k <= asked:
        raise ValueError(f"pass@{k} needs at least {k} answers to each question, not {asked}")
    if asked - right < k:
        return 1.0
    return 1.0 - comb(asked - right, k) / comb(asked, k)


def mean(answers: Sequence[Said]) -> float:
    """The share of right answers, every question counting the same."""
    return fmean(it.share for it in answers)


def clustered(answers: Sequence[Said], sureness: float = 0.95) -> Between:
    """The interval of the mean over questions like these: Wilson's, of as many independent
    answers as these are worth, by Student's point for as many questions."""
    given = sum(it.asked for it in answers)
    return over_questions([it.share for it in answers], given, sureness)


def over_questions(shares: Sequence[float], given: int = 0, sureness: float = 0.95) -> Between:
    """The same of one number from 0 to 1 for each question, such as its pass@k; `given`: how
    many answers they were made of."""
    if len(shares) < 2:
        return Between(0.0, 1.0)
    middle = fmean(shares)
    worth = independent(shares, given)
    point = student_point((1 + sureness) / 2, len(shares) - 1)
    extra = point**2 / worth
    spread = sqrt(extra * (middle * (1 - middle) + extra / 4))
    low = (middle + extra / 2 - spread) / (1 + extra)
    high = (middle + extra / 2 + spread) / (1 + extra)
    return Between(max(0.0, low), min(1.0, high))


def independent(shares: Sequence[float], given: int = 0) -> float:
    """How many independent answers these are worth."""
    between = variance(shares) / len(shares)
    if not between:
        return float(len(shares))
    middle = fmean(shares)
    return min(float(given or len(shares)), max(1.0, middle * (1 - middle) / between))


def difference(
    first: Sequence[Said], second: Sequence[Said], sureness: float = 0.95
) -> Between:
    """By how much the second is better at the same questions: from the intervals of both and
    from how alike their answers are."""
    if len(first) < 2:
        return Between(-1.0, 1.0)
    one, other = mean(first), mean(second)
    low_1, high_1 = clustered(first, sureness)
    low_2, high_2 = clustered(second, sureness)
    alike = _correlation([it.share for it in first], [it.share for it in second])
    apart = other - one
    down = _joined(other - low_2, high_1 - one, alike)
    up = _joined(high_2 - other, one - low_1, alike)
    return Between(max(-1.0, apart - down), min(1.0, apart + up))


def _joined(one: float, other: float, alike: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * alike * one * other + other**2))


def _correlation(first: Sequence[float], second: Sequence[float]) -> float:
    one, other = fmean(first), fmean(second)
    spread_1 = sum((it - one) ** 2 for it in first)
    spread_2 = sum((it - other) ** 2 for it in second)
    if not spread_1 or not spread_2:
        return 0.0
    both = sum((a - one) * (b - other) for a, b in zip(first, second, strict=True))
    return both / sqrt(spread_1 * spread_2)


class Flips(NamedTuple):
    """How likely chance alone makes as large a difference."""

    both: float
    """either way"""
    worse: float
    """that the second seems so much worse"""
    better: float


def sign_flips(first: Sequence[Said], second: Sequence[Said]) -> Flips:
    """Of the difference between two models at the same questions."""
    steps = [
        Fraction(b.right, b.asked) - Fraction(a.right, a.asked)
        for a, b in zip(first, second, strict=True)
    ]
    scale = lcm(*(it.denominator for it in steps)) if steps else 1
    sizes = [int(it * scale) for it in steps if it]
    total = sum(sizes)
    if sum(map(abs, sizes)) * len(sizes) > MOST_STEPS:
        return _normal(sizes)
    ways = _ways([abs(it) for it in sizes])
    count = 1 << len(sizes)
    return Flips(
        sum(n for at, n in ways.items() if abs(at) >= abs(total)) / count,
        sum(n for at, n in ways.items() if at <= total) / count,
        sum(n for at, n in ways.items() if at >= total) / count,
    )


def _normal(sizes: Sequence[int]) -> Flips:
    """Of very many questions: their sum is as good as normal."""
    spread = sqrt(sum(it * it for it in sizes))
    below = NormalDist().cdf(sum(sizes) / spread)
    return Flips(2 * min(below, 1 - below), below, 1 - below)


def _ways(sizes: Sequence[int]) -> Mapping[int, int]:
    """Of every sum that turned signs can make: in how many ways."""
    ways: dict[int, int] = {0: 1}
    for size in sizes:
        more: dict[int, int] = defaultdict(int)
        for at, count in ways.items():
            more[at + size] += count
            more[at - size] += count
        ways = more
    return ways


def questions_needed(
    first: Sequence[Said],
    second: Sequence[Said],
    least: float,
    power: float = 0.8,
    sureness: float = 0.95,
) -> int:
    """How many questions like these show a difference of that size, with that power, if each is
    answered as often as here."""
    apart = [b.share - a.share for a, b in zip(first, second, strict=True)]
    spread = variance(apart) if len(apart) > 1 else 0.25
    floor = 1 / (len(apart) + 2)  # that none differed so far shows little
    asked = min((it.asked for it in (*first, *second)), default=1)
    spread = max(spread, floor * least, least_spread(least, asked))
    return needed(spread, least, power, sureness, asked)


def least_spread(apart: float, asked: int) -> float:
    """The variance of questions' differences that have this mean in the smallest steps that so
    many answers can make: with less of it no difference of this size can be."""
    share = min(1.0, apart * asked)
    return share * (1 - share) / asked**2


def needed(
    spread: float, least: float, power: float = 0.8, sureness: float = 0.95, asked: int = 1
) -> int:
    """How many questions, each answered so often, show a difference of `least` by turned signs,
    where differences of single questions have that variance.

    Turned signs spread a sum by how far it is from nothing as well, and in steps of an answer.
    """
    by_chance = z((1 + sureness) / 2) * sqrt(spread + least**2)
    count = (by_chance + z(power) * sqrt(spread)) ** 2 / least**2
    return max(fewest((1 - sureness) / 2), ceil(count + 1 / (least * asked)))


def fewest(level: float) -> int:
    """How many questions show anything at all at a level to one side: with fewer even those
    that all turned out the same way may have done so by chance."""
    return ceil(-log2(level) - 1e-9)


def spread_of(
    share: float, samples: int, alike: float, both: float = 0.5, other: float | None = None
) -> float:
    """The variance of a question's difference, foreseen, between models that are right so often
    (`other`: the second, if it is not as often): `alike` is how much of the variance of answers
    lies between questions, `both` how much of that two models have in common."""
    other = share if other is None else other
    one, two = share * (1 - share), other * (1 - other)
    own = alike * (one + two - 2 * both * sqrt(one * two))
    return own + (one + two) * (1 - alike) / samples
