"""The book says what it holds, and whose price it had to guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import ask
from headgate.ledger.book.questions.health import EXTENT, UNPRICED
from tests.ledger.book.pages import DAY_US, MONDAY_US, book_of


def test_each_source_is_told_with_its_calls_and_times(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"cost_nusd": 5, "usage_from": "estimate"},
        {"cost_nusd": 5, "simulated": 1, "at_us": MONDAY_US + 9},
        {
            "source": "codex",
            "calls": 7,
            "span_us": DAY_US,
            "priced_by": "ceiling",
            "cost_nusd": 1,
        },
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, EXTENT).rows
    assert found == [
        ("", 2, 2, 0, MONDAY_US, MONDAY_US + 9, 1, 1, 0, 10),
        ("codex", 1, 7, 1, MONDAY_US, MONDAY_US, 0, 0, 1, 1),
    ]


def test_models_without_a_price_are_told_unless_nothing_was_to_be_paid(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [
        {"model_sent": "guessed", "priced_by": "ceiling", "cost_nusd": 9, "output": 1},
        {"model_sent": "forgotten", "priced_by": "", "output": 1},
        {"model_sent": "refused", "priced_by": ""},
        {"model_sent": "kept", "priced_by": "", "output": 1, "answered_from": "hit"},
        {"model_sent": "known", "output": 1},
    ]
    with book_of(tmp_path, rows) as book:
        assert [it.model for it in ask(book, UNPRICED).rows] == ["guessed", "forgotten"]
