"""Identical calls over several processes and machines are one call to the upstream.

Workers on one host share a file; machines share PostgreSQL, or Redis beside it. Clients come
to all of them at once, leave, and see whole processes die.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headgate.store.relay import LEASE_S
from headgate.store.server import read_url
from headgate.store.upgrade import upgrade
from tests.e2e.crew import kill
from tests.e2e.street import HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import Got, message, read_head, read_reply, send
from tests.servers import Postgres, Redis

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

CLIENTS = 400
WAYS = ["workers", "postgres", "redis"]
CONFIG = """
[server]
port = 0
[retry]
waits_s = [0.05, 0.1]
[cache]
join = "all"
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
{store}
"""
ASKED = {"x-headgate-sim": "output=200;events=200;first-delay=0.4;pace=0.01"}
"""a stream of about two seconds and a half"""


@dataclass
class Place:
    """Gateways that share calls, and the simulator behind them all."""

    sim_url: str
    folder: Path
    ups: list[subprocess.Popen[bytes]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    """one per client that is to come; where workers share one, the kernel spreads clients"""
    workers: list[int] = field(default_factory=list)

    def arrivals(self) -> list[dict[str, Any]]:
        """The calls that the upstream has had."""
        with urllib.request.urlopen(f"{self.sim_url}/sim/calls", timeout=5) as reply:  # noqa: S310 - loopback
            return [each for each in json.loads(reply.read()) if each["method"] == "POST"]

    def asked(self) -> int:
        return len(self.arrivals())


@contextlib.contextmanager
def street(way: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    env = outside_env() | HOUSE_KEYS
    store, ups = "", [["--workers", "2"]]
    if way != "workers":
        postgres: Postgres = request.getfixturevalue("postgres")
        env["DATABASE_URL"] = postgres.fresh(lambda url: upgrade(read_url(url)))
        store, ups = '[store]\nurl = "env:DATABASE_URL"\n', [[], []]
    if way == "redis":
        redis: Redis = request.getfixturevalue("redis")
        env["REDIS_URL"] = redis.url
        store += 'redis = "env:REDIS_URL"\n'
    with contextlib.ExitStack() as stack:
        sim = stack.enter_context(started(["sim", "--port", "0"], env, folder))
        place = Place(sim["url"], folder)
        for n, words in enumerate(ups):
            home = folder / f"node{n}"
            home.mkdir()
            text = CONFIG.replace("{sim}", sim["url"]).replace("{store}", store)
            (home / "headgate.toml").write_text(text)
            given = env | {"HOME": str(home), "HEADGATE_HOME": str(home / "state")}
            log = home / "up.log"
            up = launch(["up", "--config", "headgate.toml", *words], given, log)
            stack.callback(up.communicate)
            stack.callback(up.kill)
            facts = first_object(up, log)
            place.ups.append(up)
            place.ports.append(int(facts["url"].rpartition(":")[2]))
            place.workers += facts.get("workers") or [up.pid]
        yield place


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with street(request.param, request, tmp_path) as it:
        yield it


def body(content: str, *, stream: bool) -> dict[str, object]:
    turns = [{"role": "user", "content": content}]
    return message(max_tokens=400, messages=turns, stream=stream)


async def ask(
    port: int, content: str, *, stream: bool = True, how: dict[str, str] = ASKED
) -> Got:
    async with asyncio.timeout(30):
        asked = body(content, stream=stream)
        reader, writer = await send(port, "POST", "/v1/messages", asked, how)
        with contextlib.closing(writer):
            return await read_reply(reader)


async def burst(place: Place, clients: int, content: str, *, stream: bool = True) -> list[Got]:
    """Clients that come at once, by turns to each of the addresses."""
    ports = [place.ports[n % len(place.ports)] for n in range(clients)]
    return list(await asyncio.gather(*(ask(port, content, stream=stream) for port in ports)))


def froms(answers: list[Got]) -> Counter[str]:
    return Counter(got.headers.get("x-headgate-cache", "led") for got in answers)


@pytest.mark.parametrize("stream", [True, False])
def test_a_burst_over_all_processes_is_one_call_and_one_answer(
    place: Place, stream: bool
) -> None:
    answers = asyncio.run(burst(place, CLIENTS, "burst", stream=stream))
    assert place.asked() == 1
    assert {got.status for got in answers} == {200}
    assert all(got.whole for got in answers)
    assert len({got.body for got in answers}) == 1
    assert froms(answers) == {"led": 1, "join": CLIENTS - 1}
    assert len({got.headers["x-request-id"] for got in answers}) == CLIENTS


def test_the_rows_of_all_say_where_their_answer_came_from_and_what_it_saved(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with street("workers", request, tmp_path) as place:
        asyncio.run(burst(place, 40, "rows"))
        place.ups[0].terminate()
        assert place.ups[0].wait(20) == 0
        file = f"file:{tmp_path / 'node0' / 'state' / 'headgate.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True)) as ledger:
            rows = ledger.execute(
                "SELECT answered_from, cost_nusd, saved_nusd, ending, fault, status FROM call"
            ).fetchall()
    (led,) = [row for row in rows if row[0] == ""]
    cost = led[1]
    assert led == ("", cost, 0, "complete", "", 200)
    assert cost > 0
    joined = [row for row in rows if row[0] == "join"]
    assert joined == [("join", 0, cost, "complete", "", 200)] * 39


def test_whoever_comes_in_the_middle_gets_all_of_it_soon(place: Place) -> None:
    async def come() -> tuple[list[Got], list[float]]:
        async def late(n: int) -> tuple[Got, float]:
            await asyncio.sleep(0.2 * n)
            got = await ask(place.ports[n % len(place.ports)], "late")
            return got, time.monotonic()

        found = await asyncio.gather(*(late(n) for n in range(8)))
        return [got for got, _ in found], [at for _, at in found]

    answers, ends = asyncio.run(come())
    assert place.asked() == 1
    assert len({got.body for got in answers}) == 1
    assert max(ends) - min(ends) < 1.0, "nobody is far behind the others"


def test_followers_get_all_of_it_when_the_client_that_asked_first_leaves(
    place: Place,
) -> None:
    async def come() -> list[Got]:
        asked = body("leave", stream=True)
        reader, writer = await send(place.ports[0], "POST", "/v1/messages", asked, ASKED)
        await read_head(reader)
        others = asyncio.ensure_future(burst(place, 12, "leave"))
        await asyncio.sleep(0.5)
        writer.close()
        return await others

    answers = asyncio.run(come())
    assert place.asked() == 1
    assert [each["lost"] for each in place.arrivals()] == [False]
    assert len({got.body for got in answers}) == 1
    assert all(got.whole and got.events[-1]["type"] == "message_stop" for got in answers)


def test_a_machine_that_is_stopped_answers_those_of_others_first(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """For as long as it would for clients of its own, which are gone here."""
    slow = {"x-headgate-sim": "output=200;events=200;first-delay=0.4;pace=0.025"}

    async def come(place: Place) -> Got:
        asked = body("stopped", stream=True)
        reader, writer = await send(place.ports[0], "POST", "/v1/messages", asked, slow)
        await read_head(reader)
        other = asyncio.ensure_future(ask(place.ports[1], "stopped", how=slow))
        await asyncio.sleep(0.5)
        writer.close()
        await asyncio.sleep(0.2)
        place.ups[0].terminate()
        return await other

    with street("postgres", request, tmp_path) as place:
        got = asyncio.run(come(place))
        assert place.asked() == 1
        assert got.whole
        assert got.events[-1]["type"] == "message_stop"
        assert place.ups[0].wait(10) == 0


def test_the_upstream_is_left_when_every_client_everywhere_has_left(place: Place) -> None:
    async def come() -> None:
        tasks = [
            asyncio.ensure_future(ask(place.ports[n % len(place.ports)], "gone", stream=True))
            for n in range(8)
        ]
        await asyncio.sleep(1.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(come())
    until = time.monotonic() + 5
    while not place.arrivals()[0]["lost"] and time.monotonic() < until:
        time.sleep(0.02)
    assert [each["lost"] for each in place.arrivals()] == [True]


def test_when_the_process_that_leads_dies_nobody_hangs(place: Place) -> None:
    """Its own clients lose their connection; the others are told, or one of them asks anew."""

    async def come() -> tuple[list[Got | BaseException], float]:
        ports = [place.ports[n % len(place.ports)] for n in range(12)]
        clients = [asyncio.ensure_future(ask(port, "dies")) for port in ports]
        await asyncio.sleep(1.0)
        since = time.monotonic()
        kill(await asyncio.to_thread(leader, place))
        answers = await asyncio.gather(*clients, return_exceptions=True)
        return list(answers), time.monotonic() - since

    answers, took_s = asyncio.run(come())
    assert took_s < LEASE_S + 5
    got = [each for each in answers if isinstance(each, Got) and each.whole]
    assert got, "the clients of the other process"
    for each in got:
        last = each.events[-1]
        assert last["type"] in ("message_stop", "error"), last
        if last["type"] == "error":
            assert "send the call again" in last["error"]["message"]
    shown = {each.body.partition(b"event: error")[0] for each in got}
    assert len(shown) == 1, "they saw the same as far as it went"
    assert place.asked() <= 2


def leader(place: Place) -> int:
    """The process that has a connection to the simulator which is in use."""
    port = int(place.sim_url.rpartition(":")[2])
    said = subprocess.run(
        ["ss", "-Htnp", "state", "established", f"( dport = :{port} )"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (pid,) = {pid for pid in place.workers if f"pid={pid}," in said}
    return pid
