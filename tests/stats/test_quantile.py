"""Intervals of quantiles by ranks hold as often as they say, and know when they cannot."""

from __future__ import annotations

import random
from math import inf

from headgate.stats.quantile import by_ranks, quantile, values_needed


def test_a_quantile_lies_between_neighbours_by_their_weight() -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert quantile([7.0], 0.99) == 7.0


def test_the_interval_of_a_median_covers_it_as_often_as_it_says() -> None:
    dice = random.Random(7)  # noqa: S311  draws of a test
    hits = 0
    for _ in range(1_000):
        low, high = by_ranks([dice.random() for _ in range(40)], 0.5)
        hits += low <= 0.5 <= high
    assert 0.94 <= hits / 1_000 <= 0.99


def test_a_p99_of_few_values_has_no_upper_end() -> None:
    few = by_ranks([float(it) for it in range(200)], 0.99)
    assert few.high == inf
    assert few.low > 150
    enough = values_needed(0.99)
    assert by_ranks([float(it) for it in range(enough - 1)], 0.99).high == inf
    assert by_ranks([float(it) for it in range(enough)], 0.99).high < inf


def test_nothing_seen_bounds_nothing() -> None:
    assert by_ranks([], 0.5) == (-inf, inf)
