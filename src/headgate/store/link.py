"""Keeps one connection to the store open, for a thread that returns to it again and again.

Rule 1: when another file bears the store's name, it is that one that is meant.
Rule 2: after an error it is dropped by whoever met it, and opened anew with the next use.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from headgate.store.place import Place, connect
from headgate.store.sql import ERRORS, Connection


class Link:
    """Belongs to one thread."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._connection: Connection | None = None
        self._inode = (0, 0)

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def usable(self) -> Connection:
        """The connection; FileNotFoundError: the file is gone."""
        if isinstance(self._place, Path):
            found = os.stat(self._place)
            inode = (found.st_dev, found.st_ino)
            if inode != self._inode:
                self.drop()
                self._inode = inode
        if self._connection is None:
            self._connection = connect(self._place)
        return self._connection

    def drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*ERRORS):
                connection.close()
