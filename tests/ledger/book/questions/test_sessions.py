"""Sessions are told apart by key and name, and a cliff is where a cache lost a conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import sessions
from headgate.ledger.book.questions.sessions import Turn, cliffs
from tests.ledger.book.pages import MONDAY_US, book_of

SECOND = 1_000_000


def test_the_dearest_sessions_come_first_and_those_far_above_the_median_are_marked(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [{"session": f"s{n}", "cost_nusd": 100 + n} for n in range(9)]
    rows.append({"session": "big", "cost_nusd": 1_000})
    with book_of(tmp_path, rows) as book:
        found = ask(book, sessions.TOP, Cut(limit=2)).rows
    assert [(it.session, it.conspicuous) for it in found] == [("big", True), ("s8", False)]
    assert found[0].median_nusd == 104


def test_two_keys_may_name_a_session_alike(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"session": "1", "key_id": key, "cost_nusd": 4} for key in ("a", "b", "b")
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, sessions.TOP).rows
    assert [(it.key_id, it.cost_nusd) for it in found] == [("b", 8), ("a", 4)]


def test_calls_without_a_session_are_none(tmp_path: Path) -> None:
    with book_of(tmp_path, [{"session": ""}]) as book:
        assert ask(book, sessions.TOP).rows == []
        assert ask(book, sessions.SPREAD).rows[0].sessions == 0


def test_facts_tell_the_model_of_the_dearest_call_and_the_longest_prompt(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, Any]] = [
        {"session": "s", "model_sent": "small", "cost_nusd": 1, "input_fresh": 900},
        {
            "session": "s",
            "model_sent": "large",
            "cost_nusd": 9,
            "input_fresh": 20,
            "agent": "x",
        },
        {"session": "other"},
    ]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, sessions.FACTS, Cut(sessions=("s",))).rows
    assert (found.model, found.longest, found.agents) == ("large", 900, 2)


def test_the_spread_and_the_histogram_hold_every_session_once(tmp_path: Path) -> None:
    costs = [0, 1, 2, 3, 4, 1_000]
    rows: list[dict[str, Any]] = [
        {"session": f"s{n}", "cost_nusd": cost} for n, cost in enumerate(costs)
    ]
    with book_of(tmp_path, rows) as book:
        (spread,) = ask(book, sessions.SPREAD).rows
        classes = ask(book, sessions.HISTOGRAM).rows
    assert (spread.sessions, spread.cost_nusd, spread.most_nusd) == (6, 1_010, 1_000)
    assert spread.levels_nusd == (2, 1_000, 1_000)
    assert (spread.conspicuous, spread.conspicuous_nusd) == (1, 1_000)
    assert [(it.low_nusd, it.sessions) for it in classes] == [(1, 2), (2, 2), (4, 1), (512, 1)]


def test_one_session_is_told_in_the_order_of_its_calls(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": f"c{n}", "session": "s", "at_us": MONDAY_US - n, "cache_write_1h": 5}
        for n in range(3)
    ]
    with book_of(tmp_path, rows) as book:
        found = ask(book, sessions.TURNS, Cut(session="s")).rows
        names = ask(book, sessions.BEGINNING, Cut(session="s")).rows
    assert [it.id for it in found] == ["c2", "c1", "c0"]
    assert found[0].context == 5
    assert [it.session for it in names] == ["s"]


def turn(number: int, read: int, written: int = 0, fresh: int = 0, **more: str) -> Turn:
    it = Turn(
        f"c{number}", "k", "s", "", number * SECOND, 0, "m", fresh, read, written, 0, 0, 0,
        "", "complete", "", 0,
    )  # fmt: skip
    return it._replace(**more)  # type: ignore[arg-type]


def test_a_cliff_is_where_a_cache_held_much_less_than_before() -> None:
    turns = [turn(1, 0, 9_000), turn(2, 9_000, 500), turn(3, 0, 10_000), turn(4, 10_000)]
    assert cliffs(turns) == {"c3"}


def test_a_conversation_that_was_cut_short_has_no_cliff_there() -> None:
    assert cliffs([turn(1, 0, 90_000), turn(2, 1_500, fresh=500)]) == set()


def test_agents_models_and_failed_calls_are_no_cliffs_of_each_other() -> None:
    turns = [
        turn(1, 0, 9_000),
        turn(2, 0, 0, 8_000, agent="explorer"),
        turn(3, 0, 0, 8_000, model="n"),
        turn(4, 0, 0, 8_000, fault="overloaded"),
        turn(5, 9_000),
    ]
    assert cliffs(turns) == set()
