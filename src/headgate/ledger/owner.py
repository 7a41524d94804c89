"""Decides which processes that wrote intents are alive, and whose intents are orphaned.

Rule 1: a process is alive while it holds the lock on its own file beside the ledger: the
kernel drops that lock at any death, and a reused process number cannot fake it.
Rule 2: the folder of lock files is only touched inside a write transaction of the ledger.
Rule 3: an intent is reported as orphaned exactly once, and stays in the table afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from headgate.ledger.record import Intent

OPEN = "open"
ORPHANED = "orphaned"
SHIFT = 40
"""An intent's number is its owner's number and, in the low 40 bits, its handle."""


@dataclass(slots=True)
class Owner:
    """This process, as one writer of the ledger."""

    n: int
    lock_path: Path
    lock: int
    """the file descriptor that holds the lock"""

    def leave(self) -> None:
        """Drop the lock: from now on this owner counts as dead."""
        with contextlib.suppress(FileNotFoundError):
            self.lock_path.unlink()
        os.close(self.lock)


def lock_folder(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + "-owners")


def enter(connection: sqlite3.Connection, ledger: Path) -> tuple[Owner, list[Intent]]:
    """Sign in as a writer; also the open intents of writers that died, now orphaned."""
    folder = lock_folder(ledger)
    folder.mkdir(mode=0o700, exist_ok=True)
    connection.execute("BEGIN IMMEDIATE")
    descriptor = -1
    try:
        orphans = _bury(connection, folder)
        name = secrets.token_hex(8)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        added = connection.execute(
            "INSERT INTO owner (lock, pid, started_us, batch) VALUES (?, ?, ?, 0)",
            (name, os.getpid(), time.time_ns() // 1000),
        )
        assert added.lastrowid is not None
        connection.execute("COMMIT")
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return Owner(added.lastrowid, folder / name, descriptor), orphans


def known(connection: sqlite3.Connection, owner: Owner) -> bool:
    """Is this the file the owner signed in to."""
    row = connection.execute(
        "SELECT 1 FROM owner WHERE n = ? AND lock = ?", (owner.n, owner.lock_path.name)
    )
    return row.fetchone() is not None


def sign_out(connection: sqlite3.Connection, owner: Owner) -> None:
    """Forget an owner who leaves in order; one with open intents is left for the next start."""
    connection.execute(
        "DELETE FROM owner WHERE n = ?1"
        " AND NOT EXISTS (SELECT 1 FROM intent WHERE owner = ?1 AND state = ?2)",
        (owner.n, OPEN),
    )


def _bury(connection: sqlite3.Connection, folder: Path) -> list[Intent]:
    orphans: list[Intent] = []
    columns = ", ".join(Intent._fields)
    for n, name in connection.execute("SELECT n, lock FROM owner ORDER BY n").fetchall():
        if _alive(folder / name):
            continue
        rows = connection.execute(
            f"SELECT {columns} FROM intent WHERE owner = ? AND state = ? ORDER BY n",  # noqa: S608 - constant text
            (n, OPEN),
        )
        orphans += [Intent(*row) for row in rows]
        connection.execute(
            "UPDATE intent SET state = ? WHERE owner = ? AND state = ?", (ORPHANED, n, OPEN)
        )
        connection.execute("DELETE FROM owner WHERE n = ?", (n,))
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
    return orphans


def _alive(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
