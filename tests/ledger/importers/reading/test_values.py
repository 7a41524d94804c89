"""A cell is read as what it says, or told as bad; it is never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.values import Bad, Times, decimal_mark, nusd, whole


@given(number=st.integers(0, 10**15), decimal=st.sampled_from([".", ","]))
def test_a_count_is_read_with_thousands_between_and_without(number: int, decimal: str) -> None:
    grouped = f"{number:,}"
    if decimal == ",":
        grouped = grouped.replace(",", ".")
    assert whole(grouped, "input", decimal) == number
    assert whole(str(number), "input", decimal) == number
    assert whole(f"{number:,}".replace(",", "\u202f"), "input", decimal) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [(None, 0), ("", 0), ("null", 0), (5, 5), (5.0, 5), ("59200.0", 59200), (Decimal(3), 3)],
)
def test_counts_of_every_kind(value: object, number: int) -> None:
    assert whole(value, "input") == number


@pytest.mark.parametrize(
    "value", ["1.5", "-1", "many", True, "1,23", "1e400", "inf", [1], 1e30]
)
def test_what_is_no_count_is_told_by_its_column_and_not_quoted(value: object) -> None:
    with pytest.raises(Bad, match="its input ") as bad:
        whole(value, "input")
    assert str(value) not in str(bad.value)


@pytest.mark.parametrize(
    ("value", "decimal", "nano"),
    [
        ("0.000000001", ".", 1),
        ("$1,234.50", ".", 1_234_500_000_000),
        ("1.234,50 USD", ",", 1_234_500_000_000),
        ("1.5e-05", ".", 15_000),
        (0.1, ".", 100_000_000),
        (Decimal("0.25"), ".", 250_000_000),
        ("n/a", ".", None),
        ("", ".", None),
        (None, ".", None),
    ],
)
def test_money_becomes_nano_dollars(value: object, decimal: str, nano: int | None) -> None:
    assert nusd(value, "cost", decimal) == nano


@pytest.mark.parametrize("value", ["-1", "3 €", "cheap", "1.234,50"])
def test_what_is_no_amount_of_dollars_is_told(value: str) -> None:
    with pytest.raises(Bad, match="its cost "):
        nusd(value, "cost")


@pytest.mark.parametrize(
    ("cells", "delimiter", "said", "mark"),
    [
        (["0.25", "1,234"], ",", "", "."),
        (["0,25"], ";", "", ","),
        (["1.234"], ";", "", ","),
        (["1.234"], ",", "", "."),
        (["1.234,5"], ",", "", ","),
        (["0.25", "0,25"], ";", ",", ","),
    ],
)
def test_the_decimal_mark_is_told_by_what_can_be_written_in_one_way_only(
    cells: list[str], delimiter: str, said: str, mark: str
) -> None:
    assert decimal_mark(cells, delimiter, said) == mark


@pytest.mark.parametrize(("cells", "said"), [(["0.25", "0,25"], ""), ([], ";")])
def test_a_mark_that_cannot_be_told_is_refused(cells: list[str], said: str) -> None:
    with pytest.raises(Refused) as refused:
        decimal_mark(cells, ";", said)
    assert refused.value.remedy


MOMENT = datetime(2026, 5, 29, 13, 46, 19, tzinfo=UTC)
US = int(MOMENT.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-29T13:46:19Z",
        "2026-05-29 13:46:19",
        "2026-05-29 13:46:19.000000 UTC",
        "2026-05-29T15:46:19+02:00",
        "29.05.2026 13:46:19",
        "2026/5/29 13:46:19",
        "1780062379",
        "1780062379000",
        1_780_062_379,
        1_780_062_379_000,
        1_780_062_379_000_000,
        1_780_062_379_000_000_000,
        Decimal("1780062379.0"),
        MOMENT,
        MOMENT.replace(tzinfo=None),
    ],
)
def test_a_moment_is_read_however_it_is_written(value: object) -> None:
    assert Times("UTC").us(value, "ts") == US


def test_days_of_a_spreadsheet_and_dates_are_moments_too() -> None:
    assert Times("UTC").us("46171.5", "ts") == Times("UTC").us("2026-05-29T12:00", "ts")
    assert Times("UTC").us(date(2026, 5, 29), "ts") == Times("UTC").us("2026-05-29", "ts")


@pytest.mark.parametrize(
    "value",
    ["", None, "soon", "1969-12-31", "2150-01-01", "99.99.2026", True, [], 12, "1/2/2026x"],
)
def test_what_is_no_moment_is_told(value: object) -> None:
    with pytest.raises(Bad, match="its ts "):
        Times("UTC").us(value, "ts")


def test_a_day_that_is_no_month_tells_the_order_of_dates() -> None:
    american = Times("UTC", ["5/29/2026", "1/2/2026"])
    european = Times("UTC", ["29/5/2026 10:00"])
    iso = Times("UTC")
    assert american.us("5/3/2026 1:30 PM", "ts") == iso.us("2026-05-03T13:30", "ts")
    assert european.us("5/3/2026", "ts") == iso.us("2026-03-05", "ts")
    with pytest.raises(Refused, match="the day from the month"):
        Times("UTC", ["1/2/2026"])


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(Refused, match="no time zone Mars"):
        Times("Mars")


@given(moment=st.datetimes(datetime(2015, 1, 2), datetime(2099, 1, 1)))  # noqa: DTZ001 - UTC is said below
def test_iso_is_exact_to_the_microsecond(moment: datetime) -> None:
    found = Times("UTC").us(moment.isoformat(), "ts")
    assert found == Times("UTC").us(moment.replace(tzinfo=UTC), "ts")
    assert found % 1_000_000 == moment.microsecond


@given(st.integers(1_500_000_000_000, 1_999_999_999_999))
def test_milliseconds_in_a_cell_are_never_taken_for_a_date_of_long_ago(number: int) -> None:
    assert Times("").us(str(number), "ts") == number * 1_000
    assert Times("").us("20261101", "ts") == Times("").us("2026-11-01", "ts")
