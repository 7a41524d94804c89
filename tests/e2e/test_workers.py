"""`headgate up --workers N` under load: workers may die, rows may not, changes reach all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from headgate.store.server import read_url
from headgate.store.upgrade import upgrade
from tests.e2e.crew import Fan, Host, host, is_gone, kill
from tests.e2e.street import launch, outside_env
from tests.gateway.test_metrics import parse, pick
from tests.kit import message, read_head, request, send
from tests.servers import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

CALLERS = 12
STRICT = '[ledger]\ndurability = "strict"\n'


async def call(port: int, name: str, told: set[str], until: float) -> int:
    """Call until then, again on a new connection when one breaks; how many broke."""
    dice = random.Random(name)  # noqa: S311 - no secret hangs on it
    broken = n = 0
    while time.monotonic() < until:
        id, n = f"{name}-{n}", n + 1
        script = f"output=20;head-delay={dice.random() * 0.03:.4f}"
        asked = {"x-request-id": id, "x-headgate-sim": script}
        try:
            got = await request(port, "POST", "/v1/messages", message(stream=n % 2 == 0), asked)
        except (OSError, asyncio.IncompleteReadError):
            broken += 1
            continue
        if got.whole:
            assert got.status == 200, got.body
            told.add(id)
        else:
            broken += 1
    return broken


async def load(at: Host, seconds: float, kills: int, told: set[str]) -> int:
    """Callers against workers that are killed one after another; how many calls broke."""
    until = time.monotonic() + seconds
    dice = random.Random(seconds)  # noqa: S311 - the same
    async with asyncio.TaskGroup() as group:
        callers = [
            group.create_task(call(at.port, f"c{n}", told, until)) for n in range(CALLERS)
        ]
        for _ in range(kills):
            await asyncio.sleep(seconds / (kills + 1))
            victims = await asyncio.to_thread(at.alive)
            kill(dice.choice(victims))
    return sum(caller.result() for caller in callers)


def check_book(at: Host, told: set[str]) -> None:
    """Whatever a caller was told is in the ledger, once."""
    in_book = Counter(at.rows("SELECT id FROM call"))
    assert {id for id in told if in_book[id] != 1} == set()
    assert not [id for id, count in in_book.items() if count > 1]
    assert not set(at.rows("SELECT id FROM intent")) & told
    spent, summed = (
        at.rows(question)[0]
        for question in (
            "SELECT total(cost_nusd) FROM call",
            "SELECT total(cost_nusd) FROM spend WHERE account = 'house'",
        )
    )
    orphans = at.rows("SELECT total(probable_nusd) FROM intent WHERE state = 'orphaned'")[0]
    assert spent <= summed <= spent + orphans


def test_workers_that_die_under_load_lose_no_row_and_double_none(tmp_path: Path) -> None:
    told: set[str] = set()
    with host(tmp_path, 3, more=STRICT) as at:
        broken = asyncio.run(load(at, 5.0, 3, told))
        assert len(told) > 100
        assert broken < 3 * 2 * CALLERS, "after a death calls succeed again"
        said = at.said("is up again")
        assert said.count("was ended by SIGKILL") == 3
        at.up.terminate()
        assert at.up.wait(20) == 0
        check_book(at, told)


def test_workers_on_a_database_server_lose_no_row_either(
    tmp_path: Path, postgres: Postgres
) -> None:
    told: set[str] = set()
    url = postgres.fresh(lambda url: upgrade(read_url(url)))
    store = f'[store]\nurl = "env:DATABASE_URL"\n{STRICT}'
    with host(tmp_path, 2, more=store, DATABASE_URL=url) as at:
        asyncio.run(load(at, 3.0, 1, told))
        assert len(told) > 50
        at.said("is up again")
        at.up.terminate()
        assert at.up.wait(20) == 0
        rows = postgres.run("SELECT id FROM headgate.call", url.rpartition("/")[2]).split("\n")
        in_book = Counter(rows)
        assert {id for id in told if in_book[id] != 1} == set()
        assert not [id for id, count in in_book.items() if count > 1]
        assert not at.ledger.exists(), "nothing is written to a file beside the database"


@pytest.mark.soak
def test_four_workers_that_die_for_five_minutes_lose_no_row(tmp_path: Path) -> None:
    told: set[str] = set()
    with host(tmp_path, 4, more=STRICT) as at:
        broken = asyncio.run(load(at, 300.0, 60, told))
        at.up.terminate()
        assert at.up.wait(20) == 0
        check_book(at, told)
        print(f"{len(told)} calls answered, {broken} broken by 60 deaths")


def test_one_workers_page_is_the_sum_of_all_and_never_goes_back(tmp_path: Path) -> None:
    async def play(at: Host) -> None:
        async with Fan(at.port) as fan:
            await fan.ask("POST", "/v1/messages", message())

            async def pages() -> list[float]:
                found = [
                    pick(parse(got.body.decode()), "headgate_calls_total", ending="complete")
                    for got in await fan.ask("GET", "/metrics")
                ]
                return sorted(found)

            async with asyncio.timeout(5):
                while (await pages())[0] < 24:  # noqa: ASYNC110 - another process counts
                    await asyncio.sleep(0.05)
            assert await pages() == [24.0] * 24
        kill(at.workers[1])
        await asyncio.to_thread(at.said, "is up again")
        for _ in range(10):
            got = await request(at.port, "GET", "/metrics")
            assert pick(parse(got.body.decode()), "headgate_calls_total") == 24
            ready = await request(at.port, "GET", "/readyz")
            assert ready.status == 200

    with host(tmp_path, 3) as at:
        asyncio.run(play(at))


def test_a_stop_lets_streams_finish_in_every_worker(tmp_path: Path) -> None:
    async def play(at: Host) -> None:
        asked = {"x-headgate-sim": "events=12;pace=0.1"}
        streams = [
            await send(at.port, "POST", "/v1/messages", message(stream=True), asked)
            for _ in range(9)
        ]
        for reader, _ in streams:
            assert (await read_head(reader))[0] == 200
        at.up.terminate()
        async with asyncio.timeout(10):
            for reader, writer in streams:
                await reader.readuntil(b"message_stop")
                writer.close()

    with host(tmp_path, 3) as at:
        asyncio.run(play(at))
        assert at.up.wait(15) == 0
        assert "stopping: 9 running calls are finished first" in at.log.read_text()
        assert all(is_gone(pid) for pid in at.workers)
        assert Counter(at.rows("SELECT ending FROM call")) == {"complete": 9}


def test_nobody_new_waits_for_workers_that_are_told_to_stop(tmp_path: Path) -> None:
    """Neither at one worker, whose callers the others get, nor at all of them."""

    async def play(at: Host) -> None:
        asked = {"x-headgate-sim": "events=25;pace=0.1"}
        streams = [
            await send(at.port, "POST", "/v1/messages", message(stream=True), asked)
            for _ in range(6)
        ]
        for reader, _ in streams:
            assert (await read_head(reader))[0] == 200
        os.kill(at.workers[1], signal.SIGTERM)
        await asyncio.sleep(0.2)
        for _ in range(16):
            async with asyncio.timeout(1):
                assert (await request(at.port, "GET", "/healthz")).status == 200
        at.up.terminate()
        await asyncio.sleep(0.3)
        assert at.up.poll() is None
        for _ in range(8):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", at.port)
        async with asyncio.timeout(10):
            for reader, writer in streams:
                await reader.readuntil(b"message_stop")
                writer.close()

    with host(tmp_path, 2) as at:
        asyncio.run(play(at))
        assert at.up.wait(15) == 0
        assert Counter(at.rows("SELECT ending FROM call")) == {"complete": 6}


def test_a_second_signal_ends_streams_settled(tmp_path: Path) -> None:
    async def play(at: Host) -> None:
        asked = {"x-headgate-sim": "events=200;pace=0.1"}
        streams = [
            await send(at.port, "POST", "/v1/messages", message(stream=True), asked)
            for _ in range(6)
        ]
        for reader, _ in streams:
            assert (await read_head(reader))[0] == 200
        at.up.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert at.up.poll() is None
        at.up.send_signal(signal.SIGINT)
        for reader, writer in streams:
            async with asyncio.timeout(5):
                assert b"told to stop" in await reader.read()
            writer.close()

    with host(tmp_path, 3) as at:
        asyncio.run(play(at))
        assert at.up.wait(15) == 130
        assert Counter(at.rows("SELECT ending FROM call")) == {"error": 6}
        assert at.rows("SELECT id FROM intent") == []


def test_a_group_that_is_told_to_stop_as_a_whole_still_finishes_its_streams(
    tmp_path: Path,
) -> None:
    """As a process supervisor does that signals every process of a unit."""

    async def play(at: Host) -> None:
        asked = {"x-headgate-sim": "events=8;pace=0.1"}
        reader, writer = await send(
            at.port, "POST", "/v1/messages", message(stream=True), asked
        )
        assert (await read_head(reader))[0] == 200
        for pid in (*at.workers, at.up.pid, *at.workers):
            os.kill(pid, signal.SIGTERM)
        async with asyncio.timeout(10):
            await reader.readuntil(b"message_stop")
        writer.close()

    with host(tmp_path, 2) as at:
        asyncio.run(play(at))
        assert at.up.wait(15) == 0


def test_a_killed_supervisor_leaves_no_worker_and_its_streams_finish(tmp_path: Path) -> None:
    async def play(at: Host) -> None:
        asked = {"x-headgate-sim": "events=8;pace=0.1"}
        reader, writer = await send(
            at.port, "POST", "/v1/messages", message(stream=True), asked
        )
        assert (await read_head(reader))[0] == 200
        at.up.kill()
        async with asyncio.timeout(10):
            await reader.readuntil(b"message_stop")
        writer.close()

    with host(tmp_path, 3) as at:
        asyncio.run(play(at))
        assert all(is_gone(pid) for pid in at.workers)
        with socket.create_server(("127.0.0.1", at.port)):
            pass
        assert at.rows("SELECT ending FROM call") == ["complete"]
        assert at.rows("SELECT id FROM intent") == []


def test_a_mistake_that_keeps_workers_from_starting_is_said_once(tmp_path: Path) -> None:
    env = outside_env() | {"HOME": str(tmp_path), "HOUSE": "k" * 40}
    (tmp_path / "x.pem").write_text("no certificate")
    text = "[server]\nworkers = 3\n{more}\n[providers.anthropic]\napi_key = 'env:HOUSE'\n"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for more, words in (
            (f"port = {port}", "cannot listen on"),
            ("port = 0\ntls_cert = 'x.pem'\ntls_key = 'x.pem'", "the TLS certificate cannot"),
        ):
            (tmp_path / "headgate.toml").write_text(text.format(more=more))
            log = tmp_path / "up.log"
            up = launch(["up", "--config", "headgate.toml"], env, log)
            assert up.wait(10) == 1
            up.communicate()
            said = log.read_text()
            assert said.count(words) == 1
            assert said.count("hint:") == 1
            assert "Traceback" not in said


def test_what_all_workers_write_to_one_log_is_whole_lines(tmp_path: Path) -> None:
    async def play(at: Host) -> None:
        until = time.monotonic() + 1.5
        await asyncio.gather(*(call(at.port, f"c{n}", set(), until) for n in range(CALLERS)))

    with host(tmp_path, 3) as at:
        asyncio.run(play(at))
        at.up.terminate()
        assert at.up.wait(15) == 0
        said = at.log.read_text().split("\n")
        lines = [line for line in said if "{" in line or "}" in line]
        assert len(lines) > 50
        ids = Counter()  # type: Counter[str]
        for line in lines:
            facts = json.loads(line)
            if facts.get("event") == "call":
                ids[facts["id"]] += 1
        assert set(ids) == set(at.rows("SELECT id FROM call"))
        assert set(ids.values()) <= {1}


def test_a_worker_that_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    quick = "from headgate.gateway import crew; crew.LOOK_S, crew.HUNG_S = 0.3, 2.0"
    hang = "from headgate.cli import main; main()"
    env = outside_env() | {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "k" * 40}
    log = tmp_path / "up.log"
    with contextlib.ExitStack() as stack:
        up = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"{quick}; {hang}",
                "up",
                "--port=0",
                "--json",
                "--workers=2",
            ],
            stdout=subprocess.PIPE,
            stderr=stack.enter_context(log.open("wb")),
            env=env,
            cwd=tmp_path,
        )
        stack.callback(up.communicate)
        stack.callback(up.kill)
        assert up.stdout is not None
        victim = json.loads(up.stdout.readline())["workers"][1]
        time.sleep(1.2)  # it has shown itself at least once
        os.kill(victim, signal.SIGSTOP)
        until = time.monotonic() + 10
        while "is up again" not in log.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        said = log.read_text()
        assert f"worker 2 (pid {victim}) has hung for" in said
        assert said.count("is up again") == 1
        up.terminate()
        assert up.wait(10) == 0


def test_one_worker_is_one_process(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        env = outside_env() | {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "k" * 40}
        log = tmp_path / "up.log"
        up = launch(["up", "--port", "0", "--workers", "1"], env, log)
        stack.callback(up.communicate)
        stack.callback(up.kill)
        assert up.stdout is not None
        said = json.loads(up.stdout.readline())
        assert set(said) == {"url", "keyless", "pid"}
        children = Path(f"/proc/{up.pid}/task/{up.pid}/children").read_text()
        assert children.split() == []
