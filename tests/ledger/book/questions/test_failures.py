"""What failed is told with what was paid for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import ask
from headgate.ledger.book.questions.failures import FAILURES
from tests.ledger.book.pages import book_of


def test_failures_cost_what_was_paid_and_retries_that_helped_cost_nothing(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [
        {"fault": "overloaded", "ending": "error", "status": 529, "tries": 3, "cost_nusd": 4},
        {"ending": "truncated", "cost_nusd": 6, "maybe_billed": 1},
        {"tries": 2, "cost_nusd": 90},
        {"cost_nusd": 90},
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, FAILURES).rows
    told = [(it.what, it.status, it.tries, it.maybe_billed, it.cost_nusd) for it in found]
    assert told == [
        ("truncated", 200, 1, 1, 6),
        ("overloaded", 529, 3, 0, 4),
        ("retried", 200, 2, 0, 0),
    ]
