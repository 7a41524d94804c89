"""A time of day was last reached today or yesterday, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from headgate.ledger.reconcile.daily import latest

NOON = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)


def test_it_was_today_if_the_clock_has_shown_it() -> None:
    assert latest("04:30", NOON) == datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    assert latest("12:00", NOON) == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_else_it_was_yesterday() -> None:
    assert latest("12:01", NOON) == datetime(2026, 11, 1, 12, 1, tzinfo=UTC)


def test_the_day_is_that_of_utc_wherever_the_clock_stands() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=13)))
    assert latest("04:30", there) == latest("04:30", NOON)
