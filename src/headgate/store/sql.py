"""What the store's SQL is said to: one narrow connection, which SQLite's own and a PostgreSQL
server's both are.

Rule 1: one text serves both, with ? where a value stands; where it cannot, on_file() decides.
Rule 2: whatever a database raises is one of ERRORS, and becomes a StoreError in plain words
where the place is known.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeGuard


class StoreError(Exception):
    """The store cannot be used: what and where, and what to do about it.

    `why` is the reason without the place, for those who should not learn where files lie.
    """

    def __init__(self, what: str, hint: str = "", *, why: str = "") -> None:
        super().__init__(f"{what}\n\nhint: {hint}" if hint else what)
        self.what = what
        self.hint = hint
        self.why = why or what


class ServerError(Exception):
    """A server refused a statement, or cannot be reached."""

    def __init__(self, words: str, code: str = "", *, refused: bool = False) -> None:
        super().__init__(words)
        self.code = code
        """the SQLSTATE; empty: the server said nothing"""
        self.refused = refused
        """a value does not fit its column: the server is well"""


ERRORS = (sqlite3.Error, ServerError)
"""what a statement may raise"""


class Rows(Protocol):
    """What a statement found or did."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """An open store, used by one thread at a time; every statement is on its own, unless in a
    transaction."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows: ...

    def close(self) -> None: ...


def on_file(connection: Connection) -> TypeGuard[sqlite3.Connection]:
    """Is it SQLite; if not, it is a PostgreSQL server."""
    return isinstance(connection, sqlite3.Connection)


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of it or nothing. On a file nobody else writes meanwhile; on a server whoever must
    be alone locks a row or asks for alone()."""
    with _between(connection, "BEGIN IMMEDIATE" if on_file(connection) else "BEGIN"):
        yield


@contextlib.contextmanager
def moment(connection: Connection) -> Iterator[None]:
    """Several questions about one and the same state of the store."""
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with _between(connection, "BEGIN" if on_file(connection) else begin):
        yield


@contextlib.contextmanager
def _between(connection: Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(*ERRORS):  # what went wrong first is what is told
                connection.execute("ROLLBACK")
        raise


COMMITS, BURIALS, UPGRADES, TURNS = 0x4847_0001, 0x4847_0002, 0x4847_0003, 0x4847_0004
"""what may be done by one at a time on a server; a file has one writer at a time anyway"""


def alone(connection: Connection, what: int) -> None:
    """Wait until nobody else does the same; until the transaction ends, nobody else will."""
    if not on_file(connection):
        connection.execute("SELECT pg_advisory_xact_lock(?)", (what,))


STALLED_S = 5
"""how long a client may leave the server waiting in the middle of a transaction"""
_END_STALLED = f"""
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
  AND application_name = current_setting('application_name')
  AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
  AND state_change < clock_timestamp() - interval '{STALLED_S} s'
"""  # noqa: S608 - constant text


def end_stalled(connection: Connection) -> int:
    """End connections whose process stands still in a transaction, with the locks they hold;
    how many.

    The server's own clock for that runs only between statements. Who is stopped with one said
    in part, or with several said and no answer asked for yet, would hold its locks for ever.
    """
    if on_file(connection):
        return 0
    return int(connection.execute(_END_STALLED).fetchone()[0])


def alone_now(connection: Connection, what: int) -> bool:
    """The same without waiting; False: somebody is at it."""
    if on_file(connection):
        return True
    found = connection.execute("SELECT pg_try_advisory_xact_lock(?)", (what,)).fetchone()
    return bool(found[0])
