"""Tails of the beta distribution and of Student's t are those that tables print."""

from __future__ import annotations

import importlib
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.stats.beta import beta_below, beta_point, halve, student_point, student_tails


@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.706), (2, 4.303), (9, 2.262), (30, 2.042), (99, 1.984)]
)
def test_students_t_is_that_of_the_tables(freedom: float, point: float) -> None:
    assert student_point(0.975, freedom) == pytest.approx(point, abs=6e-4)
    assert student_tails(point, freedom) == pytest.approx(0.05, abs=1e-4)


@given(st.integers(1, 60), st.data(), st.floats(0.01, 0.99))
def test_whole_parameters_give_the_tail_of_a_binomial(
    count: int, data: st.DataObject, x: float
) -> None:
    """P(beta(k, n-k+1) < x) is the chance of k or more of n."""
    least = data.draw(st.integers(1, count))
    tail = sum(comb(count, k) * x**k * (1 - x) ** (count - k) for k in range(least, count + 1))
    assert beta_below(x, least, count - least + 1) == pytest.approx(tail, abs=1e-10)


@given(st.floats(0.3, 500), st.floats(0.3, 500), st.floats(0.001, 0.999))
def test_a_point_has_the_share_below_it_that_was_asked_for(
    a: float, b: float, s: float
) -> None:
    assert beta_below(beta_point(s, a, b), a, b) == pytest.approx(s, abs=1e-6)


def test_nothing_lies_outside() -> None:
    assert (beta_below(-1, 2, 3), beta_below(0, 2, 3), beta_below(1, 2, 3)) == (0, 0, 1)


def test_halving_ends_at_the_turn() -> None:
    assert halve(lambda it: it < 0.3, 0, 1) == pytest.approx(0.3)


def scipy_stats() -> Any:
    """The reference implementation, where somebody installed it."""
    try:
        return importlib.import_module("scipy.stats")
    except ImportError:
        pytest.skip("scipy is not installed: `pip install scipy` compares with it too")


def test_scipy_says_the_same() -> None:
    stats = scipy_stats()
    for a, b in ((0.5, 0.5), (3, 700), (1e4, 2e4), (13, 988)):
        for share in (0.001, 0.025, 0.5, 0.9, 0.999):
            point = stats.beta.ppf(share, a, b)
            assert beta_point(share, a, b) == pytest.approx(point, rel=1e-7)
    for freedom in (1, 4, 99, 1_000):
        assert student_point(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom))
