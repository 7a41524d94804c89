"""Decides how the store is opened, wherever it lies: in a file, or on a server.

Rule 1: everybody opens it here; only what owns one of the two kinds looks beneath.
Rule 2: what a server needs is loaded when a server is opened, and never otherwise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from headgate.store import sqlite
from headgate.store.server import Server
from headgate.store.sql import Connection, StoreError

Place = Path | Server
"""where the store lies"""


def connect(place: Place) -> Connection:
    """Open it for writing; a file that is not there yet is made, a server's shape is not."""
    if isinstance(place, Path):
        return sqlite.connect(place)
    with _driver():
        from headgate.store import postgres
    return postgres.connect(place)


def connect_reader(place: Place) -> Connection:
    """Open it for reading only."""
    if isinstance(place, Path):
        return sqlite.connect_reader(place)
    with _driver():
        from headgate.store import postgres
    return postgres.connect_reader(place)


def connect_bare(server: Server) -> Connection:
    """Open a server whatever its shape is, and wait for it as long as it takes."""
    with _driver():
        from headgate.store import postgres
    connection = postgres.connect_bare(server)
    connection.wait_for_ever()
    return connection


def there_is(place: Place) -> bool:
    """Is there anything to be opened; of a server that is only known when it is."""
    return not isinstance(place, Path) or place.exists()


def explain(error: Exception, place: Place) -> StoreError:
    """What is wrong with the store, and the remedy, for a person."""
    if isinstance(error, StoreError):
        return error
    if isinstance(place, Path):
        return sqlite.explain(error, place)
    with _driver():
        from headgate.store import postgres
    return postgres.explain(error, place)


@contextlib.contextmanager
def _driver() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "psycopg":
            raise
        raise StoreError(
            "a store on PostgreSQL needs the package psycopg, which is not installed",
            "pip install 'headgate[postgres]'",
        ) from None
