"""Tools that are offered, called and failing are counted, by whom and by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import tools
from tests.ledger.book.pages import book_of


def test_a_call_that_carried_tools_for_nothing_is_idle(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"tools_offered": 12, "tools_called": 0, "cost_nusd": 5},
        {"tools_offered": 12, "tools_called": 3, "tools_failed": 1},
        {"tools_offered": 0},
    ]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, tools.USING).rows
    assert found == ("claude-sonnet-5-5", 3, 2, 24, 1, 1, 3, 1, 5)


def test_tools_can_be_counted_for_each_key(tmp_path: Path) -> None:
    with book_of(tmp_path, [{"key_id": "a"}, {"key_id": "b", "cost_nusd": 2}]) as book:
        assert [it.name for it in ask(book, tools.USING, Cut(by="key")).rows] == ["b", "a"]


def test_names_are_added_up_over_calls(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"tools_used": "Bash:2 Read:1"},
        {"tools_used": "Bash:1", "tools_failed": 1},
        {"tools_used": ""},
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, tools.NAMES).rows
    assert found == [("Bash", 3, 2, 1), ("Read", 1, 1, 0)]
