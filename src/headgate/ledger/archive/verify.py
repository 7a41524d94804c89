"""Proves that every listed segment is there, whole, and holds the rows it should.

Rule 1: what lies on the shelf is read, not a copy of it on this machine.
Rule 2: what is wrong is named with its rows and days: whoever loses them should know which.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from headgate.ledger.archive.segment import Segment, quoted
from headgate.ledger.book.duck import ERRORS, Duck, open_duck
from headgate.ledger.shelf import Shelf

MISSING, DAMAGED, OTHER_ROWS = "missing", "damaged", "other rows"


class Flaw(NamedTuple):
    """A segment that is not as it was sealed."""

    path: str
    day: int
    rows: int
    import_id: str
    what: str
    """missing, damaged or other rows"""


def verify(
    segments: list[Segment], shelf: Shelf, tell: Callable[[int], object] = int
) -> Iterator[Flaw]:
    """Everything that is wrong; `tell` is told of each segment that was looked at."""
    with contextlib.closing(open_duck(memory_mb=256, threads=1)) as duck:
        for it in segments:
            if what := _flaw(it, shelf, duck):
                yield Flaw(it.path, it.day, it.rows, it.import_id, what)
            tell(1)


def _flaw(it: Segment, shelf: Shelf, duck: Duck) -> str:
    found = shelf.digest(it.path)
    if found is None:
        return MISSING
    if found != it.digest:
        return DAMAGED
    (file,) = shelf.fetch([it.path])
    try:
        ((rows,),) = duck.execute(
            f"SELECT count(*) FROM read_parquet({quoted(file)})"  # noqa: S608 - a path of ours
        ).fetchall()
    except ERRORS:
        return DAMAGED
    return "" if rows == it.rows else OTHER_ROWS
