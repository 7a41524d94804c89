"""Owns how a PostgreSQL server is spoken to, and says in plain words why it cannot be.

Rule 1: Headgate's tables lie in a schema of their own, so that a database may be shared.
Rule 2: a commit is on the server's disk, and a server that does not answer is left after
PATIENCE_S: whoever waits for it is told.
Rule 3: a whole number is 64 bits wide both ways; sums of whole numbers come back whole.
Rule 4: a process that stops in the middle of a transaction loses it after IDLE_MS: it would
keep everybody waiting. In the middle of a statement others end it: end_stalled().
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8Dumper

from headgate.store import postgres_schema
from headgate.store.server import Server
from headgate.store.sql import ServerError, StoreError

PATIENCE_S = 10.0
CONNECT_S = 5
IDLE_MS = 4_000
MINIMUM_SERVER = 14
SCHEMA = postgres_schema.SCHEMA
_MARK = re.compile(r"'[^']*'|\?(\d*)")

# What the driver says by itself would stand between the log's JSON lines on stderr; its errors,
# which are raised, say the same.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


@functools.lru_cache(1024)
def numbered(sql: str) -> str:
    """The text with $1, $2 … where SQLite has ? or ?1."""
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] is None:
            return found[0]
        count += 1
        return f"${found[1] or count}"

    return _MARK.sub(number, sql)


class _Whole(Int8Dumper):
    def dump(self, obj: Any) -> bytes:
        return str(int(obj)).encode()


class _Sum(Loader):
    def load(self, data: Any) -> int:
        return int(bytes(data))


class _Link(psycopg.Connection[tuple[Any, ...]]):
    patience_s: float | None = PATIENCE_S

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or self.patience_s)
        except psycopg.errors._WaitTimeout:
            # An answer that comes later would be taken for that of the next; and the driver,
            # when it leaves a pipe that is still open, has other words for what happened.
            self.pgconn.finish()
            raise


class Postgres:
    """A connection as headgate.store.sql describes it."""

    def __init__(self, link: _Link, server: Server) -> None:
        self._link = link
        self._server = server

    @property
    def in_transaction(self) -> bool:
        idle = psycopg.pq.TransactionStatus.IDLE
        return not self._link.closed and self._link.info.transaction_status != idle

    @property
    def is_open(self) -> bool:
        return not self._link.closed

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        try:
            return self._link.execute(numbered(sql), parameters or None)
        except psycopg.Error as error:
            raise told(error, self._server) from error

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Any:
        cursor = self._link.cursor()
        try:
            cursor.executemany(numbered(sql), parameters)
        except psycopg.Error as error:
            raise told(error, self._server) from error
        return cursor

    @contextlib.contextmanager
    def piped(self) -> Iterator[Callable[[], None]]:
        """Statements said in here go out together: one way there and back for all of them.

        What it gives waits for the results of those said so far. In a transaction that goes on
        afterwards it must be used: the driver's own end of a pipe may stop the server's clock
        for idle transactions.
        """
        try:
            with self._link.pipeline() as pipe:
                yield pipe.sync
        except psycopg.Error as error:
            raise told(error, self._server) from error

    def wait_for_ever(self) -> None:
        """From now on no statement is too slow."""
        self._link.patience_s = None

    def close(self) -> None:
        self._link.close()


def connect(server: Server, patience_s: float = PATIENCE_S) -> Postgres:
    """Open for reading and writing; StoreError unless its shape is the newest, or when the
    server lets itself be waited for longer than that."""
    return _shaped(server, patience_s)


def connect_reader(server: Server) -> Postgres:
    """Open for reading only."""
    connection = _shaped(server)
    connection.execute("SET default_transaction_read_only = on")
    return connection


def connect_bare(server: Server, patience_s: float = PATIENCE_S) -> Postgres:
    """Open whatever its shape is."""
    link: _Link | None = None
    try:
        link = _Link.connect(
            conninfo(server, patience_s), autocommit=True, cursor_factory=psycopg.RawCursor
        )
        link.patience_s = patience_s
        _check(link, server)
        link.adapters.register_dumper(int, _Whole)
        link.adapters.register_dumper(bool, _Whole)
        link.adapters.register_loader("numeric", _Sum)
        link.execute(_SETTINGS)
    except psycopg.Error as error:
        if link is not None:
            link.close()
        raise explain(error, server) from None  # its trace would show the URL
    except StoreError:
        if link is not None:
            link.close()
        raise
    return Postgres(link, server)


def conninfo(server: Server, patience_s: float = PATIENCE_S) -> str:
    """The URL with what it does not say itself."""
    usual: dict[str, Any] = {
        "connect_timeout": min(CONNECT_S, math.ceil(patience_s)),
        "tcp_user_timeout": CONNECT_S * 1000,
        "application_name": "headgate",
        "gssencmode": "disable",  # else a machine with a Kerberos ticket may find another way
    }
    given = psycopg.conninfo.conninfo_to_dict(server.url)
    return psycopg.conninfo.make_conninfo(**usual | given | {"client_encoding": "utf8"})


def _shaped(server: Server, patience_s: float = PATIENCE_S) -> Postgres:
    connection = connect_bare(server, patience_s)
    try:
        postgres_schema.check(connection, server)
    except ServerError as error:
        connection.close()
        raise explain(error, server) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _check(link: _Link, server: Server) -> None:
    if link.info.server_version < MINIMUM_SERVER * 10_000:
        found = link.info.server_version // 10_000
        raise StoreError(
            f"the store {server} is on PostgreSQL {found}; Headgate needs"
            f" {MINIMUM_SERVER} or newer",
            "upgrade that server, or name another in [store] url",
        )
    encoding = link.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"the database of {server} holds text as {encoding}; Headgate needs UTF8",
            "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        )


_SETTINGS = f"""
SET search_path = {SCHEMA};
SET idle_in_transaction_session_timeout = {IDLE_MS};
SET tcp_user_timeout = {CONNECT_S * 1000};
SELECT set_config('synchronous_commit', 'on', false)
  WHERE current_setting('synchronous_commit') IN ('off', 'local');
"""


def told(error: psycopg.Error, server: Server) -> ServerError:
    """The driver's error in the store's words."""
    words = server.scrubbed(str(error).strip().split("\n")[0])
    if isinstance(error, psycopg.errors._WaitTimeout):
        words = "it did not answer in time"
    code = error.sqlstate or ""
    refused = code[:2] in ("22", "23") or code in _MISFITS
    if not code and not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        refused = True  # the driver itself could not put the value into words
    return ServerError(words, code, refused=refused)


_MISFITS = ("42804", "42846")
"""a value of one type where another is wanted"""

_BY_CODE: tuple[tuple[str, str, str, str], ...] = (
    # code, or words of a failed connection, which has none; what it means; the remedy
    ("28P01", "password authentication failed", "the password is wrong, or the user unknown",
     "check user and password in the variable that [store] url names"),
    ("28P01", "no password supplied", "it asks for a password",
     "put one into the variable that [store] url names: postgresql://USER:PASSWORD@HOST/…"),
    ("28000", "no pg_hba.conf entry", "the server does not let this user in from here",
     "add a line for this user, database and address to its pg_hba.conf; sslmode=require in"
     " the url if it asks for encryption"),
    ("28000", 'role "', "there is no such user", "CREATE ROLE … LOGIN PASSWORD … makes one"),
    ("3D000", 'database "', "there is no such database",
     "CREATE DATABASE … makes one; then `headgate db upgrade`"),
    ("53300", "too many clients", "the server has no connection left",
     "raise its max_connections, or run fewer processes: each needs four"),
    ("53300", "remaining connection slots", "the server has no connection left",
     "raise its max_connections, or run fewer processes: each needs four"),
    ("57P03", "starting up", "the server is starting up or shutting down",
     "wait a moment: it is tried again"),
    ("57P03", "not yet accepting", "the server is starting up",
     "wait a moment: it is tried again"),
    ("57P03", "shutting down", "the server is shutting down", "start it again"),
    ("57P01", "terminating connection", "the server ended the connection",
     "is it being restarted? it is tried again"),
    ("53100", "No space left", "the server's disk is full",
     "free some space there: rows are kept and written then"),
    ("25006", "read-only transaction", "the server is read-only, such as a standby",
     "name the primary in [store] url; of several hosts: ?target_session_attrs=read-write"),
    ("42501", "permission denied", "this user may not do that there",
     "let the schema belong to it: ALTER SCHEMA headgate OWNER TO …; to make one, it needs"
     " GRANT CREATE ON DATABASE"),
    ("42P01", "does not exist", "Headgate's tables are not all there",
     "`headgate db status` shows its shape, `headgate db upgrade` mends an older one"),
    ("", "Connection refused", "nothing listens there",
     "is the server running, and do host and port in [store] url lead to it"),
    ("", "resolve host", "its host name is not known",
     "check the host in [store] url, and the name server"),
    ("", "could not translate host name", "its host name is not known",
     "check the host in [store] url, and the name server"),
    ("", "timeout", "it does not answer",
     "is the server running, and does the network let this machine through"),
    ("", "did not answer", "it does not answer",
     "is the server overloaded or stopped, and does the network let this machine through"),
    ("", "SSL", "no encrypted connection could be made",
     "check sslmode and sslrootcert in [store] url against the server's certificate"),
)  # fmt: skip


def explain(error: Exception, server: Server) -> StoreError:
    """What is wrong with the store, and the remedy, for a person."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, psycopg.Error):
        error = told(error, server)
    code = error.code if isinstance(error, ServerError) else ""
    words = server.scrubbed(str(error).strip().split("\n")[0])
    for known, part, what, hint in _BY_CODE:
        if (code == known and code) or (not code and part in words):
            return StoreError(f"the store {server} cannot be used: {what}", hint, why=what)
    words = words.removeprefix("connection failed: ")
    hint = "look at the server's log; [store] url in headgate.toml says where the store is"
    return StoreError(f"the store {server} cannot be used: {words}", hint, why=words)
