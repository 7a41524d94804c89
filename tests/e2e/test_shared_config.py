"""Several hosts with one configuration: each takes it up within a second, or says why not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.store.server import read_url
from headgate.store.upgrade import upgrade
from tests.e2e.street import HEADGATE, HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import Got, message, request
from tests.servers import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

WITHIN_S = 1.0
ADMIN = {"authorization": "Bearer " + "a" * 32}
SHARED = """
[providers.anthropic]
base_url = "{sim}"
api_key = "env:{variable}"
[models]
"{name}" = "anthropic:claude-haiku-5-5"
"""


@dataclass
class Hosts:
    """Two gateways that know of each other through their store alone."""

    folder: Path
    env: dict[str, str]
    sim: str
    ports: list[int]

    def publish(self, name: str, variable: str = "HOUSE_ANTHROPIC") -> float:
        """When it was published."""
        text = SHARED.format(sim=self.sim, variable=variable, name=name)
        done = subprocess.run(
            [str(HEADGATE), "config", "publish", "-", "--secrets-elsewhere"],
            env=self.env,
            cwd=self.folder / "0",
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert done.returncode == 0, done.stderr
        return time.monotonic()

    async def ask(self, host: int, path: str) -> Got:
        return await request(self.ports[host], "GET", path, None, ADMIN)

    async def models(self, host: int) -> bytes:
        return (await self.ask(host, "/v1/models")).body

    async def shared(self, host: int) -> dict[str, Any]:
        return dict((await self.ask(host, "/readyz")).json["config"])


@pytest.fixture(params=["file", "server"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosts]:
    env = outside_env() | HOUSE_KEYS | {"HOME": str(tmp_path), "ADMIN": "a" * 32}
    if request.param == "server":
        server: Postgres = request.getfixturevalue("postgres")
        env["DATABASE_URL"] = server.fresh(lambda url: upgrade(read_url(url)))
        near = 'url = "env:DATABASE_URL"'
    else:
        near = f"[ledger]\npath = '{tmp_path}/book.db'"
    own = '[server]\nport = 0\nadmin_token = "env:ADMIN"\n[store]\nconfig = "shared"\n' + near
    with contextlib.ExitStack() as stack:
        sim = stack.enter_context(started(["sim", "--port", "0"], env, tmp_path))
        found = Hosts(tmp_path, env, sim["url"], [])
        for host in ("0", "1"):
            (tmp_path / host).mkdir()
            (tmp_path / host / "headgate.toml").write_text(own)
        found.publish("first")
        for host in ("0", "1"):
            extra = {"ONLY_HERE": "k" * 40} if host == "0" else {}
            up = stack.enter_context(started(["up"], env | extra, tmp_path / host))
            found.ports.append(int(up["url"].rpartition(":")[2]))
        yield found


async def test_a_published_configuration_holds_on_every_host_within_a_second(
    hosts: Hosts,
) -> None:
    for host in (0, 1):
        assert b'"first"' in await hosts.models(host)
        assert await hosts.shared(host) == {"version": 1}
    published = await asyncio.to_thread(hosts.publish, "second")
    for host in (0, 1):
        while b'"second"' not in await hosts.models(host):
            assert time.monotonic() - published < WITHIN_S
            await asyncio.sleep(0.02)
        assert await hosts.shared(host) == {"version": 2}
        got = await request(hosts.ports[host], "POST", "/v1/messages", message("second"))
        assert got.status == 200
        shown = (await hosts.ask(host, "/admin/config")).json
        assert shown["source"] == "shared configuration, version 2"
        assert shown["shared"] == {"version": 2}


async def test_a_host_that_lacks_a_secret_keeps_the_version_it_has_and_says_so(
    hosts: Hosts,
) -> None:
    published = await asyncio.to_thread(hosts.publish, "second", "ONLY_HERE")
    while b'"second"' not in await hosts.models(0) or "refused" not in await hosts.shared(1):
        assert time.monotonic() - published < WITHIN_S
        await asyncio.sleep(0.02)
    assert b'"first"' in await hosts.models(1)
    ready = await hosts.ask(1, "/readyz")
    assert ready.status == 200, "what it has still serves"
    assert ready.json["config"] == {"version": 1, "refused": 2}
    assert "ONLY_HERE" in (await hosts.ask(1, "/admin/config")).json["shared"]["why"]
    said = (hosts.folder / "1" / "up.log").read_text()
    assert "version 2 of the shared configuration is refused here, version 1 stays" in said
    await asyncio.to_thread(hosts.publish, "third")
    async with asyncio.timeout(2):
        while await hosts.shared(1) != {"version": 3}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


def test_workers_of_one_host_follow_too_and_one_that_dies_starts_with_what_is_valid(
    tmp_path: Path,
) -> None:
    env = outside_env() | HOUSE_KEYS | {"HOME": str(tmp_path)}
    with contextlib.ExitStack() as stack:
        sim = stack.enter_context(started(["sim", "--port", "0"], env, tmp_path))
        (tmp_path / "0").mkdir()
        text = f"[ledger]\npath = '{tmp_path}/b.db'\n[store]\nconfig = 'shared'\n"
        (tmp_path / "0" / "headgate.toml").write_text(text)
        hosts = Hosts(tmp_path, env, sim["url"], [])
        hosts.publish("first")
        log = tmp_path / "0" / "up.log"
        up = launch(["up", "--port", "0", "--workers", "2"], env, log)
        stack.callback(up.communicate)
        stack.callback(up.kill)
        facts = first_object(up, log)
        hosts.ports.append(int(facts["url"].rpartition(":")[2]))

        async def everywhere(wanted: dict[str, int]) -> None:
            async with asyncio.timeout(5):
                while any([await hosts.shared(0) != wanted for _ in range(12)]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

        hosts.publish("second", "GONE")
        asyncio.run(everywhere({"version": 1, "refused": 2}))
        said, until = "version 2 of the shared configuration is refused", time.monotonic() + 5
        while log.read_text().count(said) < 1 + 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert log.read_text().count(said) == 1 + 2  # the supervisor's word and its workers'
        subprocess.run(["kill", "-9", str(facts["workers"][0])], check=True)
        until = time.monotonic() + 8
        while "is up again" not in log.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        asyncio.run(everywhere({"version": 1, "refused": 2}))
        hosts.publish("third")
        asyncio.run(everywhere({"version": 3}))
        until = time.monotonic() + 5
        while '"event":"reloaded"' not in log.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        whole = log.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines() if line[:1] == "{"]
        assert {line["event"] for line in lines} >= {"shared_config", "reloaded"}
