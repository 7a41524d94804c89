"""Decides how a batch of rows becomes SQL: the fewest steps, in one transaction.

Rule 1: Python's sqlite3 drops and retakes the interpreter lock at every step, and under a busy
event loop each retake may wait for a time slice; so rows are inserted many to a statement.
Rule 2: what each account spent on each day is summed in the transaction that writes the rows.
Rule 3: a batch carries its number: one that was committed, although the commit reported an
error, is recognised and not written twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from headgate.ledger.owner import OPEN, SHIFT
from headgate.ledger.record import COLUMNS, Entry, Intent

SIZES = (64, 8, 1)
"""Rows per statement. One text per size, so that each stays prepared."""


class Batch(NamedTuple):
    """What one commit writes."""

    number: int
    entries: Sequence[Entry]
    intents: Sequence[tuple[int, Intent]]
    """(handle, intent) of calls still running"""
    closed: Sequence[int]
    """handles of committed intents whose outcome is among the entries"""


def _texts(table: str, columns: Sequence[str]) -> dict[int, str]:
    row = "(" + ", ".join("?" * len(columns)) + ")"
    head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - constant text
    return {size: head + ", ".join([row] * size) for size in SIZES}


_CALLS = _texts("call", COLUMNS)
_INTENTS = _texts("intent", ("n", "owner", "state", *Intent._fields))


_SPENT = """
INSERT INTO spend (account, day, owner, calls, cost_nusd) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, day, owner) DO UPDATE SET
  calls = spend.calls + excluded.calls,
  cost_nusd = CASE WHEN spend.cost_nusd > 2305843009213693952 THEN spend.cost_nusd
    ELSE spend.cost_nusd + excluded.cost_nusd END
"""
DAY_US = 86_400_000_000
LARGEST_SUM = 2**60
"""no sum grows by more at once, nor beyond twice that and this: it stays within 64 bits"""


def write(connection: sqlite3.Connection, owner: int, batch: Batch) -> None:
    """Commit the batch, unless this owner has committed that number already."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        fresh = connection.execute(
            "UPDATE owner SET batch = ?1 WHERE n = ?2 AND batch < ?1", (batch.number, owner)
        )
        if fresh.rowcount:
            high = owner << SHIFT
            intents = [(high | n, owner, OPEN, *intent) for n, intent in batch.intents]
            _insert(connection, _INTENTS, intents)
            _insert(connection, _CALLS, batch.entries)
            connection.executemany(_SPENT, _charges(owner, batch.entries))
            if batch.closed:
                connection.execute(
                    "DELETE FROM intent WHERE n IN (SELECT value FROM json_each(?))",
                    (f"[{','.join([str(high | n) for n in batch.closed])}]",),
                )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _charges(owner: int, entries: Sequence[Entry]) -> list[tuple[str, int, int, int, int]]:
    """(account, day, owner, calls, cost) of what these rows add to each account."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for row in entries:
        day, cost = row.at_us // DAY_US, row.cost_nusd
        for account in row.charged.split():
            calls, spent = sums.get((account, day), (0, 0))
            sums[account, day] = (calls + 1, spent + cost)
    return [
        (account, day, owner, calls, min(spent, LARGEST_SUM))
        for (account, day), (calls, spent) in sums.items()
    ]


def _insert(
    connection: sqlite3.Connection, texts: dict[int, str], rows: Sequence[tuple[object, ...]]
) -> None:
    at, left = 0, len(rows)
    for size in SIZES:
        while left >= size:
            connection.execute(texts[size], tuple(chain.from_iterable(rows[at : at + size])))
            at += size
            left -= size
