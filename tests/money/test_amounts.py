"""Amounts are read as people write them, exactly, or refused in words."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money import amounts


@pytest.mark.parametrize(
    ("text", "meant"),
    [("450", 450), ("1.2M", 1_200_000), ("10,000", 10_000), ("3k", 3_000), ("2B", 2 * 10**9)],
)
def test_a_number_may_carry_thousands_and_millions(text: str, meant: int) -> None:
    assert amounts.number(text) == meant


@given(st.integers(0, 10**12))
def test_a_plain_number_is_itself(count: int) -> None:
    assert amounts.number(f"{count}") == amounts.number(f"{count:,}") == count


def test_a_month_of_thirty_days_holds_thirty_times_a_day() -> None:
    assert amounts.per_month("10,000/day", 30) == 300_000
    assert amounts.per_month("1.2M/month", 30) == amounts.per_month("1.2M", 31) == 1_200_000
    assert amounts.per_month("8/min", 30) == 8 * 60 * 24 * 30


def test_rates_are_turned_into_minutes_and_hours() -> None:
    assert amounts.per_minute("8500/min") == amounts.per_minute("8500") == 8_500
    assert amounts.per_minute("120/s") == 7_200
    assert amounts.per_hour("8/min") == 480
    assert amounts.per_hour("9") == 9
    assert amounts.per_hour("24/day") == amounts.per_hour("48/2days") == 1


def test_a_burst_is_so_many_within_so_long() -> None:
    assert amounts.burst("400/2s") == (Fraction(400), Fraction(2))
    assert amounts.burst("120/s") == (Fraction(120), Fraction(1))


def test_growth_of_more_than_all_is_written_with_its_percent_sign() -> None:
    assert amounts.growth("5%") == amounts.growth("0.05") == Fraction(1, 20)
    assert amounts.growth("500%") == 5
    assert amounts.growth("-2%") == Fraction(-1, 50)


def test_shares_and_money_are_exact() -> None:
    assert amounts.share("70%") == amounts.share("0.7") == Fraction(7, 10)
    assert amounts.part("100%") == 1
    assert amounts.share("-5%") == Fraction(-1, 20)
    assert amounts.nusd("$1,200") == amounts.nusd("1.2k") == 1_200 * 10**9
    assert amounts.nusd("0.000000001") == 1
    assert amounts.price("$0.25") == "0.25"


@pytest.mark.parametrize(
    ("read", "text", "hint"),
    [
        (amounts.number, "-5", "no amount"),
        (amounts.number, "many", "no amount"),
        (amounts.number, "1,5M", "after a point: 1.5M"),
        (amounts.number, "10,00", "after a point: 10.00"),
        (amounts.number, "1,000,00", "no amount"),
        (amounts.growth, "5", "write 5%, or 500%"),
        (amounts.per_minute, "5/1.2.3s", "no span"),
        (amounts.share, "half", "0.7 or 70%"),
        (amounts.part, "95", "no part of a whole"),
        (amounts.part, "-1%", "no part of a whole"),
        (amounts.share, "1/0", "0.7 or 70%"),
        (amounts.nusd, "€5", "write dollars"),
        (amounts.nusd, "0.0000000001", "nano-dollar"),
        (amounts.price, "-1", "no price"),
        (amounts.price, "nan", "no price"),
        (amounts.per_minute, "5/fortnight", "no unit of time"),
        (amounts.per_minute, "5/0s", "more than nothing"),
        (amounts.per_hour, "", "no rate"),
        (amounts.burst, "400", "requests per seconds"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_can(read: object, text: str, hint: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=hint):
        read(text)
