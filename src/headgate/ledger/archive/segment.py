"""Decides how rows become segments: files of one day each, sorted by time, named once.

Rule 1: a name tells whose file it is, and begins with its digest: what is swept away is our
own, and a copy can be checked without asking anybody.
Rule 2: what a file holds is read back from the file, before anybody may rely on it.
Rule 3: a segment is listed in the transaction of whoever made it, and never before it is put.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import Duck
from headgate.ledger.shelf import PART, Shelf, digest_of
from headgate.store.sql import Connection

DAY_US = 86_400_000_000
ROWS = 131_072
"""in a file at the most"""
GROUP_ROWS = 65_536
"""read or skipped as one"""
_EPOCH = date(1970, 1, 1).toordinal()
_NAME = re.compile(
    r"calls/day=[^/]+/seg-([0-9a-f]{8})-\d+-\d+-[0-9a-f]+-([0-9a-f]{32})\.parquet"
)


class Segment(NamedTuple):
    """A row of the table of segments."""

    path: str
    day: int
    lo: int
    hi: int
    rows: int
    size: int
    first_us: int
    last_us: int
    digest: bytes
    import_id: str
    made_us: int
    gone_us: int | None


class Owned(NamedTuple):
    """Whose rows are put on the shelf."""

    store: str
    """as tag_of() has it"""
    made_us: int
    import_id: str = ""


def tag_of(connection: Connection) -> str:
    """What tells this store's files from those of another one on the same shelf."""
    found = connection.execute("SELECT secret FROM meta WHERE name = 'fingerprint_key'")
    return hashlib.blake2b(b"shelf" + found.fetchone()[0], digest_size=4).hexdigest()


def store_in(path: str) -> str:
    """The tag in a segment's name; empty: it is none."""
    found = _NAME.fullmatch(path)
    return found[1] if found else ""


def digest_in(path: str) -> bytes:
    """The beginning of the digest, from a segment's name; empty: it is none."""
    found = _NAME.fullmatch(path)
    return bytes.fromhex(found[2]) if found else b""


def day_name(day: int) -> str:
    """A day since 1970 as it stands in paths."""
    try:
        return date.fromordinal(_EPOCH + day).isoformat()
    except (ValueError, OverflowError):  # somebody's clock
        return str(day)


def put_rows(duck: Duck, table: str, shelf: Shelf, owned: Owned) -> list[Segment]:
    """Put all rows of a table on the shelf; columns it lacks are as their defaults say."""
    there = {row[0] for row in duck.execute(f"DESCRIBE {table}").fetchall()}
    columns = ", ".join(
        it.name if it.name in there else f"CAST({it.default} AS {it.kind}) AS {it.name}"
        for it in BOOK
    )
    days = duck.execute(
        f"SELECT at_us // {DAY_US}, count(*) FROM {table} GROUP BY 1 ORDER BY 1"  # noqa: S608 - our own names
    ).fetchall()
    made = []
    for day, rows in days:
        files = -(-int(rows) // ROWS)
        size = -(-int(rows) // files)
        for n in range(files):
            select = (
                f"SELECT {columns} FROM {table} WHERE at_us // {DAY_US} = {day:d}"  # noqa: S608 - the same
                f" ORDER BY at_us, rowid LIMIT {size:d} OFFSET {n * size:d}"
            )
            made.append(_put(duck, select, shelf, owned, int(day)))
    return made


def _put(duck: Duck, select: str, shelf: Shelf, owned: Owned, day: int) -> Segment:
    local = shelf.staging() / f"{owned.store}-{os.getpid()}-{secrets.token_hex(6)}{PART}"
    try:
        duck.execute(
            f"COPY ({select}) TO {quoted(local)}"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS})"
        ).fetchall()
        ((rows, first, last, lo, hi),) = duck.execute(
            "SELECT count(*), min(at_us), max(at_us), min(seq), max(seq)"  # noqa: S608 - a path of ours
            f" FROM read_parquet({quoted(local)}, hive_partitioning = false)"
        ).fetchall()
        digest, size = digest_of(local), local.stat().st_size
        path = (
            f"calls/day={day_name(day)}/seg-{owned.store}-{lo}-{hi}"
            f"-{secrets.token_hex(4)}-{digest.hex()[:32]}.parquet"
        )
        shelf.put(path, local)
    finally:
        local.unlink(missing_ok=True)
    bounds = (day, lo, hi, rows, size, first, last)
    return Segment(path, *bounds, digest, owned.import_id, owned.made_us, None)


def quoted(path: Path) -> str:
    """As SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


_COLUMNS = ", ".join(Segment._fields)
_MARKS = ", ".join("?" * len(Segment._fields))


def enter(connection: Connection, segments: Iterable[Segment]) -> None:
    """List segments that are on the shelf, in the transaction of whoever made them."""
    connection.executemany(
        f"INSERT INTO segment ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608 - constant text
        list(segments),
    )


def retire(connection: Connection, paths: Sequence[str], now_us: int) -> int:
    """Take segments off the book; how many were still on it."""
    done = 0
    for path in paths:
        done += connection.execute(
            "UPDATE segment SET gone_us = ? WHERE path = ? AND gone_us IS NULL", (now_us, path)
        ).rowcount
    return done


def live(connection: Connection) -> list[Segment]:
    """Segments that are part of the book, the oldest first."""
    return _read(connection, "gone_us IS NULL")


def gone(connection: Connection, before_us: int) -> list[Segment]:
    """Segments that were taken off the book before then, and whose files are still there."""
    return _read(connection, "gone_us < ?", before_us)


def _read(connection: Connection, where: str, *values: int) -> list[Segment]:
    rows: Any = connection.execute(
        f"SELECT {_COLUMNS} FROM segment WHERE {where} ORDER BY day, first_us, path",  # noqa: S608 - constant text
        values,
    )
    return [Segment._make(row)._replace(digest=bytes(row[8])) for row in rows.fetchall()]
