"""Notices that somebody changed the store, and reads again what was changed.

Rule 1: when nothing did, a look is one small question, so that it may be asked often.
Rule 2: what is read is read as it stood at one moment.
Rule 3: a server that was lost is connected to anew at the next look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from headgate.store.place import Place, connect_reader, explain
from headgate.store.sql import ERRORS, Connection, StoreError, moment, on_file
from headgate.store.sqlite import connect

Read = TypeVar("Read")


class Watch(Generic[Read]):
    """One connection, looked through by one thread at a time."""

    def __init__(self, place: Place, counter: str, read: Callable[[Connection], Read]) -> None:
        self.place = place
        self._counter = counter
        """the row of meta that every such change moves on"""
        self._read = read
        self._lock = threading.Lock()
        self._seen_data = -1
        self._seen_count = -1
        # a file is made and given its shape here, for whoever comes first
        self._connection: Connection | None = (
            connect(place) if isinstance(place, Path) else connect_reader(place)
        )

    def look(self) -> Read | None:
        """What is there now, if it changed; StoreError: it cannot be read."""
        with self._lock:
            if self._connection is None:
                self._connection = connect_reader(self.place)
            try:
                return self._changed(self._connection)
            except ERRORS as error:
                if not on_file(self._connection):
                    self._connection.close()
                    self._connection = None
                raise explain(error, self.place) from error

    def _changed(self, connection: Connection) -> Read | None:
        data = 0
        if on_file(connection):
            # Every commit of rows moves data_version, only a change of its own the counter.
            data = connection.execute("PRAGMA data_version").fetchone()[0]
            if data == self._seen_data:
                return None
        count = self._count(connection)
        found = None
        if count != self._seen_count:
            with moment(connection):
                count = self._count(connection)
                found = self._read(connection)
        self._seen_data, self._seen_count = data, count
        return found

    def _count(self, connection: Connection) -> int:
        sql = "SELECT value FROM meta WHERE name = ?"
        row = connection.execute(sql, (self._counter,)).fetchone()
        if row is None:
            raise StoreError("the store has lost what it counts changes with")
        return int(row[0])

    def close(self) -> None:
        """The end; a look that is under way is waited for, though not long."""
        if self._lock.acquire(timeout=1.0):
            try:
                if self._connection is not None:
                    self._connection.close()
            finally:
                self._lock.release()
