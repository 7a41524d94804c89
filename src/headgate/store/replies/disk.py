"""Sealed replies in a file of their own, which the processes of one machine share.

Rule 1: it is a cache: a power cut may cost all of it, and a file that is damaged is made anew
at the next start. A process that is killed costs what it had not written yet, nothing else.
Rule 2: it holds no more bytes than it may: what was kept first goes first.
Rule 3: the file is the user's alone (0600). In it are sealed boxes, hashed names and times.
Rule 4: the file is opened when it is needed, by the thread that needs it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from headgate.store.replies.far import Box, ShelfError
from headgate.store.sql import StoreError, transaction
from headgate.store.sqlite import connect_beside, explain

NAME = "replies.db"
SHAPE = 1
BUSY_S = 5.0
"""the writer waits for others so long; nobody waits for the writer"""
OVERHEAD_BYTES = 180
"""of a row with its indexes, beside its box (measured with boxes of 0.3 to 50 KB)"""
AT_ONCE = 200
"""rows that are removed in one transaction: others write too"""
OLDEST = 16
"""rows that are looked at for room"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_TABLES = """
CREATE TABLE reply (
  n INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE,
  ends_us INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  box BLOB NOT NULL
) STRICT;
CREATE INDEX reply_ends ON reply (ends_us);
CREATE TABLE held (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  bytes INTEGER NOT NULL,
  cleared_us INTEGER NOT NULL
) STRICT;
INSERT INTO held VALUES (1, 0, 0);
CREATE TRIGGER reply_in AFTER INSERT ON reply
  BEGIN UPDATE held SET bytes = bytes + NEW.bytes; END;
CREATE TRIGGER reply_out AFTER DELETE ON reply
  BEGIN UPDATE held SET bytes = bytes - OLD.bytes; END;
"""


class Disk:
    """A shelf in a file."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most = most_bytes
        self._to_write: sqlite3.Connection | None = None
        self._readers: dict[int, sqlite3.Connection] = {}
        """by the thread that has it"""

    def read(self, name: bytes, now_us: int) -> bytes | None:
        with self._told():
            found = self._reader().execute(
                "SELECT box FROM reply WHERE name = ? AND ends_us > ?", (name, now_us)
            )
            row = found.fetchone()
        return row[0] if row is not None else None

    def write(self, boxes: Sequence[Box], now_us: int) -> None:
        fitting = [box for box in boxes if _size(box) <= self._most]
        with self._told(), transaction(connection := self._writer()):
            for box in fitting:
                connection.execute("DELETE FROM reply WHERE name = ?", (box.name,))
                self._make_room(connection, _size(box))
                connection.execute(
                    "INSERT INTO reply (name, ends_us, bytes, box) VALUES (?, ?, ?, ?)",
                    (box.name, box.ends_us, _size(box), box.data),
                )

    def _make_room(self, connection: sqlite3.Connection, size: int) -> None:
        (held,) = connection.execute("SELECT bytes FROM held").fetchone()
        while held > self._most - size:
            oldest = "SELECT n, bytes FROM reply ORDER BY n LIMIT ?"
            for n, gone in connection.execute(oldest, (OLDEST,)).fetchall():
                connection.execute("DELETE FROM reply WHERE n = ?", (n,))
                held -= gone
                if held <= self._most - size:
                    break

    def tidy(self, now_us: int) -> int:
        with self._told():
            connection = self._writer()
            over = "SELECT n FROM reply WHERE ends_us <= ? LIMIT ?"
            while connection.execute(over, (now_us, 1)).fetchone() is not None:
                connection.execute(f"DELETE FROM reply WHERE n IN ({over})", (now_us, AT_ONCE))  # noqa: S608 - constant text
            (cleared_us,) = connection.execute("SELECT cleared_us FROM held").fetchone()
        return int(cleared_us)

    def clear(self, now_us: int) -> int:
        with self._told():
            connection = self._writer()
            with transaction(connection):
                removed = connection.execute("DELETE FROM reply").rowcount
                connection.execute("UPDATE held SET cleared_us = ?", (now_us,))
            with contextlib.suppress(
                sqlite3.OperationalError
            ):  # somebody reads: it shrinks later
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed

    def close(self) -> None:
        for connection in (self._to_write, *self._readers.values()):
            if connection is not None:
                connection.close()
        self._to_write = None
        self._readers.clear()

    # ---- how it is opened

    def _writer(self) -> sqlite3.Connection:
        if self._to_write is None:
            self._to_write = self._opened()
        return self._to_write

    def _reader(self) -> sqlite3.Connection:
        thread = threading.get_ident()
        connection = self._readers.get(thread)
        if connection is None:
            connection = self._readers[thread] = self._opened()
        return connection

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._open()
        except StoreError as error:
            if not _is_damage(error.__cause__):
                raise
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        with self._alone():
            try:
                return self._open()  # another process may have made it anew meanwhile
            except (StoreError, sqlite3.DatabaseError):
                for end in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = connect_beside(self._path, self._path.name, BUSY_S)
        try:
            connection.execute("PRAGMA synchronous = OFF")
            if _shape(connection) != SHAPE:
                with transaction(connection):
                    _make(connection)
            connection.execute("SELECT name, ends_us, bytes, box FROM reply LIMIT 1").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process makes the file anew."""
        lock = os.open(
            self._path.with_name(f"{self._path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong with the file is a ShelfError."""
        try:
            yield
        except (OSError, sqlite3.Error, StoreError) as error:
            cause = error.__cause__ if isinstance(error, StoreError) else error
            why = explain(error, self._path).why
            raise ShelfError(f"{self._path}: {why}", for_good=_is_damage(cause)) from error


def _size(box: Box) -> int:
    return len(box.data) + OVERHEAD_BYTES


def _shape(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _make(connection: sqlite3.Connection) -> None:
    """Its tables, in place of those of another version; who waited for it finds them made."""
    if _shape(connection) == SHAPE:
        return
    for table in ("reply", "held"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SHAPE}")


def _is_damage(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED
