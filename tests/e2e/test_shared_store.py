"""Gateways on several hosts share one store on PostgreSQL: keys, rows and sums."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate import config as configuration
from headgate.gateway import serve
from headgate.gateway.start import open_gateway
from headgate.sim.app import Simulator
from headgate.store import keys
from headgate.store.place import connect
from headgate.store.server import Server
from tests.kit import ENV, PROVIDERS, message, request
from tests.servers import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
STORE = '[store]\nurl = "env:DATABASE_URL"\n[server]\nport = 0\n'


class Host:
    """A machine with the shared configuration: whatever runs there is a process of its own."""

    def __init__(self, folder: Path, server: Server, sim: str) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "headgate.toml").write_text(STORE + PROVIDERS.replace("{sim}", sim))
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "DATABASE_URL": server.url}

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "headgate", *words]
        how: dict[str, Any] = {"env": self.env | ENV, "cwd": self.folder, "text": True}
        done = subprocess.run(command, check=False, capture_output=True, **how)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    @contextlib.contextmanager
    def up(self) -> Iterator[int]:
        """A gateway there; its port."""
        command = [sys.executable, "-m", "headgate", "up", "--json", "--log", "log"]
        with (self.folder / "err").open("w") as err:
            process = subprocess.Popen(
                command,
                env=self.env | ENV,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (self.folder / "err").read_text()
            yield int(json.loads(line)["url"].rpartition(":")[2])
        finally:
            process.terminate()
            process.communicate(timeout=20)


async def answers(port: int, secret: str) -> int:
    headers = {"x-api-key": secret}
    return (await request(port, "POST", "/v1/messages", message(), headers)).status


async def until(port: int, secret: str, status: int) -> float:
    """How long it takes until the gateway answers so."""
    before = time.monotonic()
    while await answers(port, secret) != status:
        assert time.monotonic() - before < 10
        await asyncio.sleep(0.02)
    return time.monotonic() - before


async def test_a_key_made_or_revoked_on_one_host_counts_on_another_within_a_second(
    tmp_path: Path, server_store: Server
) -> None:
    sim = await serve.start(Simulator(), serve.Listen())
    one, two = (Host(tmp_path / name, server_store, sim.url) for name in ("one", "two"))
    first = (await asyncio.to_thread(one.run, "keys", "create", "--name", "first")).strip()
    with one.up() as here, two.up() as there:
        assert await answers(here, first) == await answers(there, first) == 200
        made = await asyncio.to_thread(one.run, "keys", "create", "--name", "second")
        waits = [await until(there, made.strip(), 200)]
        await asyncio.to_thread(two.run, "keys", "revoke", "second")
        waits.append(await until(here, made.strip(), 401))
        assert max(waits) < 1.0
        await asyncio.sleep(0.3)
        told = json.loads(await asyncio.to_thread(two.run, "keys", "show", "first", "--json"))
    rows = await asyncio.to_thread(two.run, "tail", "--once", "--json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in rows.splitlines()]
    assert [line["key_name"] for line in lines if line["status"] == 200].count("first") == 2
    assert told["spend"]["today"]["calls"] == 2
    await sim.stop(at_once=True)


async def test_a_gateway_on_a_server_never_blocks_its_loop_and_outlives_the_server(
    tmp_path: Path, server_store: Server, postgres: Postgres
) -> None:
    """The guard of every test raises where the loop would wait for a socket."""
    sim = await serve.start(Simulator(), serve.Listen())
    text = "[server]\nport = 0\n" + PROVIDERS.replace("{sim}", sim.url)
    config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
    secret = await asyncio.to_thread(create, server_store, "a")
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    opened = await open_gateway(config, server_store, log_descriptor=log)
    port = opened.server.port
    assert await answers(port, secret) == 200
    assert await answers(port, "hg-nobody") == 401
    await asyncio.to_thread(postgres.stop)
    assert await answers(port, secret) == 200  # no limit and no budget is set
    await until_in(tmp_path / "log", "ledger_trouble")
    postgres.start()  # not from a thread: the server ends with whichever started it
    await until_in(tmp_path / "log", "ledger_works_again")
    another = await asyncio.to_thread(create, server_store, "b")
    assert await until(port, another, 200) < 1.0
    await opened.close()
    await sim.stop(at_once=True)
    os.close(log)
    assert await asyncio.to_thread(count, server_store) == 3


def create(server: Server, name: str) -> str:
    with contextlib.closing(connect(server)) as connection:
        return keys.create(connection, name, now_us=1)[1]


def count(server: Server) -> int:
    with contextlib.closing(connect(server)) as connection:
        sql = "SELECT count(*) FROM call WHERE status = 200"
        return int(connection.execute(sql).fetchone()[0])


async def until_in(log: Path, event: str) -> None:
    deadline = time.monotonic() + 15
    while f'"{event}"' not in await asyncio.to_thread(log.read_text):
        assert time.monotonic() < deadline, await asyncio.to_thread(log.read_text)
        await asyncio.sleep(0.05)
