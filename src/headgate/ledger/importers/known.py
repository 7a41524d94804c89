"""Owns what finished imports have read: how far each file, so that the next brings what is new.

Rule 1: it may be lost: files are read from their beginning then, and what is in the book
already is left out.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from headgate.ledger.importers.staging import Progress

_FIELDS = tuple(Progress.__dataclass_fields__)
_COLUMNS = ", ".join(_FIELDS)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS known (
  kind TEXT NOT NULL, path TEXT NOT NULL, inode TEXT NOT NULL, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, place INTEGER NOT NULL, line INTEGER NOT NULL,
  tail BLOB NOT NULL, kept TEXT NOT NULL, whole INTEGER NOT NULL, imports TEXT NOT NULL,
  PRIMARY KEY (kind, path)) STRICT, WITHOUT ROWID
"""


class Known:
    """The file beside the ledger that remembers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.closing(self._connected()) as db:
            yield db

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None)
        try:
            db.execute("PRAGMA mmap_size = 0")
            db.execute(_SCHEMA)
        except sqlite3.DatabaseError:
            db.close()
            self.path.unlink()
            db = sqlite3.connect(self.path, isolation_level=None)
            db.execute(_SCHEMA)
        return db

    def of(self, kind: str, paths: Iterable[Path], done: Iterable[str]) -> list[Progress]:
        """How far these files were read by imports that are done, and by no other."""
        wanted, there = set(map(str, paths)), set(done)
        with self._open() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS}, imports FROM known WHERE kind = ?",  # noqa: S608 - our names
                (kind,),
            ).fetchall()
        found = [(Progress(*row[:-1]), set(row[-1].split())) for row in rows]
        return [it for it, imports in found if it.path in wanted and imports <= there]

    def learn(self, kind: str, progress: Sequence[Progress], import_id: str) -> None:
        """What an import has read, beside those before it."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            for it in progress:
                row = db.execute(
                    "SELECT imports FROM known WHERE kind = ? AND path = ?", (kind, it.path)
                ).fetchone()
                imports = dict.fromkeys([*(row[0].split() if row else ()), import_id])
                values = [getattr(it, name) for name in _FIELDS]
                db.execute(
                    f"INSERT OR REPLACE INTO known (kind, {_COLUMNS}, imports)"  # noqa: S608 - the same
                    f" VALUES (?, {', '.join('?' * len(_FIELDS))}, ?)",
                    (kind, *values, " ".join(imports)),
                )
            db.execute("COMMIT")
