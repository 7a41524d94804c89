"""One text of SQL, said to either kind of store."""

from __future__ import annotations

import contextlib
import threading

import pytest

from headgate.store.place import Place, connect
from headgate.store.sql import (
    COMMITS,
    ERRORS,
    Connection,
    StoreError,
    alone,
    alone_now,
    moment,
    on_file,
    transaction,
)

COUNT = "SELECT value FROM meta WHERE name = 'keys_version'"
MORE = "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'"


def test_a_transaction_is_all_or_nothing(connection: Connection) -> None:
    def half() -> None:
        with transaction(connection):
            connection.execute(MORE)
            assert connection.in_transaction
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert not connection.in_transaction
    assert connection.execute(COUNT).fetchone() == (0,)
    with transaction(connection):
        connection.execute(MORE)
    assert connection.execute(COUNT).fetchone() == (1,)


def test_a_statement_that_fails_ends_its_transaction_and_not_the_connection(
    connection: Connection,
) -> None:
    def twice() -> None:
        with transaction(connection):
            connection.execute(MORE)
            connection.execute("INSERT INTO meta (name, value) VALUES ('keys_version', 1)")

    with pytest.raises(ERRORS):
        twice()
    assert connection.execute(COUNT).fetchone() == (0,)


def test_a_moment_is_one_state_whatever_others_write(
    connection: Connection, store: Place
) -> None:
    with contextlib.closing(connect(store)) as other, moment(connection):
        before = connection.execute(COUNT).fetchone()
        other.execute(MORE)
        assert connection.execute(COUNT).fetchone() == before
    assert connection.execute(COUNT).fetchone() == (1,)


def test_values_come_back_as_they_were_given(connection: Connection) -> None:
    values = (2**63 - 1, -(2**63), 0, "a'?é\u2028%s", "", b"\0\xff", None)
    sql = "SELECT ?, ?, CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?"
    assert connection.execute(sql, values).fetchone() == values


def test_a_question_mark_within_quotes_is_no_place_for_a_value(connection: Connection) -> None:
    assert connection.execute("SELECT '?', CAST(? AS BIGINT)", (7,)).fetchone() == ("?", 7)


def test_a_value_may_be_named_twice_by_its_number(connection: Connection) -> None:
    sql = "SELECT CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?1 AS BIGINT)"
    assert connection.execute(sql, (7, 8)).fetchone() == (7, 8, 7)


def test_sums_of_whole_numbers_are_whole(connection: Connection) -> None:
    (total,) = connection.execute("SELECT sum(value) FROM meta").fetchone()
    assert isinstance(total, int)


def test_what_may_be_done_by_one_at_a_time_waits_for_the_other(
    store: Place, connection: Connection
) -> None:
    order: list[str] = []

    def second() -> None:
        with contextlib.closing(connect(store)) as other, transaction(other):
            alone(other, COMMITS)
            order.append("second")

    with transaction(connection):
        alone(connection, COMMITS)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_what_somebody_else_is_at_can_be_left_to_them(
    store: Place, connection: Connection
) -> None:
    if on_file(connection):
        assert alone_now(connection, COMMITS)  # a file has one writer anyway
        return
    with contextlib.closing(connect(store)) as other, transaction(connection):
        assert alone_now(connection, COMMITS)
        with transaction(other):
            assert not alone_now(other, COMMITS)


def test_a_trouble_names_the_remedy_and_can_be_told_without_the_place() -> None:
    error = StoreError("the ledger /x is full", "make room", why="it is full")
    assert str(error) == "the ledger /x is full\n\nhint: make room"
    assert (error.why, StoreError("plain").why) == ("it is full", "plain")
