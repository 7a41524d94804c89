"""Decides how a batch of rows becomes SQL: the fewest steps, in one transaction.

Rule 1: Python's sqlite3 drops and retakes the interpreter lock at every step, and under a busy
event loop each retake may wait for a time slice; so rows are inserted many to a statement.
Rule 2: what each account spent on each day is summed in the transaction that writes the rows.
Rule 3: a batch carries its number: one that was committed, although the commit reported an
error, is recognised and not written twice.
Rule 4: rows get their seq one transaction after the other, so that whoever follows them by it
misses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from headgate.ledger import spent
from headgate.ledger.owner import OPEN, ORPHANED, SHIFT
from headgate.ledger.record import COLUMNS, Entry, Intent
from headgate.store.sql import COMMITS, Connection, alone, on_file, transaction

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
    mark: int = 0
    """what intents are numbered by: Owner.mark; 0: the owner's own number"""


class Buried(Exception):
    """The owner is not signed in any more: it was taken for dead."""


def _texts(table: str, columns: Sequence[str]) -> dict[int, str]:
    row = "(" + ", ".join("?" * len(columns)) + ")"
    head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - constant text
    return {size: head + ", ".join([row] * size) for size in SIZES}


_CALLS = _texts("call", COLUMNS)
_INTENTS = _texts("intent", ("n", "owner", "state", *Intent._fields))


def write(connection: Connection, owner: int, batch: Batch) -> None:
    """Commit the batch, unless this owner has committed that number already."""
    mark = batch.mark or owner
    with transaction(connection):
        fresh = connection.execute(
            "UPDATE owner SET batch = ? WHERE n = ? AND batch < ?",
            (batch.number, owner, batch.number),
        )
        if not fresh.rowcount:
            there = connection.execute("SELECT 1 FROM owner WHERE n = ?", (owner,))
            if there.fetchone() is None:
                raise Buried
            return
        high = mark << SHIFT
        intents = [(high | n, owner, OPEN, *intent) for n, intent in batch.intents]
        _insert(connection, _INTENTS, intents)
        spent.add(connection, owner, spent.of_entries(batch.entries))
        if batch.closed:
            _close(connection, [high | n for n in batch.closed], came_back=mark != owner)
        if batch.entries:
            alone(connection, COMMITS)
            _insert(connection, _CALLS, batch.entries)


def _close(connection: Connection, numbers: list[int], *, came_back: bool) -> None:
    """Forget intents whose outcome is known now."""
    these, values = "(SELECT value FROM json_each(?))", f"[{','.join(map(str, numbers))}]"
    if not on_file(connection):
        these, values = "(SELECT unnest(CAST(? AS BIGINT[])))", f"{{{values[1:-1]}}}"
    if came_back:
        columns = ", ".join(Intent._fields)
        rows = connection.execute(
            f"SELECT {columns} FROM intent WHERE n IN {these} AND state = ?",  # noqa: S608 - constant text
            (values, ORPHANED),
        )
        wrongly = spent.of_orphans([Intent._make(row) for row in rows.fetchall()])
        spent.add(connection, spent.GONE, wrongly, back=True)
    connection.execute(f"DELETE FROM intent WHERE n IN {these}", (values,))  # noqa: S608 - constant text


def _insert(
    connection: Connection, texts: dict[int, str], rows: Sequence[tuple[object, ...]]
) -> None:
    at, left = 0, len(rows)
    for size in SIZES:
        while left >= size:
            connection.execute(texts[size], tuple(chain.from_iterable(rows[at : at + size])))
            at += size
            left -= size
