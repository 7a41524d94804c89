"""Decides who may work on the archive: one process of a store at a time.

Rule 1: it keeps work from being done twice, and no more: every commit of the archive proves by
itself that nobody else was quicker.
Rule 2: whoever dies has had its turn: the kernel, or the server, takes it back.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from headgate.store.place import Place
from headgate.store.sql import ERRORS, TURNS, Connection


def lock_of(ledger: Path) -> Path:
    return ledger.with_name(f"{ledger.name}-archive.lock")


@contextlib.contextmanager
def turn(place: Place, connection: Connection) -> Iterator[bool]:
    """Ours, as long as this lasts; False: somebody else is at it."""
    if isinstance(place, Path):
        with _locked(lock_of(place)) as ours:
            yield ours
        return
    found = connection.execute("SELECT pg_try_advisory_lock(?)", (TURNS,)).fetchone()
    ours = bool(found[0])
    try:
        yield ours
    finally:
        if ours:
            with contextlib.suppress(*ERRORS):  # the connection's end gives it back as well
                connection.execute("SELECT pg_advisory_unlock(?)", (TURNS,))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        yield False
        return
    try:
        yield True
    finally:
        os.close(number)
