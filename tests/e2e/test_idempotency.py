"""kill -9 among keyed calls: each reaches its vendor at most once, and is answered or named."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headgate.gateway import serve
from headgate.sim.app import Options, Simulator
from headgate.sim.scenario import Scenario
from headgate.store.server import Server
from tests.e2e.street import HOUSE_KEYS, first_object, launch, outside_env
from tests.kit import Got, message, request
from tests.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

CALLERS = 24
CONFIG = """
[server]
port = {port}
workers = {workers}
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
"""
PACE = {"head_delay": 0.03, "first_delay": 0.02, "events": 6, "pace": 0.005, "jitter": 0.9}


@dataclass
class Drill:
    """A gateway as a process that may be killed, and what its callers were told."""

    folder: Path
    sim: Simulator
    port: int
    env: dict[str, str]
    up: subprocess.Popen[bytes] | None = None
    starts: int = 0
    answered: dict[str, bytes] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """by key, the id of the call whose outcome nobody knows"""

    async def start(self) -> list[int]:
        """The processes that serve."""
        self.starts += 1
        self.up = launch(["up", "--config", "headgate.toml"], self.env, self.log)
        facts = await asyncio.to_thread(first_object, self.up, self.log)
        return list(facts.get("workers") or [self.up.pid])

    @property
    def log(self) -> Path:
        return self.folder / f"up-{self.starts}.log"

    def end(self) -> None:
        up, self.up = self.up, None
        if up is not None:
            up.kill()
            up.communicate()

    async def call(self, key: str, rerun: str = "") -> Got:
        """Send it until somebody answers, as a stubborn client does."""
        headers = {"idempotency-key": key} | ({"x-headgate-rerun": rerun} if rerun else {})
        n = int(key.partition("-")[2])
        body = message(stream=n % 2 == 0, max_tokens=100 + n)
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                got = await request(self.port, "POST", "/v1/messages", body, headers)
                if got.whole and got.status != 503:
                    return got
            await asyncio.sleep(0.05)

    async def caller(self, keys: list[str]) -> None:
        while keys:
            key = keys.pop()
            got = await self.call(key)
            if got.status == 200:
                self.answered[key] = got.body
                continue
            assert got.status == 409, got.body
            assert got.headers["x-should-retry"] == "false"
            self.unknown[key] = named(got)

    @property
    def told(self) -> int:
        return len(self.answered) + len(self.unknown)

    def arrivals(self) -> Counter[str]:
        return Counter(each.header("idempotency-key") for each in self.sim.calls)

    def rows(self, question: str) -> list[str]:
        ledger = self.folder / "s" / "headgate.db"
        with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            return [row[0] for row in db.execute(question)]


def named(got: Got) -> str:
    found = re.search(r"x-headgate-rerun: (\S+)", got.json["error"]["message"])
    assert found is not None, got.body
    return found[1]


def machine(folder: Path, sim: Simulator, url: str, workers: int, store: str = "") -> Drill:
    """One that is not started yet; `store`: a server's address, empty: it has its own file."""
    folder.mkdir(exist_ok=True)
    env = outside_env() | HOUSE_KEYS | {"DATABASE_URL": store}
    env |= {"HOME": str(folder), "HEADGATE_HOME": str(folder / "s")}
    one = Drill(folder, sim, free_port(), env)
    text = CONFIG.format(sim=url, port=one.port, workers=workers)
    text += '[store]\nurl = "env:DATABASE_URL"\n' if store else ""
    (folder / "headgate.toml").write_text(text)
    return one


@contextlib.asynccontextmanager
async def drill(folder: Path, workers: int) -> AsyncIterator[Drill]:
    sim = Simulator(Options(scenario=Scenario(always=PACE), keep_calls=100_000))
    server = await serve.start(sim, serve.Listen())
    one = machine(folder, sim, server.url, workers)
    try:
        yield one
    finally:
        await asyncio.to_thread(one.end)
        await server.stop(at_once=True)


async def kill_among(calls: int, kills: int, folder: Path, workers: int) -> None:
    async with asyncio.timeout(30 + calls / 4), drill(folder, workers) as one:
        serving = await one.start()
        keys = [f"key-{n}" for n in range(calls)]
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(one.caller(keys))
            for kill in range(1, kills + 1):
                while one.told < calls * kill // (kills + 1):  # noqa: ASYNC110 - callers are told
                    await asyncio.sleep(0.005)
                if workers > 1:
                    os.kill(serving.pop(), signal.SIGKILL)  # the supervisor begins another
                else:
                    await asyncio.to_thread(one.end)
                    serving = await one.start()
        await judge(one, calls)
        await run_anew(one)


async def judge(one: Drill, calls: int) -> None:
    """Each arrived once at most; each was answered, or is listed as open."""
    arrived = one.arrivals()
    assert max(arrived.values()) == 1
    assert len(one.answered) + len(one.unknown) == calls
    assert one.unknown, "two dozen callers left nothing open: nothing was shown"
    orphaned = set(one.rows("SELECT id FROM intent WHERE state = 'orphaned'"))
    assert set(one.unknown.values()) <= orphaned
    ids = one.rows("SELECT id FROM call")
    assert len(ids) == len(set(ids))
    early = list(one.answered)[:25]  # what was answered at a kill may not be noted as that
    again = await asyncio.gather(*(one.call(key) for key in early))
    for key, got in zip(early, again, strict=True):
        assert (got.status, got.headers["x-headgate-idempotency"]) == (200, "replayed")
        assert got.body == one.answered[key]
    assert one.arrivals() == arrived


async def run_anew(one: Drill) -> None:
    """Who asks for it has a lost call run once more."""
    for key, id in one.unknown.items():
        assert named(await one.call(key)) == id
        assert (await one.call(key, rerun="hg_wrong")).status == 409
        before = one.arrivals()[key]
        first, second = [await one.call(key, rerun=id) for _ in range(2)]
        assert (first.status, first.body) == (200, second.body)
        assert one.arrivals()[key] == before + 1


@pytest.mark.parametrize("workers", [1, 2])
def test_no_keyed_call_is_sent_twice_however_often_the_gateway_is_killed(
    tmp_path: Path, workers: int
) -> None:
    asyncio.run(kill_among(200, 2, tmp_path, workers))


@pytest.mark.soak
@pytest.mark.parametrize("workers", [1, 3])
def test_nor_is_one_of_a_thousand(tmp_path: Path, workers: int) -> None:
    asyncio.run(kill_among(1000, 6 if workers == 1 else 3, tmp_path, workers))


def test_a_start_after_a_kill_lists_what_it_left(tmp_path: Path) -> None:
    async def leave_one() -> None:
        async with drill(tmp_path, 1) as one:
            one.sim.play(Scenario(always={"head_delay": 30.0}))
            await one.start()
            async with asyncio.TaskGroup() as group:
                lost = group.create_task(one.call("key-1"))
                while not one.sim.total_calls:  # noqa: ASYNC110 - it arrives
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(one.end)
                one.sim.play(Scenario())
                await one.start()
            id = named(await lost)
            said = one.log.read_text()
            while id not in said:
                await asyncio.sleep(0.01)
                said = one.log.read_text()
            assert "1 calls of an earlier run were never closed" in said
            assert one.sim.total_calls == 1

    asyncio.run(leave_one())


def test_another_machine_says_that_it_does_not_know_once_the_first_is_dead(
    tmp_path: Path, server_store: Server
) -> None:
    """Until then it waits: the first may still answer. It is not long, as dead is for all."""

    async def repeat_elsewhere() -> None:
        sim = Simulator(Options(scenario=Scenario(always={"head_delay": 30.0})))
        server = await serve.start(sim, serve.Listen())
        one, two = (
            machine(tmp_path / name, sim, server.url, 1, server_store.url)
            for name in ("one", "two")
        )
        try:
            await one.start()
            await two.start()
            lost = asyncio.ensure_future(one.call("key-1"))
            while not sim.total_calls:  # noqa: ASYNC110 - it arrives
                await asyncio.sleep(0.01)
            sim.play(Scenario())
            repeat = asyncio.ensure_future(two.call("key-1"))
            await asyncio.sleep(1.0)
            assert not repeat.done()
            lost.cancel()
            killed = time.monotonic()
            await asyncio.to_thread(one.end)
            got = await repeat
            assert got.status == 409
            assert time.monotonic() - killed < 15
            assert sim.total_calls == 1
            again = await two.call("key-1", rerun=named(got))
            assert (again.status, sim.total_calls) == (200, 2)
        finally:
            await asyncio.gather(*(asyncio.to_thread(each.end) for each in (one, two)))
            await server.stop(at_once=True)

    asyncio.run(repeat_elsewhere())
