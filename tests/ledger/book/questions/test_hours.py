"""Hours of the week are found from the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate.ledger.book.question import ask
from headgate.ledger.book.questions.hours import HOURS
from tests.ledger.book.pages import DAY_US, book_of


@pytest.mark.parametrize("when", ["2025-11-10 00:00", "2026-02-28 23:59", "1970-01-04 12:30"])
def test_a_call_is_in_the_hour_and_weekday_the_calendar_says(tmp_path: Path, when: str) -> None:
    at = datetime.fromisoformat(when).replace(tzinfo=UTC)
    row = {"at_us": round(at.timestamp() * 1e6), "cost_nusd": 3, "output": 2}
    with book_of(tmp_path, [row]) as book:
        assert ask(book, HOURS).rows == [(at.weekday(), at.hour, 1, 2, 3)]


def test_a_row_of_a_whole_day_is_of_no_hour(tmp_path: Path) -> None:
    with book_of(tmp_path, [{"span_us": DAY_US}]) as book:
        assert ask(book, HOURS).rows == []
