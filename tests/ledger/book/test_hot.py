"""Rows that are not sealed yet come into the book whole, from a file and from a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.book.hot import Window, bring
from headgate.ledger.insert import Batch, write
from headgate.ledger.record import COLUMNS, Entry
from headgate.policy.prefix import PAIR
from headgate.store.place import Place, connect
from headgate.store.server import Server
from headgate.store.sql import Connection, StoreError
from tests.ledger.any_rows import entries
from tests.ledger.rows import entry
from tests.stores import empty, sign_in

AGAIN = settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def duck() -> Iterator[Duck]:
    duck = open_duck()
    yield duck
    duck.close()


def keep(connection: Connection, *rows: Entry) -> None:
    sign_in(connection, 7)
    write(connection, 7, Batch(1, list(rows), [], []))


def brought(duck: Duck) -> list[Entry]:
    names = ", ".join(COLUMNS)
    found = duck.execute(f"SELECT {names} FROM hot ORDER BY seq").fetchall()  # noqa: S608 - constant text
    return [Entry._make(row) for row in found]


def list_segment(connection: Connection, path: str, first_us: int, last_us: int) -> None:
    connection.execute(
        "INSERT INTO segment VALUES (?, 20413, 1, 2, 2, 10, ?, ?, ?, '', 0, NULL)",
        (path, first_us, last_us, b"\0"),
    )


@pytest.mark.slow
@AGAIN
@given(rows=st.lists(entries(), max_size=6))
def test_every_row_comes_as_it_was_written(
    duck: Duck, store: Place, connection: Connection, rows: list[Entry]
) -> None:
    rows = [it._replace(at_us=it.at_us % 2**61, **_absent(it)) for it in rows]
    empty(connection)
    keep(connection, *rows)
    bring(duck, store)
    assert brought(duck) == rows


def _absent(it: Entry) -> dict[str, Any]:
    """What is empty and may be absent is absent: the two mean the same."""
    names = ("tries_json", "prefix", "reply_hash")
    return {name: getattr(it, name) or None for name in names}


def test_what_is_absent_in_a_thousand_rows_is_there_in_the_next(
    duck: Duck, store: Place, connection: Connection
) -> None:
    rows = [entry(id=f"r{n}") for n in range(1_500)]
    rows.append(entry(id="last", tries_json="[]", prefix=b"\1" * 12, reply_hash=b"\2" * 8))
    keep(connection, *rows)
    bring(duck, store)
    assert brought(duck) == rows


def test_what_sealing_derives_is_there_before_sealing(
    duck: Duck, store: Place, connection: Connection
) -> None:
    pairs = PAIR.pack(b"\1" * 8, 5_000) + PAIR.pack(b"\2" * 8, 9_000)
    keep(connection, entry(prefix=pairs, opening="system"))
    bring(duck, store)
    found = duck.execute("SELECT head, head_bytes, cover FROM hot").fetchall()
    assert found == [(0x0101010101010101, 5_000, [5_000, 9_000])]


def test_only_rows_and_segments_of_the_window_are_brought(
    duck: Duck, store: Place, connection: Connection
) -> None:
    keep(connection, *(entry(id=f"r{n}", at_us=n) for n in (10, 20, 30)))
    list_segment(connection, "calls/day=2025-11-20/seg-a.parquet", 1, 9)
    list_segment(connection, "calls/day=2025-11-20/seg-b.parquet", 5, 10)
    list_segment(connection, "calls/day=2025-11-20/seg-c.parquet", 30, 40)
    segments = bring(duck, store, Window(10, 30))
    assert [it.id for it in brought(duck)] == ["r10", "r20"]
    assert [(it.path[-13:], it.rows, it.last_us) for it in segments] == [
        ("seg-b.parquet", 2, 10)
    ]


def test_a_segment_that_was_replaced_is_not_listed(
    duck: Duck, store: Place, connection: Connection
) -> None:
    list_segment(connection, "calls/day=2025-11-20/seg-a.parquet", 1, 9)
    connection.execute("UPDATE segment SET gone_us = 5")
    assert bring(duck, store) == []


def test_an_empty_store_is_an_empty_book(
    duck: Duck, store: Place, connection: Connection
) -> None:
    assert bring(duck, store) == []
    assert brought(duck) == []


def test_a_ledger_that_is_not_there_is_said_with_what_makes_one(
    duck: Duck, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=r"(?s)no ledger at .*headgate up"):
        bring(duck, tmp_path / "none.db")


def test_a_missing_driver_is_said_with_the_extra_that_brings_it(
    duck: Duck, server_store: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(StoreError, match=r"(?s)adbc-driver-postgresql.*headgate\[postgres\]"):
        bring(duck, server_store)


def test_a_server_that_is_gone_is_said_without_its_password(duck: Duck) -> None:
    server = Server("postgresql://somebody:hidden@127.0.0.1:1/ledger")
    with pytest.raises(StoreError, match="nothing listens there") as refused:
        bring(duck, server)
    assert "hidden" not in str(refused.value)


def test_a_file_that_is_no_ledger_is_said(duck: Duck, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"not a database at all, but long enough to be taken for one" * 30)
    with pytest.raises(StoreError):
        bring(duck, path)


def test_a_writer_is_not_kept_waiting_while_rows_are_brought(
    duck: Duck, store: Place, connection: Connection
) -> None:
    keep(connection, entry(id="before"))
    bring(duck, store)
    other = connect(store)
    write(other, 7, Batch(2, [entry(id="after")], [], []))
    other.close()
    assert [it.id for it in brought(duck)] == ["before"]
