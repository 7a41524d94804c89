"""Spend adds up, whoever or whatever it is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions.spend import GROUPS, SPEND
from tests.ledger.book.pages import DAY_US, MONDAY_US, book_of

HOUR_US = DAY_US // 24


def test_a_row_that_stands_for_many_calls_counts_as_many(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"cost_nusd": 5},
        {"cost_nusd": 70, "calls": 40, "span_us": DAY_US},
        {"cost_nusd": 9, "calls": 0, "span_us": DAY_US},
    ]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, SPEND).rows
    assert (found.calls, found.cost_nusd) == (41, 84)


def test_all_classes_of_tokens_are_in_the_input_once(tmp_path: Path) -> None:
    row = {
        "input_fresh": 1, "cache_read": 2, "cache_write_5m": 4, "cache_write_1h": 8,
        "cache_write_30m": 16, "cache_write_12h": 32, "output": 64, "reasoning_of_output": 60,
    }  # fmt: skip
    with book_of(tmp_path, [row]) as book:
        (found,) = ask(book, SPEND).rows
    assert (found.tokens_in, found.written, found.output) == (63, 60, 64)
    assert found.read_share == pytest.approx(2 / 63)


@pytest.mark.parametrize("by", sorted(set(GROUPS) - {"tag"}))
def test_the_parts_are_the_whole(tmp_path: Path, by: str) -> None:
    rows: list[dict[str, Any]] = [{GROUPS[by]: f"x{n % 3}", "cost_nusd": n} for n in range(9)]
    with book_of(tmp_path, rows) as book:
        found = ask(book, SPEND, Cut(by=by)).rows
    assert [it.name for it in found] == ["x2", "x1", "x0"]
    assert sum(it.cost_nusd for it in found) == sum(range(9))


def test_a_call_with_two_tags_is_under_both_and_one_without_under_none(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [
        {"tags": "a=1,b=2", "cost_nusd": 5},
        {"tags": "b=2", "cost_nusd": 7},
        {"cost_nusd": 1},
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, SPEND, Cut(by="tag")).rows
    assert [(it.name, it.cost_nusd) for it in found] == [("b=2", 12), ("a=1", 5), ("", 1)]


@pytest.mark.parametrize(("step", "length"), [("hour", HOUR_US), ("day", DAY_US)])
def test_hours_and_days_begin_when_they_do_in_utc(
    tmp_path: Path, step: str, length: int
) -> None:
    rows: list[dict[str, Any]] = [
        {"at_us": MONDAY_US + at, "cost_nusd": 1} for at in (0, length - 1, length)
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, SPEND, Cut(step=step)).rows
    assert [(it.at_us, it.cost_nusd) for it in found] == [
        (MONDAY_US, 2),
        (MONDAY_US + length, 1),
    ]
