"""Does what the archive needs from time to time, in order: seal, compact, prune; and keeps how
that went.

Rule 1: a store is tended by one process at a time, however many there are.
Rule 2: what went wrong stands in the store until it went well again: whoever asks is told.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import NamedTuple

from headgate.config.model import Archive
from headgate.ledger.archive import retain
from headgate.ledger.archive.chore import note
from headgate.ledger.archive.compact import compact
from headgate.ledger.archive.seal import Done, bound_of, seal, waiting
from headgate.ledger.archive.turn import turn
from headgate.ledger.book.duck import ERRORS as DUCK_ERRORS
from headgate.ledger.shelf import Nowhere, Shelf, ShelfError
from headgate.store.place import Place, connect
from headgate.store.sql import ERRORS, Connection, StoreError

TROUBLES: tuple[type[Exception], ...] = (StoreError, OSError, *ERRORS, *DUCK_ERRORS)
"""what may stand in the way"""
FULL = os.strerror(errno.ENOSPC)
CHECK = "`headgate archive verify` names segments that are missing or damaged"


class Tended(NamedTuple):
    """What was done."""

    sealed: Done
    compacted: Done
    pruned: retain.Pruned


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
    what, hint = told(error)
    return f"{what}; {hint}" if hint else what


def told(error: Exception) -> tuple[str, str]:
    """What went wrong, and the remedy."""
    if isinstance(error, StoreError | ShelfError):
        return error.what, error.hint
    words = str(error).partition("\n")[0] or type(error).__name__
    if FULL in words:
        return "the disk of the archive is full", "make room there: rows stay in the store"
    if isinstance(error, DUCK_ERRORS):
        return f"the archive cannot be read: {words}", CHECK
    return words, ""
