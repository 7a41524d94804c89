"""A question says who cannot answer it, and leaves out nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import ALL, latency, prefixes, spend
from tests.ledger.book.pages import book_of


def test_every_question_has_a_name_of_its_own() -> None:
    names = [it.name for it in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("question", ALL, ids=[it.name for it in ALL])
def test_every_question_can_be_put_to_an_empty_book(question: Any, tmp_path: Path) -> None:
    with book_of(tmp_path, []) as book:
        reply = ask(book, question, Cut(session="s", until_us=10**15))
    assert reply.left_out == ()
    assert all(isinstance(it, question.row) for it in reply.rows)


def test_rows_of_a_source_that_cannot_tell_are_left_out_and_named(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"head": 7, "request_bytes": 10, "source": ""},
        {"head": 7, "request_bytes": 10, "source": ""},
        {"head": 7, "request_bytes": 10, "source": "claude-code"},
    ]
    with book_of(tmp_path, rows) as book:
        reply = ask(book, prefixes.REPEATED)
    assert reply.left_out == ("claude-code",)
    assert [it.calls for it in reply.rows] == [2]


def test_a_source_nobody_has_described_is_not_believed_to_tell_anything(
    tmp_path: Path,
) -> None:
    with book_of(tmp_path, [{"took_us": 5, "source": "new"}]) as book:
        assert ask(book, latency.TOOK) == ([], ("new",))


def test_a_cut_takes_names_literally(tmp_path: Path) -> None:
    name = "it's \\ 100%"
    with book_of(tmp_path, [{"key_id": name, "cost_nusd": 3}, {"cost_nusd": 5}]) as book:
        reply = ask(book, spend.SPEND, Cut(key=name))
    assert [it.cost_nusd for it in reply.rows] == [3]


def test_a_cut_bounds_time_below_and_above(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"at_us": at, "cost_nusd": at} for at in (10, 20, 30)]
    with book_of(tmp_path, rows) as book:
        reply = ask(book, spend.SPEND, Cut(since_us=20, until_us=30))
    assert [it.cost_nusd for it in reply.rows] == [20]
