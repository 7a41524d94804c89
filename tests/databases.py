"""One server for all tests that only want a database lent: it starts with the first of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headgate.sandbox.database import lending, server
from headgate.sandbox.database.admin import Admin
from headgate.sandbox.database.lending import Ground
from headgate.sandbox.database.server import Server
from tests.servers import POSTGRES_MISSING, found


class Kept(Server):
    """It outlives whoever closes it."""

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    if not found("postgres"):
        pytest.skip(POSTGRES_MISSING)
    started = server.start()
    yield Kept(*started)
    started.close()


@pytest.fixture
def admin(database_server: Server) -> Iterator[Admin]:
    it = Admin(database_server)
    yield it
    it.close()


@pytest.fixture
def lends(database_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sandboxes lend databases of this server, and need not start one."""
    monkeypatch.setattr(
        lending, "started", lambda: Ground(database_server, Admin(database_server))
    )
