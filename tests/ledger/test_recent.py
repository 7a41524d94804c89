"""What is shown of the ledger while it is being written: the newest rows, each of them once."""

from __future__ import annotations

import pytest

from headgate.ledger import recent
from headgate.ledger.insert import Batch, write
from headgate.ledger.recent import Wanted
from headgate.store import keys
from headgate.store.sql import Connection
from tests.ledger.rows import INTENT, entry
from tests.stores import sign_in


@pytest.fixture(autouse=True)
def written(connection: Connection) -> None:
    sign_in(connection, 1)
    rows = [
        entry(id="a", key_id="k_1", model_asked="fast", model_served="claude-haiku-5-5"),
        entry(id="b", key_id="k_2", fault="overloaded", ending="error"),
        entry(id="c", key_id="", ending="client_gone"),
        entry(id="d", key_id="k_1"),
    ]
    write(connection, 1, Batch(1, rows, [(1, INTENT), (2, INTENT._replace(at_us=1))], []))


def ids(rows: list[recent.Row]) -> str:
    return "".join(row.entry.id for row in rows)


def test_the_last_rows_come_oldest_first(connection: Connection) -> None:
    assert ids(recent.last(connection, 3)) == "bcd"
    assert recent.last(connection, 1)[0].entry == entry(id="d", key_id="k_1")


def test_a_row_is_read_by_its_seq(connection: Connection) -> None:
    row = recent.last(connection, 2)[0]
    assert recent.at(connection, row.seq) == row


def test_following_shows_every_later_row_once(connection: Connection) -> None:
    seen = recent.newest(connection)
    assert recent.after(connection, seen) == []
    write(connection, 1, Batch(2, [entry(id="e"), entry(id="f")], [], []))
    rows = recent.after(connection, seen)
    assert ids(rows) == "ef"
    assert recent.after(connection, rows[-1].seq) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(key="k_1"), "ad"),
        (Wanted(model="haiku"), "a"),
        (Wanted(model="claude-sonnet-*"), "abcd"),
        (Wanted(model="*-haiku-*"), "a"),
        (Wanted(model="fas?"), ""),
        (Wanted(model="fas_"), ""),
        (Wanted(model="*fas?*"), ""),
        (Wanted(model="%haiku%"), ""),
        (Wanted(id="c"), "c"),
        (Wanted(faults=True), "bc"),
        (Wanted(key="k_2", faults=True), "b"),
    ],
)
def test_rows_can_be_chosen(connection: Connection, wanted: Wanted, expected: str) -> None:
    assert ids(recent.last(connection, 10, wanted)) == expected
    assert ids(recent.after(connection, 0, wanted)) == expected


def test_a_key_can_be_asked_for_by_its_name(connection: Connection) -> None:
    key, _ = keys.create(connection, "alice", now_us=1)
    write(connection, 1, Batch(2, [entry(id="e", key_id=key.id)], [], []))
    (row,) = recent.last(connection, 10, Wanted(key="alice"))
    assert (row.entry.id, row.key_name) == ("e", "alice")


def test_calls_without_an_outcome_are_listed_in_the_order_they_began(
    connection: Connection,
) -> None:
    connection.execute("UPDATE intent SET state = 'orphaned' WHERE at_us = 1")
    assert [(call.state, call.intent.at_us) for call in recent.unsettled(connection)] == [
        ("orphaned", 1),
        ("open", INTENT.at_us),
    ]
