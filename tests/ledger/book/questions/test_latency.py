"""Latency is that of calls which were answered, and a quantile is a time that was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import latency
from tests.ledger.book.pages import book_of


def timed(**more: Any) -> dict[str, Any]:
    return {"took_us": 9_000_000, "ttft_us": 1_000_000, "output": 400, **more}


def test_quantiles_are_times_of_real_calls(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [timed(took_us=n) for n in (10, 20, 30, 40)]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, latency.TOOK).rows
    assert (found.calls, found.levels) == (4, (20, 40, 40))


def test_only_calls_that_an_upstream_answered_well_are_timed(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        timed(),
        timed(fault="overloaded", ending="error"),
        timed(ending="truncated"),
        timed(answered_from="hit"),
        timed(calls=5),
    ]
    with book_of(tmp_path, rows) as book:
        assert [it.calls for it in ask(book, latency.TOOK).rows] == [1]


def test_speed_is_what_was_written_after_the_first_content(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [timed(), timed(output=5), timed(stream=0), timed(ttft_us=0)]
    with book_of(tmp_path, rows) as book:
        (speed,) = ask(book, latency.SPEED).rows
        (first,) = ask(book, latency.FIRST).rows
    assert (speed.calls, speed.levels[0]) == (1, 50)
    assert first.calls == 2


def test_calls_are_told_apart_by_the_size_of_their_prompt(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [timed(input_fresh=n) for n in (1_000, 1_001, 999_999)]
    with book_of(tmp_path, rows) as book:
        found = ask(book, latency.FIRST, Cut(by="size")).rows
    assert {it.name for it in found} == {"1000", "4000", "0"}
