"""Decides what it takes to bring a store to the shape this program writes, and does it.

Rule 1: nobody is upgraded unasked; only what is new or empty gets its shape by being opened.
Rule 2: of two that upgrade at once one does the work, and the other finds it done.
Rule 3: a file is copied before it is changed; of a server, whoever runs it makes the copies.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

from headgate.store import postgres_schema, schema, sqlite
from headgate.store.place import Place, connect_bare, explain
from headgate.store.sql import ERRORS


class State(NamedTuple):
    """Which shape a store has."""

    place: Place
    shape: int
    """0: it holds nothing yet"""

    @property
    def newest(self) -> int:
        return len(schema.MIGRATIONS)

    @property
    def pending(self) -> list[str]:
        """What an upgrade would do."""
        return schema.pending(self.shape)


class Done(NamedTuple):
    """What an upgrade did."""

    applied: list[str]
    """empty: nothing was to be done"""
    copy: Path | None
    """the file as it was before; None: there was nothing to copy"""


def state(place: Place) -> State:
    """The shape it has; StoreError when it cannot be read or a newer program wrote it."""
    if isinstance(place, Path):
        return State(place, sqlite.shape(place))
    with contextlib.closing(connect_bare(place)) as connection:
        try:
            found = State(place, postgres_schema.version(connection))
        except ERRORS as error:
            raise explain(error, place) from error
    if found.shape > found.newest:
        raise postgres_schema.newer(str(place), found.shape)
    return found


def upgrade(place: Place) -> Done:
    """Bring it to the newest shape."""
    if isinstance(place, Path):
        return Done(*sqlite.upgrade(place))
    with contextlib.closing(connect_bare(place)) as connection:
        try:
            return Done(postgres_schema.upgrade(connection), None)
        except ERRORS as error:
            raise explain(error, place) from error
