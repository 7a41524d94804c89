"""kill -9 under load: what was acknowledged is in the ledger once, what was open is named."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.street import HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import message, request

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

KILLS = 3
CALLERS = 12
CONFIG = """
[ledger]
durability = "strict"
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
"""


def rows(ledger: Path, question: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute(question)]


async def call(port: int, name: str, round: int, acknowledged: set[str]) -> None:
    """Call for ever; note the ids of the replies that arrived whole."""
    dice = random.Random(f"{round}-{name}")  # noqa: S311 - no secret hangs on it
    for n in range(100_000):
        id = f"r{round}-{name}-{n}"
        script = f"output=20;head-delay={dice.random() * 0.03:.4f}"
        asked = {"x-request-id": id, "x-headgate-sim": script}
        try:
            body = message(stream=n % 2 == 0)
            got = await request(port, "POST", "/v1/messages", body, asked)
        except (OSError, asyncio.IncompleteReadError):
            return
        if not got.whole:
            return
        assert got.status == 200, got.body
        acknowledged.add(id)


async def load(up: subprocess.Popen[bytes], port: int, round: int) -> set[str]:
    """Run callers against the gateway, kill it among them, and say what they were told."""
    acknowledged: set[str] = set()
    dice = random.Random(round)  # noqa: S311 - no secret hangs on it
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for n in range(CALLERS):
            group.create_task(call(port, f"c{n}", round, acknowledged))
        await asyncio.sleep(0.5 + dice.random() * 0.4)
        os.kill(up.pid, signal.SIGKILL)
    return acknowledged


@contextlib.contextmanager
def gateway(
    env: dict[str, str], folder: Path, round: int
) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """(the process, its port, the file with what it said)"""
    log = folder / f"up-{round}.log"
    up = launch(["up", "--config", "headgate.toml", "--port", "0"], env, log)
    try:
        port = int(first_object(up, log)["url"].rpartition(":")[2])
        yield up, port, log
    finally:
        up.kill()
        up.communicate()


def greeting(log: Path) -> str:
    """What a start said, whole."""
    until = time.monotonic() + 5
    while "OPENAI_BASE_URL" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.01)
    return log.read_text()


def test_what_was_acknowledged_is_there_once_and_what_was_open_is_named(tmp_path: Path) -> None:
    env = outside_env() | HOUSE_KEYS
    env |= {"HOME": str(tmp_path), "HEADGATE_HOME": str(tmp_path / "s")}
    ledger = tmp_path / "s" / "headgate.db"
    told: set[str] = set()
    with started(["sim", "--port", "0"], env, tmp_path) as sim:
        (tmp_path / "headgate.toml").write_text(CONFIG.format(sim=sim["url"]))
        for round in range(KILLS + 1):
            with gateway(env, tmp_path, round) as (up, port, log):
                open_ids = set(rows(ledger, "SELECT id FROM intent"))
                in_book = Counter(rows(ledger, "SELECT id FROM call"))
                said = greeting(log)
                assert "No key is defined: it listens on loopback only" in said
                if round:
                    assert told, "the callers were never answered"
                    assert {id for id in told if in_book[id] != 1} == set()
                    assert not [id for id, count in in_book.items() if count > 1]
                    assert not open_ids & told
                    latest = {id for id in open_ids if id.startswith(f"r{round - 1}-")}
                    assert latest, "twelve callers left something open"
                    assert f"{len(latest)} calls of an earlier run were never closed" in said
                    assert "may have" in said
                    assert sum(id in said for id in latest) >= min(len(latest), 10)
                if round < KILLS:
                    told |= asyncio.run(load(up, port, round))
