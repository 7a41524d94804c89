"""What grew on a day is held against the days before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import spikes
from tests.ledger.book.pages import DAY_US, MONDAY_US, book_of


def test_days_are_summed_and_rows_of_weeks_are_left_out(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"cost_nusd": 5},
        {"cost_nusd": 7, "span_us": DAY_US, "calls": 3, "at_us": MONDAY_US + DAY_US},
        {"cost_nusd": 90, "span_us": 7 * DAY_US},
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, spikes.DAYS).rows
    assert found == [(MONDAY_US, 1, 5), (MONDAY_US + DAY_US, 3, 7)]


def test_growth_is_the_last_day_beside_all_days_before(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"key_id": "a", "cost_nusd": 5},
        {"key_id": "a", "cost_nusd": 50, "at_us": MONDAY_US + DAY_US},
        {"key_id": "b", "cost_nusd": 3, "at_us": MONDAY_US + 1},
    ]
    with book_of(tmp_path, rows) as book:
        cut = Cut(by="key", until_us=MONDAY_US + 2 * DAY_US)
        assert ask(book, spikes.GROWTH, cut).rows == [("a", 50, 5), ("b", 0, 3)]


def test_pairs_of_model_and_endpoint_are_ordered_by_what_they_cost(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"cost_nusd": 2},
        {"surface": "chat", "cost_nusd": 3},
        {"cost_nusd": 2},
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, spikes.PAIRS, Cut(limit=1)).rows
    assert found == [("claude-sonnet-5-5", "messages", 2, 4)]
