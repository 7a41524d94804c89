"""Writes the rows of a book to a file as they are: Parquet, CSV or JSON lines.

Rule 1: DuckDB writes; no row becomes an object of Python, however many there are.
Rule 2: it writes in a thread of its own: Ctrl-C is heard at once, and ends it.
Rule 3: Parquet keeps every column as the archive has it and can be imported again; where a
format has no bytes they are hexadecimal digits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import BOOK

FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
    "csv": "FORMAT csv, HEADER true",
    "jsonl": "FORMAT json, ARRAY false",
}


def write(book: Book, form: str, file: Path) -> int:
    """How many rows there were."""
    names = ", ".join(_column(it.name, it.kind, form) for it in BOOK)
    return copy(book, f"SELECT {names} FROM book", FORMATS[form], file)  # noqa: S608 - our own names


def _column(name: str, kind: str, form: str) -> str:
    return f"lower(hex({name})) AS {name}" if kind == "BLOB" and form != "parquet" else name


def copy(book: Book, query: str, options: str, file: Path) -> int:
    """Have DuckDB write what a query finds; how many rows it was."""
    place = str(file).replace("'", "''")
    text = f"COPY ({query}) TO '{place}' ({options})"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(book.rows, text)
        try:
            ((count,),) = running.result()
        except BaseException:
            book.duck.interrupt()
            raise
    return int(count)
