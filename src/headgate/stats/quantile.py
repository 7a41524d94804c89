"""Where a quantile lies, of which a sample was seen: by ranks, with nothing assumed.

Rule 1: an end that so few values cannot bound is infinite, and said to be so.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, inf, lgamma, log

from headgate.stats.share import Between


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies, between neighbours by their weight."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def by_ranks(values: Sequence[float], share: float, sureness: float = 0.95) -> Between:
    """The interval of the quantile: two of the values, or an end that none of them is."""
    ordered, count = sorted(values), len(values)
    tail = (1 - sureness) / 2
    low, high = -inf, inf
    below = 0.0
    for rank, value in enumerate(ordered):
        below += _exactly(rank, count, share)
        if below <= tail:
            low = value
        if below >= 1 - tail:
            high = value
            break
    return Between(low, high)


def _exactly(so: int, count: int, share: float) -> float:
    """How likely just so many of them lie below."""
    ways = lgamma(count + 1) - lgamma(so + 1) - lgamma(count - so + 1)
    return exp(ways + so * log(share) + (count - so) * log(1 - share))


def values_needed(share: float, sureness: float = 0.95) -> int:
    """How many values bound the quantile from above: with fewer their largest may be less."""
    return ceil(log((1 - sureness) / 2) / log(share))
