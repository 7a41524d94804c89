"""What is learned of returns: shares that fade, and how little proves something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.arrivals import Returns, Share, hoped, least


def test_gaps_are_counted_by_the_lifetimes_they_fit_into() -> None:
    seen = Returns()
    for gap in (10.0, 299.0, 300.0, 3599.0, 3600.0):
        seen.add(gap)
    assert seen.within["5m"].so == pytest.approx(2, abs=0.1)
    assert seen.within["1h"].so == pytest.approx(4, abs=0.1)


def test_what_was_long_ago_fades() -> None:
    share = Share(20)
    for _ in range(1000):
        share.add(True)
    for _ in range(60):
        share.add(False)
    assert share.count == pytest.approx(20)
    assert share.so / share.count < 0.06


def test_what_cannot_be_repeated_fades_slowly() -> None:
    share = Share(20)
    share.add(True)
    for _ in range(700):
        share.fade()
    assert share.count == share.so == pytest.approx(0.5, abs=0.01)


def test_what_never_came_again_is_a_gap_too() -> None:
    seen = Returns()
    seen.never("5m")
    assert (seen.within["5m"].count, seen.within["1h"].count) == (1, 0)


@given(st.integers(0, 60), st.integers(1, 60))
def test_what_is_believed_is_never_more_than_what_was_seen(so: int, more: int) -> None:
    count = so + more
    assert 0 <= least(so, count) < (so + 1e-9) / count + 1e-9
    assert least(so, count) <= least(so * 4, count * 4) + 1e-9


@pytest.mark.parametrize(("wins", "proves"), [(1, False), (2, True), (4, True), (5, True)])
def test_two_returns_prove_a_short_entry_and_five_a_long_one(wins: int, proves: bool) -> None:
    assert (least(wins, wins) > 0.217) is proves
    assert (least(wins, wins) > 0.526) is (wins >= 5)


def test_who_knows_nothing_hopes_for_half() -> None:
    assert (least(0, 0), hoped(0, 0), hoped(0, 1)) == (0, 0.5, 0.25)
