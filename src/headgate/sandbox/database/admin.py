"""Makes databases on a sandbox's own server, and drops them: each with a role of its own.

Rule 1: a role may enter its own database and no other, and is nothing more than a user.
Rule 2: SQL of a task runs as such a role, once, into a template that is copied from then on.
Rule 3: names are drawn at random and hold letters and digits alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from headgate.sandbox.database.server import ADMIN, Server
from headgate.sandbox.model import Refused, Unavailable

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 20
"""of one role"""
SETUP_S = 30
_CANCELLED = ("57014", "53400")
_WORDS = 600


def driver() -> Any:
    """Psycopg; Unavailable where it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise Unavailable(
            f"databases for tasks need psycopg: {error}", 'pip install "headgate[postgres]"'
        ) from error
    return psycopg


class Login(NamedTuple):
    """A database of its own, and who may enter it."""

    name: str
    """of the role and of the database"""
    password: str


class Admin:
    """The one who may do all, on a connection that stays open; for threads, one at a time."""

    def __init__(self, server: Server) -> None:
        self._server, self._psycopg = server, driver()
        self._lock = threading.Lock()
        self._link: Any = None
        self._templates: dict[str, Login] = {}
        with self._at_work():
            for name in ("postgres", "template1"):
                self._do(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def prepare(self, setup_sql: str) -> None:
        """Make the template of this SQL; Refused where it fails."""
        with self._at_work():
            self._template(setup_sql)

    def lend(self, setup_sql: str) -> Login:
        """A new database that is as this SQL leaves it."""
        with self._at_work():
            template = self._template(setup_sql)
            lent = self._made(f"lent_{secrets.token_hex(8)}", template.name)
            with self._as_admin_in(lent.name) as link:
                link.execute(f"REASSIGN OWNED BY {template.name} TO {lent.name}")
            return lent

    def take_back(self, lent: Login) -> None:
        """Drop it, whoever is in it; what will not go goes with the server."""
        with contextlib.suppress(Unavailable), self._at_work():
            self._do(f"DROP DATABASE IF EXISTS {lent.name} WITH (FORCE)")
            self._do(f"DROP ROLE IF EXISTS {lent.name}")

    def end(self, lent: Login) -> None:
        """Let its role in no more, and end what it does."""
        with contextlib.suppress(Unavailable), self._at_work():
            self._do(f"ALTER ROLE {lent.name} NOLOGIN")
            asked = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
            self._link.execute(asked, (lent.name,))

    def folder(self, lent: Login) -> str:
        """Where its files lie."""
        with self._at_work():
            asked = "SELECT oid FROM pg_database WHERE datname = %s"
            found = self._link.execute(asked, (lent.name,)).fetchone()
        assert found is not None
        return os.path.join(self._server.data, "base", str(found[0]))

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Alone; what fails for the server's sake says nothing of the code."""
        with self._lock:
            try:
                if self._link is None:
                    admin = Login(ADMIN, self._server.password)
                    self._link = self._connected(admin, "postgres")
                yield
            except self._psycopg.Error as error:
                if self._link is not None and self._link.closed:
                    self._link = None
                told = str(error).strip()[:_WORDS]
                raise Unavailable(f"the database server fails: {told}", "try again") from error

    def _template(self, setup_sql: str) -> Login:
        found = self._templates.get(setup_sql)
        if found is not None:
            return found
        made = self._made(f"kind_{secrets.token_hex(8)}", "template1")
        with self._as_admin_in(made.name) as link:
            link.execute(f"ALTER SCHEMA public OWNER TO {made.name}")
        try:
            if setup_sql.strip():
                self._set_up(made, setup_sql)
        except BaseException:
            self._do(f"DROP DATABASE {made.name} WITH (FORCE)")
            self._do(f"DROP ROLE {made.name}")
            raise
        self._do(f"ALTER ROLE {made.name} NOLOGIN")
        self._do(f"ALTER DATABASE {made.name} WITH ALLOW_CONNECTIONS false")
        self._templates[setup_sql] = made
        return made

    def _set_up(self, made: Login, setup_sql: str) -> None:
        link = self._connected(made, made.name)
        over = threading.Timer(SETUP_S, link.cancel_safe)
        over.start()
        try:
            link.execute(setup_sql.encode())
        except self._psycopg.Error as error:
            told = str(error).strip()[:_WORDS] or type(error).__name__
            if error.sqlstate in _CANCELLED:
                told = f"it takes more than {SETUP_S} s, or more room than there is: {told}"
            raise Refused(f"its setup_sql fails: {told}", "mend the SQL of the task") from error
        finally:
            over.cancel()
            over.join()
            link.close()

    def _made(self, name: str, template: str) -> Login:
        password = secrets.token_hex(16)
        self._do(
            f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            f" NOBYPASSRLS CONNECTION LIMIT {CONNECTIONS} PASSWORD '{password}'"
        )
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._do(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        self._do(f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO {name}")
        return Login(name, password)

    def _do(self, words: str) -> None:
        self._link.execute(words.encode())

    @contextlib.contextmanager
    def _as_admin_in(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        link = self._connected(Login(ADMIN, self._server.password), database)
        with contextlib.closing(link):
            yield link

    def _connected(self, login: Login, database: str) -> psycopg.Connection[Any]:
        found: psycopg.Connection[Any] = self._psycopg.connect(
            host=self._server.socket,
            user=login.name,
            password=login.password,
            dbname=database,
            autocommit=True,
            connect_timeout=30,
        )
        return found
