"""Stores with rows and shelves with segments, for tests of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headgate.ledger import insert
from headgate.ledger.archive.seal import Bound, Done, seal
from headgate.ledger.archive.segment import DAY_US
from headgate.ledger.book.book import open_book
from headgate.ledger.record import COLUMNS, Entry
from headgate.ledger.shelf import Folder
from headgate.store.place import Place
from headgate.store.sql import Connection, transaction
from tests.ledger.rows import entry

NOON = 20_000 * DAY_US + DAY_US // 2
"""of some day"""
ALL = Bound(2**62, 0)
NAMES = ", ".join(COLUMNS)


def add(connection: Connection, *entries: Entry) -> None:
    """Commit rows."""
    with transaction(connection):
        insert._insert_calls(connection, entries)


def rows_at(*times_us: int, **values: Any) -> list[Entry]:
    return [entry(id=f"r{n}-{at}", at_us=at, **values) for n, at in enumerate(times_us)]


def hot(connection: Connection) -> list[str]:
    """Ids of rows that are not sealed."""
    return [row[0] for row in connection.execute("SELECT id FROM call ORDER BY seq").fetchall()]


def shelf_in(folder: Path) -> Folder:
    return Folder(folder / "shelf")


def seal_all(place: Place, folder: Path, now_us: int = NOON) -> Done:
    return seal(place, shelf_in(folder), ALL, now_us)


def seal_each(
    connection: Connection, place: Place, folder: Path, times_us: Sequence[int]
) -> None:
    """A segment for each row."""
    for at_us in times_us:
        add(connection, *rows_at(at_us))
        seal_all(place, folder)


def book_of(place: Place, folder: Path) -> list[Entry]:
    """All rows there are, as they were written, by time and id."""
    with open_book(place, shelf_in(folder)) as book:
        rows = book.rows(f"SELECT {NAMES} FROM book ORDER BY at_us, id")  # noqa: S608 - our columns
    return [Entry._make(row) for row in rows]
