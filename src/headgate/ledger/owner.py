"""Decides which processes that wrote intents are alive, and whose intents are orphaned.

Rule 1: on a file a process is alive while it holds the lock on its own file beside the ledger:
the kernel drops that lock at any death, and a reused process number cannot fake it. On a server
it is alive while it says so, by the server's clock: dead DEAD_S after the last time.
Rule 2: the folder of lock files is only changed inside a write transaction of the ledger.
Rule 3: an intent is reported as orphaned exactly once, and stays in the table afterwards; what
it probably cost is charged to its accounts until its outcome is known after all.
Rule 4: a server that was away proves nobody dead: all could not say that they live.
Rule 5: who comes back from the dead knows from the table of the buried what it had committed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from headgate.ledger import spent
from headgate.ledger.record import Intent
from headgate.store.place import Place
from headgate.store.sql import (
    BURIALS,
    Connection,
    alone_now,
    end_stalled,
    on_file,
    transaction,
)

OPEN = "open"
ORPHANED = "orphaned"
SHIFT = 40
"""An intent's number is its owner's mark and, in the low 40 bits, its handle."""
DEAD_S = 5.0
"""how long a process on a server may be silent"""
CLOCK_US = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
"""the server's clock: there is one, and machines have many"""
_STARTED_US = "CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)"


@dataclass(slots=True)
class Owner:
    """This process, as one writer of the ledger."""

    n: int
    mark: int
    """the number it first signed in with, which numbers its intents for good"""
    token: str
    lock_path: Path | None
    """None: on a server"""
    lock: int
    """the file descriptor that holds the lock; -1: on a server"""

    def leave(self) -> None:
        """Drop the lock: from now on this owner counts as dead."""
        if self.lock_path is not None:
            with contextlib.suppress(FileNotFoundError):
                self.lock_path.unlink()
            os.close(self.lock)


def lock_folder(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + "-owners")


def enter(
    connection: Connection, place: Place, before: Owner | None = None
) -> tuple[Owner, list[Intent]]:
    """Sign in as a writer, `before` as somebody else; also the intents of the dead, orphaned
    by this."""
    token, lock_path, descriptor = secrets.token_hex(8), None, -1
    if isinstance(place, Path):
        lock_folder(place).mkdir(mode=0o700, exist_ok=True)
        lock_path = lock_folder(place) / token
    try:
        with transaction(connection):
            orphans = _bury(connection, place, None)
            if lock_path is not None:
                descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            committed = _last_batch(connection, before)
            alive = "0" if on_file(connection) else CLOCK_US
            added = connection.execute(
                "INSERT INTO owner (lock, pid, started_us, batch, host, alive_us)"  # noqa: S608 - constant text
                f" VALUES (?, ?, ?, ?, ?, {alive}) RETURNING n",
                (token, os.getpid(), _now_us(), committed or 0, socket.gethostname()),
            )
            n = int(added.fetchone()[0])
    except BaseException:
        if descriptor >= 0:
            os.close(descriptor)
        raise
    returned = before is not None and committed is not None
    mark = before.mark if before is not None and returned else n
    return Owner(n, mark, token, lock_path, descriptor), orphans


def known(connection: Connection, owner: Owner) -> bool:
    """Is the owner signed in to this store, and was not taken for dead."""
    row = connection.execute(
        "SELECT 1 FROM owner WHERE n = ? AND lock = ?", (owner.n, owner.token)
    )
    return row.fetchone() is not None


def pulse(connection: Connection, owner: Owner) -> bool:
    """Say that the owner lives; False: it was taken for dead, and must sign in anew."""
    if on_file(connection):
        return known(connection, owner)
    renewed = connection.execute(
        f"UPDATE owner SET alive_us = {CLOCK_US} WHERE n = ? AND lock = ?",  # noqa: S608 - constant text
        (owner.n, owner.token),
    )
    return bool(renewed.rowcount)


def sign_out(connection: Connection, owner: Owner) -> None:
    """Forget an owner who leaves in order; one with open intents is left to be buried."""
    with transaction(connection):
        left = connection.execute(
            "SELECT 1 FROM intent WHERE owner = ? AND state = ? LIMIT 1", (owner.n, OPEN)
        )
        if left.fetchone() is None:
            _forget(connection, owner.n)
        else:
            connection.execute("UPDATE owner SET alive_us = 0 WHERE n = ?", (owner.n,))


def bury(connection: Connection, place: Place, judge: Owner | None = None) -> list[Intent]:
    """Settle what dead processes left: their open intents, which are orphaned by this.

    On a server a `judge` must itself have had its pulse noted just now.
    """
    if isinstance(place, Path) and not _dead_on_file(connection, lock_folder(place)):
        return []
    end_stalled(connection)  # whose row is locked is not buried
    with transaction(connection):
        return _bury(connection, place, judge)


def _bury(connection: Connection, place: Place, judge: Owner | None) -> list[Intent]:
    orphans: list[Intent] = []
    for n, token, batch in _dead(connection, place, judge):
        orphans += _orphan(connection, n)
        connection.execute(
            "INSERT INTO buried (n, lock, batch, at_us) VALUES (?, ?, ?, ?)",
            (n, token, batch, _now_us()),
        )
        _forget(connection, n)
        if isinstance(place, Path):
            with contextlib.suppress(FileNotFoundError):
                (lock_folder(place) / token).unlink()
    return orphans


def _orphan(connection: Connection, owner: int) -> list[Intent]:
    columns = ", ".join(Intent._fields)
    rows = connection.execute(
        f"SELECT {columns} FROM intent WHERE owner = ? AND state = ? ORDER BY n",  # noqa: S608 - constant text
        (owner, OPEN),
    )
    orphans = [Intent._make(row) for row in rows.fetchall()]
    connection.execute(
        "UPDATE intent SET state = ? WHERE owner = ? AND state = ?", (ORPHANED, owner, OPEN)
    )
    spent.add(connection, spent.GONE, spent.of_orphans(orphans))
    return orphans


def _forget(connection: Connection, owner: int) -> None:
    spent.fold(connection, owner)
    connection.execute("DELETE FROM lease WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM owner WHERE n = ?", (owner,))


def _last_batch(connection: Connection, owner: Owner | None) -> int | None:
    """What an owner who was buried had committed; None: it was never known here."""
    if owner is None:
        return None
    found = connection.execute(
        "SELECT batch FROM buried WHERE n = ? AND lock = ?", (owner.n, owner.token)
    ).fetchone()
    return int(found[0]) if found is not None else None


def _dead(
    connection: Connection, place: Place, judge: Owner | None
) -> list[tuple[int, str, int]]:
    """(number, token, last batch) of each; on a server nobody else buries them meanwhile."""
    if isinstance(place, Path):
        return _dead_on_file(connection, lock_folder(place))
    if not alone_now(connection, BURIALS):
        return []
    silent_us = int(DEAD_S * 1_000_000)
    fit = f"SELECT 1 FROM owner AS judge WHERE judge.n = ? AND judge.alive_us > {CLOCK_US} - ?"  # noqa: S608 - constant text
    rows = connection.execute(
        "SELECT n, lock, batch FROM owner WHERE alive_us = 0 OR"  # noqa: S608 - constant text
        f" (alive_us < {CLOCK_US} - ? AND {_STARTED_US} < {CLOCK_US} - ?"
        f" AND (? = 0 OR EXISTS ({fit}))) ORDER BY n FOR UPDATE SKIP LOCKED",
        (silent_us, silent_us, *(2 * [judge.n if judge else 0]), silent_us // 2),
    )
    return list(rows.fetchall())


def _dead_on_file(connection: Connection, folder: Path) -> list[tuple[int, str, int]]:
    rows = connection.execute("SELECT n, lock, batch FROM owner ORDER BY n").fetchall()
    return [row for row in rows if not _is_locked(folder / row[1])]


def _is_locked(path: Path) -> bool:
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


def _now_us() -> int:
    return time.time_ns() // 1000
