"""Decides how long what is kept, and removes what is older: rows, files, events.

Rule 1: a file goes a while after it was taken off the book, because readers hold lists of
paths; its row in the table of segments goes after the file.
Rule 2: a file that nobody lists goes much later: it may be about to be listed. None goes while
a listed one is missing: a store that was restored from an older copy lists what was compacted
since, and the file that holds those rows is one that it does not list. Files of other stores
are left alone.
Rule 3: what money rests on has no end: spend, keys and the log of administrators stay.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from headgate.config.model import Archive
from headgate.ledger.archive.segment import Segment, gone, live, retire, store_in, tag_of
from headgate.ledger.shelf import PART, Nowhere, Shelf
from headgate.store.sql import Connection, transaction

SECOND = 1_000_000
DAY_US = 86_400 * SECOND
GONE_US = DAY_US
"""how long a file stays after it was taken off the book"""
ORPHAN_US = 7 * DAY_US
"""how long a file stays that nobody lists"""
BURIED_US = 90 * DAY_US
"""how long a process that was taken for dead may still come back and be recognised"""
PIECE = 10_000
"""rows of a table that are removed by one commit"""


class Pruned(NamedTuple):
    """What was removed."""

    expired: int = 0
    """segments that were older than [archive] keep_s"""
    files: int = 0
    """of segments that were taken off the book before"""
    orphans: int = 0
    """files that nobody listed"""
    events: int = 0
    buried: int = 0


def expired(connection: Connection, archive: Archive, now_us: int) -> list[Segment]:
    """Segments of which no row is to be kept any longer."""
    if not archive.keep_s:
        return []
    oldest = now_us - int(archive.keep_s * SECOND)
    return [it for it in live(connection) if it.last_us < oldest]


def prune(connection: Connection, shelf: Shelf, archive: Archive, now_us: int) -> Pruned:
    """Remove what is older than it is to be."""
    old = [it.path for it in expired(connection, archive, now_us)]
    with transaction(connection):
        retired = retire(connection, old, now_us)
    return Pruned(
        retired,
        _sweep_gone(connection, shelf, now_us - GONE_US),
        _sweep_orphans(connection, shelf, now_us - ORPHAN_US),
        _events(connection, now_us - int(archive.keep_events_s * SECOND))
        if archive.keep_events_s
        else 0,
        _cut(connection, "buried", "n", "at_us < ?", now_us - BURIED_US),
    )


def _sweep_gone(connection: Connection, shelf: Shelf, before_us: int) -> int:
    done = 0
    for it in gone(connection, before_us):
        shelf.remove(it.path)
        done += connection.execute(
            "DELETE FROM segment WHERE path = ? AND gone_us IS NOT NULL", (it.path,)
        ).rowcount
    return done


def orphans(connection: Connection, shelf: Shelf, before_us: int) -> list[str]:
    """Files of this store that were put before then, and that nobody lists."""
    tag = tag_of(connection)
    needed = {it.path for it in live(connection)}
    there = {it.path: it.put_us for it in shelf.listed()}
    if needed - there.keys():
        return []
    listed = {row[0] for row in connection.execute("SELECT path FROM segment").fetchall()}
    return [
        path
        for path, put_us in there.items()
        if store_in(path) == tag and put_us < before_us and path not in listed
    ]


def _sweep_orphans(connection: Connection, shelf: Shelf, before_us: int) -> int:
    found = orphans(connection, shelf, before_us)
    for path in found:
        shelf.remove(path)
    return len(found) + _sweep_staging(connection, shelf, before_us)


def _sweep_staging(connection: Connection, shelf: Shelf, before_us: int) -> int:
    """What writers left that were killed."""
    if isinstance(shelf, Nowhere):
        return 0
    done, tag = 0, tag_of(connection)
    for file in shelf.staging().glob(f"{tag}-*{PART}"):
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime_ns // 1_000 < before_us:
                file.unlink()
                done += 1
    return done


def _events(connection: Connection, before_us: int) -> int:
    """Those that are delivered, or that nobody will deliver any more."""
    return _cut(connection, "event", "seq", "at_us < ? AND due_us IS NULL", before_us)


def _cut(connection: Connection, table: str, key: str, where: str, before_us: int) -> int:
    """Piece by piece, so that nobody waits long."""
    text = (
        f"DELETE FROM {table} WHERE {key} IN"  # noqa: S608 - names of ours
        f" (SELECT {key} FROM {table} WHERE {where} ORDER BY {key} LIMIT {PIECE})"
    )
    done = 0
    while removed := connection.execute(text, (before_us,)).rowcount:
        done += removed
    return done
