"""Owns the table of imports, and how one is undone.

Rule 1: an import is listed with its segments in one commit, and undone in one.
Rule 2: what is undone stays listed, and its files follow after a grace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.ledger.archive.segment import Segment, enter, retire
from headgate.store.sql import Connection, transaction

READING, DONE, UNDONE = "reading", "done", "undone"


class Import(NamedTuple):
    """A row of the table."""

    id: str
    kind: str
    label: str
    """what was imported, as it was named"""
    at_us: int
    state: str
    calls: int
    twice: int
    malformed: int
    first_us: int
    last_us: int
    cost_nusd: int
    detail: str
    """JSON: what was met"""


class Raced(Exception):
    """A segment that was to be replaced is gone: it was compacted meanwhile."""


_COLUMNS = ", ".join(Import._fields)
_MARKS = ", ".join("?" * len(Import._fields))


def all_imports(connection: Connection) -> list[Import]:
    """All there ever were, the oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM import ORDER BY at_us, id"  # noqa: S608 - constant text
    )
    return [Import._make(row) for row in rows.fetchall()]


def find_import(connection: Connection, id: str) -> Import | None:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM import WHERE id = ?",  # noqa: S608 - constant text
        (id,),
    )
    found = rows.fetchone()
    return None if found is None else Import._make(found)


def begin(connection: Connection, row: Import) -> None:
    """List an import that is being read; one that goes on is listed already."""
    connection.execute(
        f"INSERT INTO import ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (id) DO NOTHING",  # noqa: S608 - constant text
        row,
    )


def forget(connection: Connection, id: str) -> None:
    """One that brought nothing is not listed."""
    connection.execute("DELETE FROM import WHERE id = ? AND state = ?", (id, READING))


def finish(
    connection: Connection, row: Import, made: Sequence[Segment], gone: Sequence[str]
) -> None:
    """List an import and its segments, and those that take the place of others."""
    with transaction(connection):
        connection.execute("DELETE FROM import WHERE id = ?", (row.id,))
        begin(connection, row)
        if retire(connection, gone, row.at_us) != len(gone):
            raise Raced
        enter(connection, made)


def undo(connection: Connection, id: str, now_us: int) -> tuple[Import, int]:
    """Take an import out of the book: what it was, and how many rows are gone with it."""
    with transaction(connection):
        row = find_import(connection, id)
        if row is None or row.state == UNDONE:
            raise KeyError(id)
        found = connection.execute(
            "SELECT path, rows FROM segment WHERE import_id = ? AND gone_us IS NULL", (id,)
        ).fetchall()
        retire(connection, [path for path, _ in found], now_us)
        connection.execute("UPDATE import SET state = ? WHERE id = ?", (UNDONE, id))
    return row, sum(rows for _, rows in found)
