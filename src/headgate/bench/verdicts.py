"""Verdicts by what they were made of, on disk: the same answer is not judged twice.

Rule 1: a verdict is known by the code, the task's own digest and the version of what judged it.
Rule 2: only what would be the same again is kept: no timeout, no memory failure, nothing ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from pathlib import Path

import msgspec

from headgate import __version__
from headgate.bench.grade import Grade, Graded
from headgate.bench.task import Task
from headgate.sandbox.model import Runtime

LASTING = frozenset((Grade.PASS, Grade.SYNTAX, Grade.COMPILE, Grade.WRONG, Grade.REFUSED))
MOST = 200_000
"""the oldest go first"""


class Verdicts:
    """A table of them; one that cannot be read or written keeps none."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        if path is not None:
            with contextlib.suppress(OSError, sqlite3.Error):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._db = sqlite3.connect(path, check_same_thread=False, timeout=5.0)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute(
                    "CREATE TABLE IF NOT EXISTS verdict (key BLOB PRIMARY KEY, said BLOB)"
                )

    def find(self, key: bytes) -> Graded | None:
        row = self._ask("SELECT said FROM verdict WHERE key = ?", key)
        if row is None:
            return None
        try:
            found = msgspec.json.decode(row[0], type=Graded)
        except msgspec.MsgspecError:
            return None
        return msgspec.structs.replace(found, cached=True, ms=0.0)

    def keep(self, key: bytes, graded: Graded) -> None:
        if graded.grade in LASTING:
            said = msgspec.json.encode(graded)
            self._ask("INSERT OR REPLACE INTO verdict (key, said) VALUES (?, ?)", key, said)

    def close(self) -> None:
        self._ask(
            "DELETE FROM verdict WHERE rowid <= (SELECT max(rowid) FROM verdict) - ?", MOST
        )
        if self._db is not None:
            self._db.close()
            self._db = None

    def _ask(self, words: str, *values: bytes | int) -> tuple[bytes] | None:
        if self._db is None:
            return None
        try:
            with self._lock, self._db:
                row: tuple[bytes] | None = self._db.execute(words, values).fetchone()
        except sqlite3.Error:
            return None
        return row


def key_of(task: Task, code: str, runtime: Runtime) -> bytes:
    """All that a verdict is made of; no part can be mistaken for two."""
    whole = hashlib.sha256()
    for part in (__version__, task.digest, task.lead, runtime.language, runtime.version, code):
        data = part.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.digest()
