"""Caps that could not be kept are found out, each with its remedy; money is never rounded."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cap import NO_CAPS, Budget, Caps, Kind, Limits, Period
from headgate.policy.sound import MOST_USD, NANO, TAG, nusd, unsound, usd


def test_caps_that_can_be_kept_have_nothing_wrong() -> None:
    assert unsound(NO_CAPS) == []
    budgets = (Budget(NANO, "day"), Budget(1, "month", "soft"), Budget(5, "total", "watch"))
    assert unsound(Caps(Limits(1, 2, 3, 4, 5), budgets, True, (0.1, 1.0))) == []


@pytest.mark.parametrize(
    ("caps", "at"),
    [
        (Caps(Limits(requests=-1)), "requests"),
        (Caps(Limits(concurrent=10**10)), "concurrent"),
        (Caps(Limits(burst=3)), "burst"),
        (Caps(budgets=(Budget(0, "day"),)), "day"),
        (Caps(budgets=(Budget(-5, "week"),)), "week"),
        (Caps(budgets=(Budget((MOST_USD + 1) * NANO, "week"),)), "week"),
        (Caps(budgets=(Budget(1, "day"), Budget(2, "day", "soft"))), "day"),
        (Caps(budgets=(Budget(1, cast("Period", "year")),)), "year"),
        (Caps(budgets=(Budget(1, "day", cast("Kind", "firm")),)), "kind"),
        (Caps(warn_at=(0.0,)), "warn_at"),
        (Caps(warn_at=(1.1,)), "warn_at"),
        (Caps(warn_at=(0.9, 0.5)), "warn_at"),
        (Caps(warn_at=(0.5, 0.5)), "warn_at"),
        (Caps(warn_at=tuple(number / 100 for number in range(1, 13))), "warn_at"),
    ],
)
def test_a_cap_that_cannot_be_kept_is_named_with_what_to_do(caps: Caps, at: str) -> None:
    (wrong,) = unsound(caps)
    assert wrong.at == at
    assert wrong.what
    assert wrong.hint


@pytest.mark.parametrize(
    ("text", "amount"),
    [("20", 20 * NANO), ("$0.5", NANO // 2), (" 0.000000001 ", 1), ("1e3", 1000 * NANO)],
)
def test_dollars_are_read_exactly(text: str, amount: int) -> None:
    assert nusd(text) == amount


@pytest.mark.parametrize(
    "text", ["", "many", "0", "-1", "nan", "inf", "0.0000000001", "1000000000.1"]
)
def test_what_is_no_amount_of_dollars_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"dollars|than|decimals"):
        nusd(text)


@given(st.integers(1, MOST_USD * NANO))
def test_an_amount_that_is_told_reads_back_to_the_same(amount: int) -> None:
    assert nusd(usd(amount)) == amount
    assert "E" not in usd(amount)


@pytest.mark.parametrize("tag", ["project=atlas", "a", "team/x:1@b"])
def test_a_tag_may_be_any_short_word(tag: str) -> None:
    assert TAG.fullmatch(tag)


@pytest.mark.parametrize("tag", ["", " a", "a b", "a,b", "x" * 41, "=a"])
def test_what_would_break_a_list_of_tags_is_none(tag: str) -> None:
    assert not TAG.fullmatch(tag)
