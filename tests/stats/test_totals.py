"""Totals alone: as sure as what is assumed of them, and no surer."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as some

from headgate.stats.several import Said, clustered
from headgate.stats.share import wilson
from headgate.stats.totals import Total, difference, interval, likelihood, worth

OLD, NEW = Total(391, 500, 100), Total(471, 500, 100)


def test_answers_that_are_not_alike_count_each_for_itself() -> None:
    assert interval(OLD, 0) == pytest.approx(wilson(391, 500))
    assert worth(OLD, 0) == 500
    assert worth(OLD, 1) == pytest.approx(100)


def test_answers_that_are_all_alike_are_worth_one_to_each_question() -> None:
    alike = [Said(5, 5)] * 78 + [Said(0, 5)] * 22
    found = interval(Total(390, 500, 100), 1)
    assert found == pytest.approx(clustered(alike), abs=0.003)


@given(some.integers(1, 499), some.floats(0, 0.9))
def test_the_more_alike_the_less_sure(right: int, alike: float) -> None:
    it = Total(right, 500, 100)
    near, far = interval(it, alike), interval(it, alike + 0.1)
    assert far.low <= near.low <= it.share <= near.high <= far.high


def test_the_interval_covers_the_truth_where_the_likeness_is_as_assumed() -> None:
    """Tasks of a rate of their own: three quarters of the variance lies between them."""
    dice, hits = random.Random(3), 0  # noqa: S311  draws of a test
    for _ in range(400):
        rates = [dice.choice((0.067, 0.067, 0.933, 0.933)) for _ in range(60)]
        right = sum(dice.random() < rate for rate in rates for _ in range(5))
        low, high = interval(Total(right, 300, 60), 0.75)
        hits += low <= 0.5 <= high
    assert 0.92 <= hits / 400 <= 0.985


@pytest.mark.parametrize("alike", [0, 0.5, 1])
def test_a_difference_that_is_not_there_is_not_found(alike: float) -> None:
    low, high = difference(OLD, OLD, alike)
    assert low < 0 < high
    assert likelihood(OLD, OLD, alike) == pytest.approx(1)
    found = difference(OLD, NEW, alike)
    assert found.low > 0
    assert fmean(found) == pytest.approx(0.16, abs=0.01)
    assert likelihood(OLD, NEW, alike) < 0.01


def test_what_few_questions_leave_open_is_not_called_unlikely() -> None:
    """An interval of the difference that holds nothing, and a likelihood that denies it."""
    one, other = Total(5, 5, 5), Total(1, 5, 5)
    assert difference(one, other, 1).high > 0
    assert likelihood(one, other, 1) > 0.01
    assert likelihood(one, other, 1) > 1.5 * likelihood(one, other, 0)


def test_totals_of_different_sizes_are_each_worth_their_own() -> None:
    small, large = Total(10, 20, 20), Total(400, 500, 500)
    assert likelihood(small, large, 0) == pytest.approx(likelihood(large, small, 0))
    assert likelihood(small, large, 0) < likelihood(small, Total(16, 20, 20), 0)


def test_three_points_in_a_thousand_are_seldom_chance() -> None:
    for first, second, likely in ((920, 890, 0.022), (992, 964, 2e-5)):
        found = likelihood(Total(first, 1_000, 1_000), Total(second, 1_000, 1_000), 0)
        assert found == pytest.approx(likely, rel=0.25, abs=5e-4 if likely > 0.01 else 5e-6)
    assert likelihood(Total(10, 10, 10), Total(10, 10, 10), 1) == 1
