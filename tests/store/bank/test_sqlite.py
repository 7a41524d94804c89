"""The bank in a file survives what becomes of the file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from headgate.ledger import owner
from headgate.policy.cap import Span
from headgate.store.bank import BankError, Flow, OwnerGone, Stock
from headgate.store.bank.sqlite import SqliteBank
from headgate.store.sqlite import connect

ASK = Stock("key:k day", "key:k", Span(1, 1), 100, 60, 1)


def start(path: Path) -> SqliteBank:
    connection = connect(path)
    me, _ = owner.enter(connection, path)
    connection.close()
    return SqliteBank(path, me.n)


def test_the_time_is_asked_for_when_the_file_is_ours_alone(tmp_path: Path) -> None:
    path, now = tmp_path / "headgate.db", [10**15]
    start(path).close()
    connection = connect(path)
    me, _ = owner.enter(connection, path)
    connection.close()
    bank = SqliteBank(path, me.n, lambda: now[0])
    flow = Flow("f", 60, 1, 1, 1)
    assert bank.exchange([flow])[0].granted == 1
    now[0] += 999_000
    refused = bank.exchange([flow])[0]
    assert (refused.granted, refused.wait_s) == (0, 0.001)
    now[0] += 1_000
    assert bank.exchange([flow])[0].granted == 1
    bank.close()


def test_a_file_that_was_replaced_is_noticed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    bank = start(path)
    bank.exchange([ASK])
    for each in tmp_path.glob("headgate.db*"):
        if each.is_file():
            each.unlink()
    with pytest.raises(OwnerGone):
        bank.exchange([ASK])
    connection = connect(path)
    assert connection.execute("SELECT count(*) FROM lease").fetchone() == (0,)
    connection.close()
    bank.close()


def test_a_file_that_cannot_be_used_is_said_in_words_and_recovered_from(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    bank = start(path)
    assert bank._connection is not None
    bank._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(BankError, match="cannot be used"):
        bank.exchange([ASK])
    bank._connection.execute("PRAGMA query_only = OFF")
    assert bank.exchange([ASK])[0].granted == 60
    bank.close()


def test_a_place_that_is_no_ledger_is_refused_when_opened(tmp_path: Path) -> None:
    (tmp_path / "headgate.db").write_text("no database at all, but quite long" * 100)
    with pytest.raises(BankError, match="not an SQLite database"):
        SqliteBank(tmp_path / "headgate.db", 1)


def test_an_exchange_waits_for_no_disk_and_writes_nothing_if_nothing_changes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "headgate.db"
    bank = start(path)
    assert bank._connection is not None
    assert bank._connection.execute("PRAGMA synchronous").fetchone() == (1,)
    bank.exchange([ASK])
    size = (tmp_path / "headgate.db-wal").stat().st_size
    before = bank._connection.total_changes
    for _ in range(10):
        bank.exchange([ASK])
    assert bank._connection.total_changes == before
    assert (tmp_path / "headgate.db-wal").stat().st_size == size
    bank.close()


def test_a_sum_that_fits_into_no_column_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    bank = start(path)
    connection = connect(path)
    rows = [("key:k", 1, n, 1, 2**62) for n in range(10, 20)] + [("key:k", 1, 0, 1, -5)]
    connection.executemany("INSERT INTO spend VALUES (?, ?, ?, ?, ?)", rows)
    assert bank.exchange([ASK])[0].spent == 10 * 2**62 - 5
    connection.close()
    bank.close()


def test_the_indexes_are_used_whatever_is_asked(tmp_path: Path) -> None:
    from headgate.store.bank import sqlite

    connection = connect(tmp_path / "headgate.db")
    for text in (sqlite._LEASES, sqlite._SPENDS, sqlite._FLOWS):
        plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", (json.dumps([]),)).fetchall()
        steps = " ".join(row[3] for row in plan)
        for table in ("lease", "spend", "flow"):
            assert f"SCAN {table}" not in steps, steps
    connection.close()


def test_closing_twice_is_closing(tmp_path: Path) -> None:
    bank = start(tmp_path / "headgate.db")
    bank.exchange([ASK])
    bank.close()
    bank.close()
    with sqlite3.connect(tmp_path / "headgate.db") as connection:
        assert connection.execute("SELECT count(*) FROM lease").fetchone() == (0,)
    connection.close()
