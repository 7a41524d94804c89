"""An order has a database to itself, and of everybody else's it has nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.database import gate, lending, server
from headgate.sandbox.database.lending import Databases
from headgate.sandbox.database.server import Server
from headgate.sandbox.model import (
    Database,
    File,
    Isolation,
    Limits,
    Order,
    Refused,
    Result,
    Status,
    Step,
    Unavailable,
)
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings

KEPT = Database(setup_sql="CREATE TABLE kept AS SELECT 'a secret' AS word")
HEAD = "import json, os, psycopg\nsaid = {}\n"
TRIES = """
with psycopg.connect() as link:
    said["kept"] = link.execute("SELECT word FROM kept").fetchone()[0]
    others = link.execute("SELECT datname FROM pg_database").fetchall()
said["entered"] = []
for (name,) in others:
    for user, word in (
        ({}, ()), ({"user": name}, ()), ({"user": "headgate", "password": ""}, ()),
    ):
        try:
            psycopg.connect(dbname=name, **user).close()
        except psycopg.OperationalError:
            continue
        said["entered"].append([name, user])
said["seen"] = [it for it in ("/database", os.path.dirname(os.environ["PGHOST"]))
                if os.access(it, os.R_OK) or os.access(it, os.W_OK)]
try:
    open(os.environ["PGHOST"] + "/mine", "w")
    said["seen"].append("wrote")
except OSError:
    pass
print(json.dumps(said))
"""


@pytest.fixture
async def sandbox(lends: None) -> AsyncIterator[Sandbox]:
    async with Sandbox(Settings(spares=0)) as it:
        yield it


async def ran(
    sandbox: Sandbox, code: str, wanted: Database = KEPT, wall_s: float = 30
) -> Result:
    return await sandbox.carry_out(
        Order(
            await asyncio.to_thread(catalogue.runtime, "python"),
            (Step("run", python="main.py"),),
            (File("main.py", (HEAD + code).encode()),),
            Limits(wall_s=wall_s),
            database=wanted,
        )
    )


@pytest.mark.slow
async def test_code_reaches_its_own_database_and_that_of_nobody_else(sandbox: Sandbox) -> None:
    """Two at once: each tries every database that there is, as whoever it can think of."""
    found = await asyncio.gather(ran(sandbox, TRIES), ran(sandbox, TRIES))
    own = []
    for it in found:
        assert it.status is Status.OK, it.stderr
        said: dict[str, Any] = json.loads(it.stdout)
        assert said["kept"] == "a secret"
        assert said["seen"] == []
        assert len(said["entered"]) == 2, said["entered"]  # itself, also by its name
        own.append(said["entered"][0][0])
    assert len(set(own)) == 2


async def test_nothing_is_left_of_an_order_that_has_ended(
    sandbox: Sandbox, database_server: Server
) -> None:
    names = "psycopg.connect()\nprint(os.environ['PGDATABASE'], os.environ['PGHOST'])"
    result = await ran(sandbox, names)
    assert result.status is Status.OK, result.stderr
    name, door = result.stdout.split()
    assert name not in await asyncio.to_thread(_names, database_server)
    here = Path(database_server.doors, door.rpartition("/")[2])
    assert not await asyncio.to_thread(here.exists)


def _names(server: Server) -> set[str]:
    with psycopg.connect(
        host=server.socket, user="headgate", password=server.password, dbname="postgres"
    ) as link:
        asked = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
        return {it[0] for it in link.execute(asked).fetchall()}


async def test_sql_that_fails_is_the_tasks_and_is_told_before_anything_runs(
    sandbox: Sandbox,
) -> None:
    with pytest.raises(Refused, match="nothing_such"):
        await sandbox.prepare_database(Database(setup_sql="SELECT * FROM nothing_such"))
    await sandbox.prepare_database(KEPT)


async def test_a_tier_whose_code_reaches_no_socket_says_so() -> None:
    with pytest.raises(Unavailable, match="takes the tier namespaces; here is landlock"):
        await Databases(Isolation("landlock")).prepare(KEPT)


@pytest.mark.soak
async def test_a_flood_of_connections_is_turned_away_and_the_neighbour_is_served(
    sandbox: Sandbox,
) -> None:
    flood = """
import socket, time
held = []
end = time.monotonic() + 6
while time.monotonic() < end and len(held) < 200:
    it = socket.socket(socket.AF_UNIX)
    it.connect(os.environ["PGHOST"] + "/.s.PGSQL.5432")
    held.append(it)
time.sleep(max(0, end - time.monotonic()))
"""
    flooding = asyncio.ensure_future(ran(sandbox, flood))
    for _ in range(3):
        neighbour = await ran(sandbox, "psycopg.connect().close()\nprint('served')")
        assert neighbour.stdout == "served\n", neighbour.stderr
    await flooding


@pytest.mark.soak
async def test_a_database_that_grows_without_end_is_closed_to_its_order(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lending, "MOST_MB", 64)
    grows = """
link = psycopg.connect(autocommit=True)
try:
    for n in range(1000):
        link.execute(f"CREATE TABLE t{n} AS SELECT repeat(md5(i::text), 20) AS x "
                     "FROM generate_series(1, 20000) AS i")
except psycopg.Error as error:
    print("ended", n)
"""
    found = await ran(sandbox, grows, wall_s=100)
    assert found.stdout.startswith("ended"), found
    assert int(found.stdout.split()[1]) < 100
    assert (await ran(sandbox, "psycopg.connect()\nprint('served')")).stdout == "served\n"


@pytest.mark.soak
async def test_a_query_that_goes_on_after_its_order_is_ended_with_it(
    sandbox: Sandbox, database_server: Server
) -> None:
    forever = "link = psycopg.connect()\nlink.execute('SET statement_timeout = 0')\n"
    forever += "link.execute('SELECT pg_sleep(1000)')"
    found = await ran(sandbox, forever, wall_s=2)
    assert found.status is Status.WALL
    assert not {it for it in await asyncio.to_thread(_names, database_server) if "lent" in it}


def test_no_door_is_wider_than_the_server_is() -> None:
    assert int(server.SETTINGS["max_connections"]) > gate.MOST_AT_ONCE * 8
