"""Intervals of shares are those that were published, and hold what they promise."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.stats.share import by_question, exact, wilson
from tests.stats.test_beta import scipy_stats


def test_half_of_a_thousand_by_wilson_is_as_published() -> None:
    """51 % of 1,000 preferred it: 47.9 to 54.1 %."""
    assert wilson(510, 1_000) == pytest.approx((0.479, 0.541), abs=5e-4)


def test_no_failure_in_114_tries_shows_two_percent_at_nine_in_ten() -> None:
    """The least number of tries without a failure that does; and of 1,000 at most 13 fail."""
    assert exact(0, 114, 0.8).high < 0.02 < exact(0, 113, 0.8).high
    assert exact(13, 1_000, 0.8).high < 0.02 < exact(14, 1_000, 0.8).high


@given(st.integers(1, 400), st.data())
def test_an_interval_holds_what_was_counted(count: int, data: st.DataObject) -> None:
    so = data.draw(st.integers(0, count))
    for low, high in (wilson(so, count), exact(so, count)):
        assert 0 <= low <= so / count + 1e-12
        assert so / count - 1e-12 <= high <= 1


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("count", [5, 40])
def test_the_exact_interval_is_wrong_no_more_often_than_it_says(
    share: float, count: int
) -> None:
    right = 0.0
    for so in range(count + 1):
        low, high = exact(so, count)
        if low <= share <= high:
            right += comb(count, so) * share**so * (1 - share) ** (count - so)
    assert right >= 0.95


@pytest.mark.slow
def test_answers_to_one_question_are_one_observation() -> None:
    """100 questions, five answers to each: as if there were 500, three in four of the nominal
    95 % hold; by question, they do."""
    dice = random.Random(5)  # noqa: S311 - the same every time
    naive = by = 0
    trials = 400
    for _ in range(trials):
        shares = [dice.betavariate(0.8, 0.8) for _ in range(100)]
        answers = [[float(dice.random() < it) for _ in range(5)] for it in shares]
        so = int(sum(map(sum, answers)))
        low, high = wilson(so, 500)
        naive += low <= 0.5 <= high
        low, high = by_question(answers)
        by += low <= 0.5 <= high
    assert naive / trials < 0.85
    assert by / trials > 0.92


def test_one_question_tells_nothing() -> None:
    assert by_question([[1, 0, 1]]) == (0, 1)
    assert wilson(0, 0) == (0, 1)


def test_scipy_has_the_same_intervals() -> None:
    stats = scipy_stats()
    for so, count in ((0, 9), (3, 17), (510, 1_000), (998, 1_000)):
        known = stats.binomtest(so, count)
        for name, ours in (("wilson", wilson(so, count)), ("exact", exact(so, count))):
            theirs = known.proportion_ci(0.95, name)
            assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)
