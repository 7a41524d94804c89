"""A store of either kind, for tests that promise the same of both."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.store.place import Place, connect
from headgate.store.server import read_url
from headgate.store.sql import ERRORS, Connection, transaction
from headgate.store.upgrade import upgrade
from tests.servers import Postgres

KINDS = ("sqlite", "postgresql")
TABLES = ("call", "intent", "spend", "owner", "buried", "lease")


def shaped(url: str) -> None:
    """Give an empty database the newest shape."""
    upgrade(read_url(url))


class Shared:
    """One database for all tests that need no server of their own, as new for each of them."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        postgres.run("CREATE DATABASE shared")
        self.server = read_url(postgres.url("shared"))
        upgrade(self.server)
        self._connection = self._connected()
        found = self._connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'headgate' ORDER BY 1"
        )
        self._tables = [f'"{name}"' for (name,) in found]
        self._rows = {table: self._content(table) for table in self._tables}

    def _connected(self) -> Connection:
        connection = connect(self.server)
        connection.execute("SET session_replication_role = replica")  # no triggers
        return connection

    def _content(self, table: str) -> list[tuple[object, ...]]:
        return self._connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours

    def renew(self) -> None:
        try:
            self._renew()
        except ERRORS:  # another test stopped the server
            self._postgres.start()
            self._connection = self._connected()
            self._renew()

    def _renew(self) -> None:
        with transaction(self._connection):
            tables = ", ".join(self._tables)
            self._connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
            for table, rows in self._rows.items():
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - the same

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="session")
def _shared(postgres_session: Postgres) -> Iterator[Shared]:
    with contextlib.closing(Shared(postgres_session)) as shared:
        yield shared


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A new store: a file, then a database."""
    if request.param == "sqlite":
        return tmp_path / "headgate.db"
    shared: Shared = request.getfixturevalue("_shared")
    shared.renew()
    return shared.server


@pytest.fixture
def server_store(postgres: Postgres) -> Place:
    """A new store on a server that the test may stop, kill and start."""
    return read_url(postgres.fresh(shaped))


@pytest.fixture
def connection(store: Place) -> Iterator[Connection]:
    """An open connection to it."""
    with contextlib.closing(connect(store)) as connection:
        yield connection


def sign_in(connection: Connection, *owners: int) -> None:
    """Let rows be written as these owners, as far as the table of owners goes."""
    for n in owners:
        connection.execute(
            "INSERT INTO owner (n, lock, pid, started_us, batch) VALUES (?, ?, 1, 0, 0)",
            (n, f"lock{n}"),
        )


def empty(connection: Connection) -> None:
    """Forget every row, for the next example of a property."""
    with transaction(connection):
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
