"""Recorded calls in a file beside the ledger, which the processes of one host share.

Rule 1: the file is the user's alone (0600), and what is deleted is overwritten.
Rule 2: it holds no more bytes than it may, and nothing older: what was recorded first goes
first.
Rule 3: a process that is killed costs what it had not written yet; the file stays readable. One
that cannot be read is told and left as it is.
Rule 4: what is masked is masked before it comes here: this module writes what it is given.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.policy.glob import matches
from headgate.store.sql import StoreError, transaction
from headgate.store.sqlite import connect_beside, explain
from headgate.wire.transcript import Answered, Asked

NAME = "recordings.db"
SHAPE = 1
BUSY_S = 5.0
"""a writer waits for others so long; nobody waits for the writer"""
OVERHEAD_BYTES = 160
"""of a row with its indexes, beside what was said"""
AT_ONCE = 200
"""rows that are deleted in one transaction: others write too"""
OLDEST = 16
"""rows that are looked at for room"""

_TABLES = """
CREATE TABLE recording (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;
CREATE INDEX recording_id ON recording (id);
CREATE INDEX recording_at ON recording (at_us);
CREATE TABLE held (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO held VALUES (1, 0);
CREATE TRIGGER recording_in AFTER INSERT ON recording
  BEGIN UPDATE held SET bytes = bytes + NEW.bytes; END;
CREATE TRIGGER recording_out AFTER DELETE ON recording
  BEGIN UPDATE held SET bytes = bytes - OLD.bytes; END;
"""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One call, with what was said in it."""

    id: str
    """of the ledger's row"""
    at_us: int
    surface: str
    stream: bool = False
    key_id: str = ""
    key: str = ""
    """its name"""
    tags: tuple[str, ...] = ()
    model_asked: str = ""
    provider: str = ""
    model_sent: str = ""
    asked: Asked
    answer: Answered | None = None
    """None: answers are not recorded"""
    input_tokens: int = 0
    output_tokens: int = 0
    masked: int = 0
    """how much was taken out of it"""


class Wanted(NamedTuple):
    """Which recordings are meant: those that are all of this."""

    ids: tuple[str, ...] = ()
    tag: str = ""
    """or a pattern"""
    model: str = ""
    """as asked for or as sent, or a pattern"""
    key: str = ""
    """name or id, or a pattern"""
    since_us: int = 0
    before_us: int = 0
    """0: up to now"""


ALL = Wanted()


class Recordings:
    """The file, opened for writing when it is needed; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result | None = None
        """what was opened"""

    def write(self, recorded: Sequence[Recorded], most_bytes: int) -> None:
        """Keep them all or none; StoreError: it cannot be done."""
        with self._told(), transaction(connection := self._opened()):
            for it in recorded:
                content = msgspec.json.encode(it)
                size = len(content) + OVERHEAD_BYTES
                _make_room(connection, most_bytes - size)
                if size <= most_bytes:
                    connection.execute(
                        "INSERT INTO recording (id, at_us, bytes, content) VALUES (?, ?, ?, ?)",
                        (it.id, it.at_us, size, content),
                    )

    def tidy(self, before_us: int, most_bytes: int) -> int:
        """Delete what is older, and the oldest of what is too much; how many went."""
        if not self.path.exists():
            return 0
        gone = 0
        old = "SELECT n FROM recording WHERE at_us < ? LIMIT ?"
        with self._told():
            connection = self._opened()
            while connection.execute(old, (before_us, 1)).fetchone() is not None:
                gone += connection.execute(
                    f"DELETE FROM recording WHERE n IN ({old})",  # noqa: S608 - constant text
                    (before_us, AT_ONCE),
                ).rowcount
            (held,) = connection.execute("SELECT bytes FROM held").fetchone()
            if held > most_bytes:
                with transaction(connection):
                    gone += _make_room(connection, most_bytes)
        return gone

    def delete(self, wanted: Wanted) -> int:
        """Delete these, and leave nothing of them in the file; how many they were."""
        if not self.path.exists():
            return 0
        with self._told():
            connection = self._opened()
            numbers = [n for n, _ in _found(connection, wanted)]
            gone = 0
            with transaction(connection):
                for n in numbers:
                    found = connection.execute("DELETE FROM recording WHERE n = ?", (n,))
                    gone += found.rowcount
            with contextlib.suppress(sqlite3.OperationalError):  # somebody reads: later then
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def find(self, wanted: Wanted = ALL, most: int = 0) -> list[Recorded]:
        """Those that are meant, the newest first; `most`: 0 is all."""
        if not self.path.exists():
            return []
        found: list[Recorded] = []
        with self._told():
            for _, it in _found(self._opened(), wanted):
                found.append(it)
                if len(found) == most:
                    break
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._is_there():
            return self._connection
        self.close()
        connection = connect_beside(self.path, self.path.name, BUSY_S)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            if _shape(connection) != SHAPE:
                with transaction(connection):
                    _make(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._file = self.path.stat()
        return connection

    def _is_there(self) -> bool:
        """The file that was opened was not deleted, nor put in another's place, meanwhile."""
        try:
            return self._file is not None and os.path.samestat(self.path.stat(), self._file)
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong is a StoreError; the file is opened anew the next time."""
        try:
            yield
        except (OSError, sqlite3.Error, msgspec.MsgspecError, StoreError) as error:
            self.close()
            if isinstance(error, StoreError) and not error.__cause__:
                raise
            why = explain(error, self.path).why
            raise StoreError(
                f"recordings cannot be used: {self.path}: {why}",
                "make the file readable and writable, or move it away: a new one is made",
                why=why,
            ) from error


def _found(connection: sqlite3.Connection, wanted: Wanted) -> Iterator[tuple[int, Recorded]]:
    """(number, recording), the newest first."""
    sql = "SELECT n, content FROM recording WHERE at_us >= ? AND at_us < ?"
    until = wanted.before_us or 1 << 62
    values: list[object] = [wanted.since_us, until]
    if wanted.ids:
        sql += f" AND id IN ({', '.join('?' * len(wanted.ids))})"
        values += wanted.ids
    decode = msgspec.json.Decoder(Recorded).decode
    for n, content in connection.execute(f"{sql} ORDER BY at_us DESC, n DESC", values):
        it = decode(content)
        if (
            (not wanted.tag or any(matches(wanted.tag, tag) for tag in it.tags))
            and (not wanted.model or _is_one(wanted.model, it.model_asked, it.model_sent))
            and (not wanted.key or _is_one(wanted.key, it.key, it.key_id))
        ):
            yield n, it


def _is_one(pattern: str, *names: str) -> bool:
    return any(matches(pattern, name) for name in names if name)


def _make_room(connection: sqlite3.Connection, most_bytes: int) -> int:
    """Delete the oldest until no more than that is held; how many went."""
    (held,) = connection.execute("SELECT bytes FROM held").fetchone()
    gone = 0
    while held > max(most_bytes, 0):
        oldest = "SELECT n, bytes FROM recording ORDER BY n LIMIT ?"
        rows = connection.execute(oldest, (OLDEST,)).fetchall()
        if not rows:
            break
        for n, size in rows:
            connection.execute("DELETE FROM recording WHERE n = ?", (n,))
            held -= size
            gone += 1
            if held <= most_bytes:
                break
    return gone


def _shape(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _make(connection: sqlite3.Connection, path: Path) -> None:
    """Its tables; who waited for it finds them made."""
    seen = _shape(connection)
    if seen == SHAPE:
        return
    if seen:
        raise StoreError(
            f"recordings cannot be used: {path} has the shape {seen}; this Headgate writes"
            f" {SHAPE}",
            "move it away: a new one is made",
        )
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SHAPE}")
