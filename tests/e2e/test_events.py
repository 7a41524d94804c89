"""kill -9 while an event is on its way: its heirs deliver it, and only one of them does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from headgate.policy.event import verify
from tests.e2e.street import HOUSE_KEYS, first_object, launch, outside_env, started
from tests.kit import message, request

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

SECRET = "known to the receiver as well"
CONFIG = """
[loops]
session_calls = 1
[events]
webhook = "{hook}"
secret = "env:HOOK_SECRET"
[providers.anthropic]
base_url = "{sim}"
api_key = "env:HOUSE_ANTHROPIC"
"""


@dataclass
class Receiver:
    """Somebody else's server, which leaves its first caller without an answer."""

    port: int = 0
    got: list[tuple[str, bytes]] = field(default_factory=list)
    hangs: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    it = Receiver()

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            first = not it.got
            it.got.append((self.headers["x-headgate-signature"], body))
            if first:
                it.hangs.wait(20)
            with contextlib.suppress(OSError):
                self.send_response(204)
                self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiving) as server:
        it.port = server.server_port
        thread = threading.Thread(target=partial(server.serve_forever, 0.01))
        thread.start()
        try:
            yield it
        finally:
            it.hangs.set()
            server.shutdown()
            thread.join()


def until(what: str, holds: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextlib.contextmanager
def gateway(env: dict[str, str], folder: Path, name: str) -> Iterator[tuple[int, int]]:
    """(process number, port)"""
    log = folder / f"{name}.log"
    up = launch(["up", "--config", "headgate.toml", "--port", "0"], env, log)
    try:
        yield up.pid, int(first_object(up, log)["url"].rpartition(":")[2])
    finally:
        up.terminate()
        try:
            up.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            up.kill()
            up.communicate()


def states(ledger: Path) -> list[tuple[str, int, bool]]:
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        found = db.execute("SELECT kind, attempts, delivered_us FROM event ORDER BY seq")
        return [(kind, attempts, at is not None) for kind, attempts, at in found]


def let_time_pass(ledger: Path) -> None:
    """As if the dead process's hold on its events were over."""
    with contextlib.closing(sqlite3.connect(ledger, timeout=5)) as db, db:
        db.execute("UPDATE event SET due_us = at_us WHERE due_us IS NOT NULL")


def loop(port: int) -> list[int]:
    """A session that goes on beyond what it may."""

    async def ask() -> list[int]:
        session = {"x-session-id": "s-1"}
        got = [await request(port, "POST", "/v1/messages", message(), session) for _ in "ab"]
        return [it.status for it in got]

    return asyncio.run(ask())


def test_what_was_on_its_way_when_its_process_died_arrives_all_the_same(
    tmp_path: Path, receiver: Receiver
) -> None:
    env = outside_env() | HOUSE_KEYS
    env |= {"HOME": str(tmp_path), "HEADGATE_HOME": str(tmp_path), "HOOK_SECRET": SECRET}
    ledger = tmp_path / "headgate.db"
    with started(["sim", "--port", "0"], env, tmp_path) as sim:
        hook = f"http://127.0.0.1:{receiver.port}/in"
        (tmp_path / "headgate.toml").write_text(CONFIG.format(sim=sim["url"], hook=hook))
        with gateway(env, tmp_path, "first") as (pid, port):
            assert loop(port) == [200, 429]
            until("the event is on its way", lambda: len(receiver.got) >= 1)
            os.kill(pid, signal.SIGKILL)
        assert not any(delivered for _, _, delivered in states(ledger)[:1])
        let_time_pass(ledger)
        with gateway(env, tmp_path, "second"), gateway(env, tmp_path, "third"):
            until("all is delivered", lambda: all(it[2] for it in states(ledger)))
            time.sleep(2.5)  # both have looked twice more
    ids = [json.loads(body)["id"] for _, body in receiver.got]
    assert ids[0] in ids[1:]
    assert len(ids[1:]) == len(set(ids[1:])) == len(states(ledger))
    now_s = time.time_ns() // 1_000_000_000
    assert all(verify(SECRET, body, signature, now_s) for signature, body in receiver.got)
    assert SECRET not in "".join(log.read_text() for log in tmp_path.glob("*.log"))
