"""Owns the file an import is collected in until it is whole: drafts, and how far each source
was read.

Rule 1: drafts and the place where reading goes on are one commit: whatever kills an import,
nothing is lost and nothing is there twice when it goes on.
Rule 2: a file that only grew is read from where it ended; one that was rewritten is read anew,
and what was read of it before is forgotten.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading, Tally
from headgate.ledger.importers.lines import CUT, packed

TAIL = 4096
"""so many bytes before the place tell whether a file is still the one that was read"""

_FIELDS = Draft._fields[:-1]
COLUMNS = (*_FIELDS, "rank1", "rank2", "rank3")
TEXTS = frozenset(name for name in _FIELDS if "str" in str(Draft.__annotations__[name]))
_SIGN = 2**63

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS file (
  n INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, inode TEXT NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, place INTEGER NOT NULL,
  line INTEGER NOT NULL, tail BLOB NOT NULL, kept TEXT NOT NULL, tally TEXT NOT NULL,
  whole INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS failed (file INTEGER NOT NULL, tool_call TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS draft (file INTEGER NOT NULL,
  {", ".join(f"{name} {'TEXT' if name in TEXTS else 'INTEGER'}" for name in COLUMNS)}) STRICT;
"""
_DRAFT = f"INSERT INTO draft VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 - marks


class Busy(Exception):
    """Another process is at work on the same import."""


class Lock:
    """Held by one process at a time, until it closes it or dies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            self._db.close()
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise Busy from error
            path.unlink()  # damaged
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._db.execute("BEGIN EXCLUSIVE")

    def close(self) -> None:
        self._db.close()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file was read, so that reading can go on."""

    path: str
    inode: str
    size: int
    mtime_ns: int
    place: int
    line: int
    tail: bytes
    kept: str
    whole: int = 1


_PROGRESS = ", ".join(Progress.__dataclass_fields__)


class Staging:
    """One import on its way; Busy: another process has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[Path, os.stat_result] = {}
        self._lock = Lock(path.with_suffix(".lock"))
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.DatabaseError:  # damaged: it is only what can be read again
            self._db.close()
            self._unlink()
            self._db = sqlite3.connect(path, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA mmap_size = 0")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()
        self._lock.close()

    def _unlink(self) -> None:
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    def remove(self) -> None:
        """Close it, and leave nothing behind."""
        self._db.close()
        self._unlink()
        self._lock.close()
        self.path.with_suffix(".lock").unlink(missing_ok=True)

    def settle(self) -> None:
        """Let others read all of it, by the file alone."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def about(self, name: str) -> str:
        found = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return found[0] if found else ""

    def say(self, **values: str) -> None:
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())

    def adopt(self, known: Sequence[Progress]) -> None:
        """Begin behind what earlier imports have read."""
        with self._commit():
            for it in known:
                self._db.execute(
                    f"INSERT OR IGNORE INTO file ({_PROGRESS}, tally)"  # noqa: S608 - our names
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
                    tuple(getattr(it, name) for name in Progress.__dataclass_fields__),
                )

    def begin(self, path: Path, importer: Importer, options: Options) -> Reading | None:
        """How to read a file; None: all of it was read already. OSError: it cannot be."""
        # As it was before reading: what is written to it meanwhile is not taken for read.
        now = self._seen[path] = os.stat(path)
        row = self._db.execute(
            f"SELECT {_PROGRESS}, n, tally FROM file WHERE path = ?",  # noqa: S608 - our names
            (str(path),),
        ).fetchone()
        reading = Reading(path, options)
        if row is None:
            return reading
        seen, n, tally = Progress(*row[:-2]), row[-2], row[-1]
        same = (seen.size, seen.mtime_ns, seen.inode) == (
            now.st_size,
            now.st_mtime_ns,
            _inode(now),
        )
        if same and seen.whole:
            return None
        if importer.grows and (same or _only_grew(path, seen, now)):
            reading.offset, reading.line = seen.place, seen.line
            reading.kept = msgspec.json.decode(seen.kept)
            reading.tally = _read_tally(tally)
            _forget_cut(reading.tally)
            return reading
        with self._commit():
            self._forget(n)
        return reading

    def keep(
        self, reading: Reading, drafts: Sequence[Draft | Failed], *, whole: bool = False
    ) -> None:
        """Commit what was read, and how far. `whole`: the file was read to its end."""
        with self._commit():
            n = self._file(reading, self._seen[reading.path], whole=whole)
            rows = [_row(n, it) for it in drafts if isinstance(it, Draft)]
            self._db.executemany(_DRAFT, rows)
            failed = [(n, it.tool_call) for it in drafts if isinstance(it, Failed)]
            self._db.executemany("INSERT INTO failed VALUES (?, ?)", failed)

    def _file(self, reading: Reading, about: os.stat_result, *, whole: bool) -> int:
        tail = b"" if packed(reading.path) else _tail(reading.path, reading.offset)
        values = {
            "path": str(reading.path),
            "inode": _inode(about),
            "size": about.st_size,
            "mtime_ns": about.st_mtime_ns,
            "place": reading.offset,
            "line": reading.line,
            "tail": tail,
            "kept": msgspec.json.encode(reading.kept).decode(),
            "tally": _tally(reading.tally),
            "whole": int(whole),
        }
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        changed = ", ".join(f"{name} = :{name}" for name in values)
        found = self._db.execute(
            f"INSERT INTO file ({names}) VALUES ({marks})"  # noqa: S608 - our names
            f" ON CONFLICT (path) DO UPDATE SET {changed} RETURNING n",
            values,
        ).fetchone()
        return int(found[0])

    def forget_others(self, paths: Sequence[Path]) -> None:
        """Leave out files that are not there any more."""
        there = {str(path) for path in paths}
        gone = [
            n for n, path in self._db.execute("SELECT n, path FROM file") if path not in there
        ]
        with self._commit():
            for n in gone:
                self._forget(n)

    def forget(self, path: Path) -> None:
        """All that was read of a file."""
        with self._commit():
            for (n,) in self._db.execute("SELECT n FROM file WHERE path = ?", (str(path),)):
                self._forget(n)

    def _forget(self, n: int) -> None:
        for statement in (
            "DELETE FROM draft WHERE file = ?",
            "DELETE FROM failed WHERE file = ?",
            "DELETE FROM file WHERE n = ?",
        ):
            self._db.execute(statement, (n,))

    def tally(self) -> Tally:
        """What was met in all files together."""
        whole = Tally()
        for (text,) in self._db.execute("SELECT tally FROM file ORDER BY path"):
            whole.add(_read_tally(text))
        return whole

    def progress(self) -> list[Progress]:
        """How far every file was read."""
        rows = self._db.execute(f"SELECT {_PROGRESS} FROM file ORDER BY path")  # noqa: S608 - our names
        return [Progress(*row) for row in rows]

    def drafts(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM draft").fetchone()[0])

    def secret(self) -> bytes:
        """What fingerprints are keyed with, where no store says it."""
        if not self.about("secret"):
            self.say(secret=secrets.token_hex(32))
        return bytes.fromhex(self.about("secret"))

    @contextlib.contextmanager
    def _commit(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise


def _row(n: int, draft: Draft) -> tuple[Any, ...]:
    if draft.head >= _SIGN:  # SQLite knows no unsigned numbers
        draft = draft._replace(head=draft.head - 2 * _SIGN)
    return (n, *draft[:-1], *draft.rank)


def _inode(about: os.stat_result) -> str:
    return f"{about.st_dev}:{about.st_ino}"


def _only_grew(path: Path, seen: Progress, now: os.stat_result) -> bool:
    return (
        seen.inode == _inode(now)
        and now.st_size >= seen.place
        and bool(seen.tail)
        and _tail(path, seen.place) == seen.tail
    )


def _tail(path: Path, place: int) -> bytes:
    """A hash of what stands before a place."""
    first = max(0, place - TAIL)
    with open(path, "rb") as file:
        file.seek(first)
        return xxhash.xxh3_64_digest(file.read(place - first))


def _tally(tally: Tally) -> str:
    return msgspec.json.encode(tally).decode()


def _read_tally(text: str) -> Tally:
    found: dict[str, Any] = msgspec.json.decode(text)
    return Tally(
        found.get("lines", 0),
        Counter(found.get("ignored", {})),
        Counter(found.get("malformed", {})),
        [(it[0], it[1], it[2]) for it in found.get("examples", ())],
        Counter(found.get("notes", {})),
    )


def _forget_cut(tally: Tally) -> None:
    """A line that was cut is read again."""
    del tally.malformed[CUT]
    tally.examples = [it for it in tally.examples if it[2] != CUT]
