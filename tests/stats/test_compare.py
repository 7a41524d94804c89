"""Comparisons of two models come out as published, and need as many pairs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.stats.compare import (
    Pairs,
    Rates,
    difference,
    is_as_good,
    least_difference,
    mcnemar,
    pairs_needed,
)
from tests.stats.test_beta import scipy_stats


def test_pairs_that_differ_nine_to_twenty_four_are_no_chance() -> None:
    assert mcnemar(9, 24) == pytest.approx(0.0135, abs=5e-5)
    assert mcnemar(24, 9) == mcnemar(9, 24)
    assert mcnemar(0, 0) == 1


def test_one_percent_needs_1237_pairs() -> None:
    """A margin of one point, 2 % of pairs that differ, 80 % power."""
    assert pairs_needed() == 1_237


def test_half_a_point_in_a_thousand_is_not_shown_to_be_equal() -> None:
    """98.7 against 99.2 %: between 0.4 points better and 1.4 worse."""
    seen = Rates(0.992, 0.987, 1_000)
    assert difference(seen) == pytest.approx((-0.014, 0.004), abs=5e-4)
    assert not is_as_good(seen)


def test_no_difference_in_a_few_pairs_is_no_proof() -> None:
    """Of 299 pairs none lost shows one point; of 298 it does not."""
    assert is_as_good(Pairs(299, 0, 0))
    assert not is_as_good(Pairs(298, 0, 0))
    assert not is_as_good(Pairs(100, 0, 9)), "those won do not stand for those not seen"


@pytest.mark.slow
def test_so_many_pairs_have_the_power_they_are_said_to_have() -> None:
    dice = random.Random(7)  # noqa: S311 - the same every time
    equal = worse = 0
    for _ in range(600):
        lost = sum(dice.random() < 0.01 for _ in range(1_237))
        won = sum(dice.random() < 0.01 for _ in range(1_237))
        equal += is_as_good(Pairs(1_237, lost, won))
        lost = sum(dice.random() < 0.02 for _ in range(1_237))
        worse += is_as_good(Pairs(1_237, lost, won))
    assert equal / 600 == pytest.approx(0.80, abs=0.06)
    assert worse / 600 < 0.08, "one that is worse by the margin is rarely let through"


@given(st.integers(1, 5_000), st.data())
def test_a_bound_lies_below_what_was_seen(count: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, count))
    won = data.draw(st.integers(0, count - lost))
    seen = Pairs(count, lost, won)
    assert least_difference(seen) <= seen.difference + 1e-12
    low, high = difference(seen)
    assert low <= seen.difference <= high


def test_scipy_has_the_same_chance() -> None:
    stats = scipy_stats()
    for one, other in ((9, 24), (0, 5), (12, 12), (300, 340)):
        known = stats.binomtest(min(one, other), one + other).pvalue
        assert mcnemar(one, other) == pytest.approx(known)
