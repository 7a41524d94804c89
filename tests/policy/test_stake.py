"""What marks may lose: one write, and two more for ever more calls."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.stake import RICH, Stake, bound


def test_one_loss_ends_guessing_until_it_is_earned_back() -> None:
    stake = Stake()
    assert stake.may_guess()
    stake.book(-250)
    assert not stake.may_guess()
    stake.book(900)
    assert stake.may_guess()


def test_each_permission_takes_twice_as_many_calls_as_the_one_before() -> None:
    stake, granted = Stake(), []
    for call in range(1000):
        stake.calls += 1
        while stake.may_write(100, 100):
            stake.book(-100)
            granted.append(call)
    assert granted == [0, *(each for each in (7, 23, 55, 119, 247, 503) for _ in range(2))]


def test_what_was_earned_long_ago_is_not_all_kept_and_ends_old_sins() -> None:
    stake = Stake()
    stake.calls = 1000
    for _ in range(3):
        assert stake.may_write(100, 100)
        stake.book(-100)
    assert stake.permissions == 1
    stake.book(1_000_000)
    assert (stake.credit, stake.permissions) == (RICH * 100, 0)


@given(st.lists(st.sampled_from([-1, 1, 2]), max_size=400))
def test_whatever_comes_no_more_is_lost_than_the_bound_says(moves: list[int]) -> None:
    assert _worst(moves) <= bound(len(moves))


def test_losing_always_costs_no_more_than_the_bound_says() -> None:
    assert _worst([-1] * 20_000) == pytest.approx(23, abs=1)
    assert bound(20_000) < 25


def _worst(moves: Iterable[int]) -> float:
    """The worst that was ever lost, with a write whenever one may be made."""
    stake, worst, total = Stake(), 0.0, 0.0
    for move in moves:
        stake.calls += 1
        if move > 0 or stake.may_write(1, 1):
            stake.book(move)
            total += move
            worst = max(worst, -total)
    return worst
