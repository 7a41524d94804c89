"""The table of events: each once, each delivered by one process at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest

from headgate.policy.event import KEPT_TRYING_S, event
from headgate.store import event as table
from headgate.store.sqlite import connect

NOW = 1_763_740_800_000_000
KINDS = ("budget_warning", "loop_stopped")
HOLD = 30_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "headgate.db")) as connection:
        yield connection


def noted(connection: sqlite3.Connection, once: str, at_us: int = NOW) -> bool:
    return table.note(connection, event(at_us, "budget_warning", "key:k", once, {"n": 1}))


def claimed(connection: sqlite3.Connection, now: int = NOW, most: int = 20) -> list[str]:
    return [it.once for it in table.claim(connection, KINDS, now, HOLD, most)]


def test_of_the_same_event_only_the_first_is_kept(ledger: sqlite3.Connection) -> None:
    assert noted(ledger, "a")
    assert not noted(ledger, "a", NOW + 5)
    assert [it.at_us for it in table.last(ledger, 9)] == [NOW]


def test_what_one_took_nobody_else_gets_until_its_time_is_over(
    ledger: sqlite3.Connection,
) -> None:
    noted(ledger, "a")
    assert claimed(ledger) == ["a"]
    assert claimed(ledger, NOW + HOLD - 1) == []
    assert claimed(ledger, NOW + HOLD) == ["a"]
    assert table.last(ledger, 1)[0].attempts == 2


def test_what_is_delivered_is_never_due_again(ledger: sqlite3.Connection) -> None:
    noted(ledger, "a")
    (taken,) = table.claim(ledger, KINDS, NOW, HOLD, 9)
    table.delivered(ledger, taken, "200", NOW + 1)
    assert claimed(ledger, NOW + 10 * HOLD) == []
    kept = table.last(ledger, 1)[0]
    assert (kept.delivered_us, kept.due_us, kept.answer) == (NOW + 1, None, "200")


def test_a_failure_that_is_told_late_takes_no_delivery_back(
    ledger: sqlite3.Connection,
) -> None:
    noted(ledger, "a")
    (taken,) = table.claim(ledger, KINDS, NOW, HOLD, 9)
    table.delivered(ledger, taken, "200", NOW + 1)
    table.failed(ledger, taken, "500", NOW + 2)
    assert claimed(ledger, NOW + 3) == []


def test_what_failed_is_due_when_it_was_said_and_never_where_that_was_said(
    ledger: sqlite3.Connection,
) -> None:
    noted(ledger, "a")
    noted(ledger, "b")
    first, second = table.claim(ledger, KINDS, NOW, HOLD, 9)
    table.failed(ledger, first, "500", NOW + 7)
    table.failed(ledger, second, "410", None)
    assert claimed(ledger, NOW + 6) == []
    assert claimed(ledger, NOW + 7) == ["a"]


def test_only_wanted_kinds_are_taken_the_oldest_first_and_not_too_many(
    ledger: sqlite3.Connection,
) -> None:
    for name in "abc":
        noted(ledger, name)
    assert table.claim(ledger, ("loop_stopped",), NOW, HOLD, 9) == []
    assert table.claim(ledger, (), NOW, HOLD, 9) == []
    assert claimed(ledger, most=2) == ["a", "b"]


def test_after_a_day_an_event_is_given_up_and_stays_to_be_read(
    ledger: sqlite3.Connection,
) -> None:
    noted(ledger, "old")
    late = NOW + KEPT_TRYING_S * table.SECOND
    noted(ledger, "new", late)
    assert claimed(ledger, late) == ["new"]
    assert table.expire(ledger, late) == 1
    assert table.expire(ledger, late) == 0
    assert (table.last(ledger, 9)[0].once, table.last(ledger, 9)[0].due_us) == ("old", None)


def test_readers_get_the_newest_and_then_what_came_after(ledger: sqlite3.Connection) -> None:
    for name in "abc":
        noted(ledger, name)
    begun = table.last(ledger, 2)
    assert [it.once for it in begun] == ["b", "c"]
    noted(ledger, "d")
    assert [it.once for it in table.after(ledger, begun[-1].seq)] == ["d"]
    assert begun[0].event.id


@pytest.mark.slow
def test_of_many_processes_exactly_one_takes_an_event(tmp_path: Path) -> None:
    path, names = tmp_path / "headgate.db", [f"e{n}" for n in range(30)]
    with closing(connect(path)) as connection:
        for name in names:
            noted(connection, name)
    taken: list[str] = []
    gate = Barrier(4)

    def take() -> None:
        with closing(connect(path)) as connection:
            gate.wait()
            while found := claimed(connection, most=3):
                taken.extend(found)

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(names)
