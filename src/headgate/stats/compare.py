"""Whether one model is as good as another, or worse, by how often each was right.

Rule 1: pairs, the same question to both, tell most: only those count that one of them got
right and the other did not.
Rule 2: not shown to be worse is not shown to be as good: that needs a bound within a margin
that was named before.
"""

from __future__ import annotations

from math import ceil, comb, sqrt
from typing import NamedTuple

from headgate.stats.share import Between, exact, z

MARGIN = 0.01
"""how much worse still counts as good: one in a hundred"""
DISCORDANCE = 0.02
"""which share of pairs is expected to differ where nothing is known"""
SURENESS, POWER = 0.95, 0.80
FEW = 10
"""pairs that differ, below which they are not taken to be normal"""


class Pairs(NamedTuple):
    """The same questions, asked of both."""

    asked: int
    lost: int
    """only the first was right"""
    won: int
    """only the second was"""

    @property
    def difference(self) -> float:
        """The second's share of right answers less the first's."""
        return (self.won - self.lost) / self.asked


class Rates(NamedTuple):
    """Different questions, or the same ones of which only the sums are known."""

    first: float
    second: float
    asked: int

    @property
    def difference(self) -> float:
        return self.second - self.first


def mcnemar(one: int, other: int) -> float:
    """How likely pairs that differ are so one-sided by chance: exact, for both sides."""
    count = one + other
    if not count:
        return 1.0
    tail = sum(comb(count, n) for n in range(min(one, other) + 1))
    return min(1.0, tail / (1 << (count - 1)))


def difference(seen: Pairs | Rates, sureness: float = SURENESS) -> Between:
    """By how much the second is better: below nothing, it is worse."""
    spread = z((1 + sureness) / 2) * _error(seen)
    return Between(seen.difference - spread, seen.difference + spread)


def least_difference(seen: Pairs | Rates, sureness: float = SURENESS) -> float:
    """By how much the second is better at least: a bound to one side. Of few pairs that differ
    it is the exact one of those lost, and those won count for nothing."""
    if isinstance(seen, Pairs) and seen.lost + seen.won < FEW:
        return -exact(seen.lost, seen.asked, 2 * sureness - 1).high
    return seen.difference - z(sureness) * _error(seen)


def is_as_good(seen: Pairs | Rates, margin: float = MARGIN, sureness: float = SURENESS) -> bool:
    """Is it shown that the second is not worse by more than the margin?"""
    return least_difference(seen, sureness) >= -margin


def pairs_needed(
    margin: float = MARGIN,
    discordance: float = DISCORDANCE,
    power: float = POWER,
    sureness: float = SURENESS,
) -> int:
    """How many pairs show, with that power, that an equal one is as good."""
    return ceil((z(sureness) + z(power)) ** 2 * discordance / margin**2)


def _error(seen: Pairs | Rates) -> float:
    """The standard error of the difference."""
    count = seen.asked
    if isinstance(seen, Pairs):
        return sqrt((seen.lost + seen.won) / count - seen.difference**2) / sqrt(count)
    return sqrt((seen.first * (1 - seen.first) + seen.second * (1 - seen.second)) / count)
