"""A batch is one transaction: all of it, once, whatever its size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.insert import SIZES, Batch, write
from headgate.ledger.record import COLUMNS, Entry
from headgate.store.schema import migrate
from tests.ledger.any_rows import entries
from tests.ledger.rows import INTENT, entry


def opened() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    connection.execute("INSERT INTO owner VALUES (7, 'lock', 1, 0, 0)")
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = opened()
    yield connection
    connection.close()


def rows(connection: sqlite3.Connection) -> list[Entry]:
    found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM call ORDER BY seq")  # noqa: S608 - constant text
    return [Entry._make(row) for row in found]


@pytest.mark.slow
@settings(max_examples=25)
@given(batch=st.lists(entries(), max_size=20))
def test_every_value_comes_back_as_it_was_put_in(batch: list[Entry]) -> None:
    connection = opened()
    write(connection, 7, Batch(1, batch, [], []))
    assert rows(connection) == batch
    connection.close()


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 63, 64, 65, 200])
def test_a_batch_of_any_size_is_written_whole_and_in_order(
    connection: sqlite3.Connection, count: int
) -> None:
    batch = [entry(id=f"req-{n}") for n in range(count)]
    intents = [(n, INTENT._replace(id=f"i-{n}")) for n in range(count)]
    write(connection, 7, Batch(1, batch, intents, []))
    assert rows(connection) == batch
    assert connection.execute("SELECT count(*) FROM intent").fetchone() == (count,)


def test_sizes_end_in_one_so_that_nothing_is_left_over() -> None:
    assert list(SIZES) == sorted(SIZES, reverse=True)
    assert SIZES[-1] == 1


def test_a_batch_whose_number_was_committed_is_not_written_again(
    connection: sqlite3.Connection,
) -> None:
    write(connection, 7, Batch(3, [entry()], [], []))
    write(connection, 7, Batch(3, [entry()], [], []))
    assert len(rows(connection)) == 1


def test_an_outcome_closes_the_intent_of_its_own_owner_only(
    connection: sqlite3.Connection,
) -> None:
    connection.execute("INSERT INTO owner VALUES (8, 'lock8', 1, 0, 0)")
    write(connection, 7, Batch(1, [], [(5, INTENT)], []))
    write(connection, 8, Batch(1, [], [(5, INTENT)], []))
    write(connection, 7, Batch(2, [entry()], [], [5]))
    assert connection.execute("SELECT owner FROM intent").fetchall() == [(8,)]


def test_two_calls_with_the_same_id_both_have_their_row(connection: sqlite3.Connection) -> None:
    write(connection, 7, Batch(1, [entry(id="same", status=200)], [], []))
    write(connection, 7, Batch(2, [entry(id="same", status=500)], [], []))
    assert [row.status for row in rows(connection)] == [200, 500]


def test_a_batch_that_fails_half_way_leaves_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        write(connection, 7, Batch(1, [entry(), entry(status=None)], [(1, INTENT)], []))
    assert rows(connection) == []
    assert connection.execute("SELECT count(*) FROM intent").fetchone() == (0,)
    write(connection, 7, Batch(1, [entry()], [], []))
    assert len(rows(connection)) == 1
