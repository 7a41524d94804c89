"""The table of events: each once, each delivered by one process at a time."""

from __future__ import annotations

from contextlib import closing
from threading import Barrier, Thread

import pytest

from headgate.policy.event import KEPT_TRYING_S, event
from headgate.store import event as table
from headgate.store.place import Place, connect
from headgate.store.sql import Connection

NOW = 1_763_740_800_000_000
KINDS = ("budget_warning", "loop_stopped")
HOLD = 30_000_000


def noted(connection: Connection, once: str, at_us: int = NOW) -> bool:
    return table.note(connection, event(at_us, "budget_warning", "key:k", once, {"n": 1}))


def claimed(connection: Connection, now: int = NOW, most: int = 20) -> list[str]:
    return [it.once for it in table.claim(connection, KINDS, now, HOLD, most)]


def test_of_the_same_event_only_the_first_is_kept(connection: Connection) -> None:
    assert noted(connection, "a")
    assert not noted(connection, "a", NOW + 5)
    assert [it.at_us for it in table.last(connection, 9)] == [NOW]


def test_what_one_took_nobody_else_gets_until_its_time_is_over(
    connection: Connection,
) -> None:
    noted(connection, "a")
    assert claimed(connection) == ["a"]
    assert claimed(connection, NOW + HOLD - 1) == []
    assert claimed(connection, NOW + HOLD) == ["a"]
    assert table.last(connection, 1)[0].attempts == 2


def test_what_is_delivered_is_never_due_again(connection: Connection) -> None:
    noted(connection, "a")
    (taken,) = table.claim(connection, KINDS, NOW, HOLD, 9)
    table.delivered(connection, taken, "200", NOW + 1)
    assert claimed(connection, NOW + 10 * HOLD) == []
    kept = table.last(connection, 1)[0]
    assert (kept.delivered_us, kept.due_us, kept.answer) == (NOW + 1, None, "200")


def test_a_failure_that_is_told_late_takes_no_delivery_back(
    connection: Connection,
) -> None:
    noted(connection, "a")
    (taken,) = table.claim(connection, KINDS, NOW, HOLD, 9)
    table.delivered(connection, taken, "200", NOW + 1)
    table.failed(connection, taken, "500", NOW + 2)
    assert claimed(connection, NOW + 3) == []


def test_what_failed_is_due_when_it_was_said_and_never_where_that_was_said(
    connection: Connection,
) -> None:
    noted(connection, "a")
    noted(connection, "b")
    first, second = table.claim(connection, KINDS, NOW, HOLD, 9)
    table.failed(connection, first, "500", NOW + 7)
    table.failed(connection, second, "410", None)
    assert claimed(connection, NOW + 6) == []
    assert claimed(connection, NOW + 7) == ["a"]


def test_only_wanted_kinds_are_taken_the_oldest_first_and_not_too_many(
    connection: Connection,
) -> None:
    for name in "abc":
        noted(connection, name)
    assert table.claim(connection, ("loop_stopped",), NOW, HOLD, 9) == []
    assert table.claim(connection, (), NOW, HOLD, 9) == []
    assert claimed(connection, most=2) == ["a", "b"]


def test_after_a_day_an_event_is_given_up_and_stays_to_be_read(
    connection: Connection,
) -> None:
    noted(connection, "old")
    late = NOW + KEPT_TRYING_S * table.SECOND
    noted(connection, "new", late)
    assert claimed(connection, late) == ["new"]
    assert table.expire(connection, late) == 1
    assert table.expire(connection, late) == 0
    assert (table.last(connection, 9)[0].once, table.last(connection, 9)[0].due_us) == (
        "old",
        None,
    )


def test_readers_get_the_newest_and_then_what_came_after(connection: Connection) -> None:
    for name in "abc":
        noted(connection, name)
    begun = table.last(connection, 2)
    assert [it.once for it in begun] == ["b", "c"]
    noted(connection, "d")
    assert [it.once for it in table.after(connection, begun[-1].seq)] == ["d"]
    assert begun[0].event.id


def test_events_of_one_kind_are_found_since_a_moment(connection: Connection) -> None:
    for at, name in enumerate("abc"):
        noted(connection, name, NOW + at)
    found = table.of_kind(connection, "budget_warning", NOW + 1)
    assert [it.once for it in found] == ["b", "c"]
    assert not table.of_kind(connection, "loop_stopped", NOW)


@pytest.mark.slow
def test_of_many_processes_exactly_one_takes_an_event(store: Place) -> None:
    names = [f"e{n}" for n in range(30)]
    with closing(connect(store)) as connection:
        for name in names:
            noted(connection, name)
    taken: list[str] = []
    gate = Barrier(4)

    def take() -> None:
        with closing(connect(store)) as connection:
            gate.wait()
            while found := claimed(connection, most=3):
                taken.extend(found)

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(names)
