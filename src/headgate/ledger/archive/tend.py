"""Does what the archive needs from time to time, in order: seal, compact, prune; and keeps how
that went.

Rule 1: a store is tended by one process at a time, however many there are.
Rule 2: what went wrong stands in the store until it went well again: whoever asks is told.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from headgate.config.model import Archive
from headgate.ledger.archive import retain
from headgate.ledger.archive.compact import compact
from headgate.ledger.archive.seal import Done, bound_of, seal, waiting
from headgate.ledger.archive.turn import turn
from headgate.ledger.book.duck import ERRORS as DUCK_ERRORS
from headgate.ledger.shelf import Nowhere, Shelf, ShelfError
from headgate.store.place import Place, connect
from headgate.store.sql import ERRORS, Connection, StoreError

CHORE = "archive"
TROUBLES: tuple[type[Exception], ...] = (StoreError, OSError, *ERRORS, *DUCK_ERRORS)
"""what may stand in the way"""


class Tended(NamedTuple):
    """What was done."""

    sealed: Done
    compacted: Done
    pruned: retain.Pruned


class Chore(NamedTuple):
    """How work beside the gateway went the last time."""

    at_us: int
    worked_us: int
    """when it last went well; 0: never"""
    trouble: str


def tend(place: Place, shelf: Shelf, archive: Archive, now_us: int) -> Tended | None:
    """All that is due; None: another process is at it."""
    with contextlib.closing(connect(place)) as connection, turn(place, connection) as ours:
        if not ours:
            return None
        try:
            done = _tend(connection, place, shelf, archive, now_us)
        except TROUBLES as error:
            note(connection, now_us, words_of(error))
            raise
        note(connection, now_us, "")
        return done


def _tend(
    connection: Connection, place: Place, shelf: Shelf, archive: Archive, now_us: int
) -> Tended:
    sealed = compacted = Done()
    if not isinstance(shelf, Nowhere):
        bound = bound_of(connection, archive, now_us)
        if waiting(connection, bound):
            sealed = seal(place, shelf, bound, now_us)
        compacted = compact(place, shelf, now_us)
    return Tended(sealed, compacted, retain.prune(connection, shelf, archive, now_us))


def words_of(error: Exception) -> str:
    """What went wrong and the remedy, in a line."""
    if isinstance(error, StoreError | ShelfError) and error.hint:
        return f"{error.what}; {error.hint}"
    return str(error).partition("\n")[0] or type(error).__name__


def note(connection: Connection, now_us: int, trouble: str, chore: str = CHORE) -> None:
    """Keep how it went."""
    connection.execute(
        "INSERT INTO chore (name, at_us, worked_us, trouble) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET at_us = excluded.at_us, trouble = excluded.trouble,"
        " worked_us = CASE WHEN excluded.trouble = '' THEN excluded.at_us"
        " ELSE chore.worked_us END",
        (chore, now_us, 0 if trouble else now_us, trouble),
    )


def last(connection: Connection, chore: str = CHORE) -> Chore | None:
    """How it went the last time; None: it was never done."""
    found = connection.execute(
        "SELECT at_us, worked_us, trouble FROM chore WHERE name = ?", (chore,)
    ).fetchone()
    return Chore._make(found) if found is not None else None
