"""The bank in headgate.db: for processes of one machine, which share the file.

Rule 1: an exchange is one write transaction: nobody else is granted anything meanwhile.
Rule 2: it waits for no disk: whoever holds a lease dies in the same power cut as the lease.
Rule 3: a process counts as long as the table of owners names it; who buries it there, in one
transaction with what its running calls are charged, takes its leases away.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from headgate.policy.bucket import Bucket
from headgate.store import sqlite
from headgate.store.bank import Answer, BankError, Flow, OwnerGone, Stock
from headgate.store.bank.books import (
    Books,
    Decision,
    Held,
    Lease,
    Spend,
    decide,
    flows_of,
    leases_of,
    spends_of,
)
from headgate.store.sql import StoreError

_LEASES = """
SELECT ask.key, lease.owner, lease.granted FROM json_each(?) AS ask
CROSS JOIN lease ON lease.account = json_extract(ask.value, '$[0]')
  AND lease.span = json_extract(ask.value, '$[1]')
JOIN owner ON owner.n = lease.owner
"""
# In two halves, because a sum that does not fit into 64 bits would be an error.
_SPENDS = """
SELECT ask.key, spend.owner, sum(spend.cost_nusd >> 20), sum(spend.cost_nusd & 1048575)
FROM json_each(?) AS ask
CROSS JOIN spend ON spend.account = json_extract(ask.value, '$[0]')
  AND spend.day BETWEEN json_extract(ask.value, '$[1]') AND json_extract(ask.value, '$[2]')
GROUP BY 1, 2
"""
_FLOWS = """
SELECT flow.account, flow.level, flow.at_us FROM json_each(?) AS ask
CROSS JOIN flow ON flow.account = ask.value
"""
_GRANT = """
INSERT INTO lease (account, span, owner, granted) VALUES (?, ?, ?, ?)
ON CONFLICT (account, span, owner) DO UPDATE SET granted = excluded.granted
"""
_RETURN = "DELETE FROM lease WHERE account = ? AND span = ? AND owner = ?"
_DRAW = """
INSERT INTO flow (account, level, at_us) VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET level = excluded.level, at_us = excluded.at_us
"""


class SqliteBank:
    """Grants shares to one of the processes that have the file open."""

    def __init__(
        self, path: Path, owner: int, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self.owner = owner
        self._path = path
        self._now_us = now_us
        self._held = Held()
        self._file = -1
        """which file it was that we opened"""
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except StoreError as error:
            raise BankError(error.what, error.why) from error

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        """Answer all of it in one transaction."""
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                answers = self._answer(connection, asks)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except OwnerGone:
            self._hang_up()
            raise
        except (OSError, sqlite3.Error, StoreError) as error:
            self._held.doubt(asks)
            explained = sqlite.explain(error, self._path)
            raise BankError(explained.what, explained.why) from error
        self._held.note(asks, answers)
        return answers

    def close(self) -> None:
        """Give everything back."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute("DELETE FROM lease WHERE owner = ?", (self.owner,))
        except sqlite3.Error as error:
            explained = sqlite.explain(error, self._path)
            raise BankError(explained.what, explained.why) from error
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        """The connection; another one if the file was replaced, as the ledger's writer does."""
        if self._connection is not None:
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self._path).st_ino == self._file:
                    return self._connection
            self._hang_up()
        connection = sqlite.connect(self._path)
        connection.execute("PRAGMA synchronous = NORMAL")
        self._file = os.stat(self._path).st_ino
        self._connection = connection
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _answer(
        self, connection: sqlite3.Connection, asks: Sequence[Stock | Flow]
    ) -> list[Answer]:
        known = connection.execute("SELECT 1 FROM owner WHERE n = ?", (self.owner,))
        if known.fetchone() is None:
            raise OwnerGone("this process is no longer among the owners of the ledger")
        books = _read(connection, asks, self._now_us())
        decision = decide(asks, self.owner, books)
        over = self._held.over(asks, books.now_us)
        self._write(connection, decision, over)
        self._held.drop(over)
        return decision.answers

    def _write(
        self, connection: sqlite3.Connection, decision: Decision, over: Sequence[Lease]
    ) -> None:
        grown = [(*key, self.owner, n) for key, n in decision.leases.items() if n]
        gone = [key for key, n in decision.leases.items() if not n]
        connection.executemany(_GRANT, grown)
        connection.executemany(_RETURN, [(*key, self.owner) for key in (*gone, *over)])
        connection.executemany(_DRAW, [(name, *it) for name, it in decision.flows.items()])


def _read(connection: sqlite3.Connection, asks: Sequence[Stock | Flow], now_us: int) -> Books:
    pots, accounts, flows = leases_of(asks), spends_of(asks), flows_of(asks)
    leases: dict[Lease, dict[int, int]] = {}
    spends: dict[Spend, dict[int, int]] = {}
    if pots:
        for at, owner, granted in connection.execute(_LEASES, (json.dumps(pots),)):
            leases.setdefault(pots[at], {})[owner] = granted
    if accounts:
        for at, owner, high, low in connection.execute(_SPENDS, (json.dumps(accounts),)):
            spends.setdefault(accounts[at], {})[owner] = (high << 20) + low
    taken: dict[str, Bucket] = {}
    if flows:
        for name, level, at_us in connection.execute(_FLOWS, (json.dumps(flows),)):
            taken[name] = Bucket(level, at_us)
    return Books(now_us, leases, spends, taken)
