"""Owns one open book: all rows there are, hot, sealed and imported, as the view `book`.

Rule 1: it shows one moment; rows that are written afterwards are not in it.
Rule 2: only the segments that may hold rows of the window are opened.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from headgate.ledger.book.columns import ADDED, BOOK
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.book.hot import ALWAYS, Window, bring
from headgate.ledger.book.tongue import DUCK
from headgate.ledger.shelf import Shelf
from headgate.store.place import Place

_AS_WRITTEN = "union_by_name = true, hive_partitioning = false"
"""a folder above the shelf may be called like a column: it says nothing about its rows"""


class Book:
    """Answers questions about rows; used by one thread at a time."""

    tongue = DUCK

    def __init__(self, duck: Duck, window: Window) -> None:
        self.duck = duck
        self.window = window
        self.spent: dict[tuple[int, int], int] = {}
        """by the time that is looked at what it cost, once somebody has asked"""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All that a question finds."""
        return self.duck.execute(sql, list(parameters)).fetchall()

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The one row that a question finds."""
        (found,) = self.duck.execute(sql, list(parameters)).fetchall()
        return found

    def records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The same rows, by the names of their columns."""
        answer = self.duck.execute(sql, list(parameters))
        names = [str(column[0]) for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    @functools.cached_property
    def sources(self) -> list[str]:
        """Where its rows come from."""
        return [row[0] for row in self.rows("SELECT DISTINCT source FROM book ORDER BY 1")]


@contextlib.contextmanager
def open_book(
    place: Place, shelf: Shelf, window: Window = ALWAYS, *, spill: str = ""
) -> Iterator[Book]:
    """The book of a store and what was sealed from it."""
    duck = open_duck(spill=spill)
    try:
        segments = bring(duck, place, window)
        files = shelf.fetch([it.path for it in segments])
        lay(duck, files, window)
        yield Book(duck, window)
    finally:
        duck.close()


@contextlib.contextmanager
def open_files(files: Sequence[Path], window: Window = ALWAYS) -> Iterator[Book]:
    """The book of some files alone, such as an import that is not kept."""
    duck = open_duck()
    try:
        columns = ", ".join(f"{it.name} {it.kind}" for it in BOOK)
        duck.execute(f"CREATE TABLE hot ({columns})")
        lay(duck, files, window)
        yield Book(duck, window)
    finally:
        duck.close()


def lay(duck: Duck, files: Sequence[Path], window: Window) -> None:
    """Make the view `book` of the table `hot` and these files."""
    there = {row[0] for row in duck.execute("DESCRIBE hot").fetchall()}
    added = [
        f"CAST({it.default} AS {it.kind}) AS {it.name}" for it in ADDED if it.name not in there
    ]
    hot = ", ".join(["*", *added])
    sealed = "".join(
        f" UNION ALL BY NAME {_select(alike, lacking)}"
        for lacking, alike in _by_schema(duck, files).items()
    )
    duck.execute(
        f"CREATE OR REPLACE VIEW book AS SELECT * FROM (SELECT {hot} FROM hot{sealed})"  # noqa: S608 - the same
        f" WHERE at_us >= {window.since_us:d} AND at_us < {window.until_us:d}"
    )


def _select(files: Sequence[Path], lacking: frozenset[str]) -> str:
    columns = ", ".join(
        f"CAST({it.default} AS {it.kind}) AS {it.name}" if it.name in lacking else it.name
        for it in BOOK
    )
    return f"SELECT {columns} FROM read_parquet({_listed(files)}, {_AS_WRITTEN})"  # noqa: S608 - our own paths


def _by_schema(duck: Duck, files: Sequence[Path]) -> dict[frozenset[str], list[Path]]:
    """Files that lack the same columns, because they are older than those."""
    if not files:
        return {}
    here = {str(file): file for file in files}
    found: dict[frozenset[str], list[Path]] = {}
    names = frozenset(it.name for it in BOOK)
    rows = duck.execute(
        f"SELECT file_name, list(name) FROM parquet_schema({_listed(files)}) GROUP BY file_name"  # noqa: S608 - the same
    ).fetchall()
    for file, there in rows:
        found.setdefault(names - frozenset(there), []).append(here[file])
    return {lacking: sorted(alike) for lacking, alike in found.items()}


def _listed(files: Sequence[Path]) -> str:
    return f"[{', '.join(map(_quoted, files))}]"


def _quoted(path: Path) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"
