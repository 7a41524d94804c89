"""Segments for tests: files of rows that differ from a plain call in a few columns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headgate.ledger.book.book import Book, open_files
from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.book.hot import ALWAYS, Window

DAY_US = 86_400_000_000
MONDAY_US = 20_402 * DAY_US
"""2025-11-10"""
PLAIN: dict[str, Any] = {
    "at_us": MONDAY_US,
    "surface": "messages",
    "key_id": "k_1",
    "provider": "anthropic",
    "credential": "house",
    "model_sent": "claude-sonnet-5-5",
    "status": 200,
    "ending": "complete",
    "stream": 1,
    "tries": 1,
    "priced_by": "catalog",
    "usage_from": "provider",
}


def fill(duck: Duck, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make the table `filled` of rows, with all columns of the book."""
    duck.execute(
        f"CREATE OR REPLACE TABLE filled ({', '.join(f'{it.name} {it.kind}' for it in BOOK)})"
    )
    for number, row in enumerate(rows):
        full = {"id": f"call-{number:05d}", **PLAIN, **row}
        values = ", ".join(
            f"CAST(? AS {it.kind})" if it.name in full else it.default for it in BOOK
        )
        given = [full[it.name] for it in BOOK if it.name in full]
        assert len(given) == len(full), set(full) - {it.name for it in BOOK}
        duck.execute(f"INSERT INTO filled VALUES ({values})", given)  # noqa: S608 - names of ours


def page(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A segment of these rows."""
    duck = open_duck(threads=1)
    fill(duck, rows)
    duck.execute(f"COPY filled TO '{path}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
    duck.close()
    return path


@contextlib.contextmanager
def book_of(
    folder: Path, rows: Sequence[Mapping[str, Any]], window: Window = ALWAYS
) -> Iterator[Book]:
    """The book of these rows alone."""
    files = [page(folder / "page.parquet", rows)] if rows else []
    with open_files(files, window) as book:
        yield book
