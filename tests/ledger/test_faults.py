"""A server that stops, a connection that is cut, a process that is stopped or killed: every row
is there once, and the sums are those of the rows.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.ledger import owner, writer
from headgate.ledger.record import Entry, Intent
from headgate.ledger.writer import Writer
from headgate.store import postgres as door
from headgate.store.place import connect
from headgate.store.server import Server
from tests.ledger.load import SENT, row
from tests.servers import Postgres

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


class Load:
    """Calls that go through one writer as fast as it takes them, until they are stopped."""

    def __init__(self, server: Server) -> None:
        self.said: list[str] = []
        self.orphans: list[Intent] = []
        self.sent = 0
        self.writer = Writer(
            server, linger_ms=1, on_trouble=self.said.append, on_orphans=self.orphans.extend
        )
        self.writer.start()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        dice = random.Random(3)  # noqa: S311 - repeatable load
        running: dict[int, str] = {}
        while not self._stop.wait(0.001) or running:
            if not self._stop.is_set() and self.writer.has_room():
                name = f"call-{self.sent}"
                self.sent += 1
                running[self.writer.intend(SENT._replace(id=name))] = name
            if running and (self._stop.is_set() or dice.random() < 0.8):
                handle = dice.choice(list(running))
                self.writer.put(handle, row(running.pop(handle)))

    def end(self) -> None:
        """Let every call have its outcome, and all of it be committed."""
        self._stop.set()
        self._thread.join()
        assert self.writer.flush(20), self.writer.trouble


@pytest.fixture
def load(server_store: Server) -> Iterator[Load]:
    load = Load(server_store)
    yield load
    load._stop.set()
    load._thread.join()
    load.writer.close(1)


def check(server: Server) -> tuple[set[str], set[str]]:
    """The store agrees with itself; the calls that have a row, and those that have none."""
    with contextlib.closing(connect(server)) as connection:
        rows = connection.execute("SELECT id, cost_nusd FROM call").fetchall()
        intents = connection.execute("SELECT id, state, probable_nusd FROM intent").fetchall()
        spent = connection.execute("SELECT calls, cost_nusd FROM spend").fetchall()
    names = Counter(name for name, _ in rows)
    assert [name for name, times in names.items() if times > 1] == []
    listed = {name for name, _, _ in intents}
    assert listed & names.keys() == set(), "an intent outlived its outcome"
    orphaned = sum(probable for _, state, probable in intents if state == owner.ORPHANED)
    assert sum(cost for _, cost in spent) == sum(cost for _, cost in rows) + orphaned
    assert sum(calls for calls, _ in spent) == len(rows)
    return set(names), listed


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_is_away_for_a_while_loses_no_row_and_doubles_none(
    load: Load, server_store: Server, postgres: Postgres, how: str
) -> None:
    time.sleep(0.2)
    for _ in range(2):
        getattr(postgres, how)()
        time.sleep(0.5)
        assert load.writer.trouble
        assert "headgate@" not in load.writer.trouble  # it may be shown to callers
        postgres.start()
        time.sleep(0.5)
    load.end()
    assert load.writer.trouble == ""
    assert load.said[-1] == ""
    assert str(server_store) in load.said[0]
    names, open_ones = check(server_store)
    assert (len(names), open_ones) == (load.sent, set())
    assert load.orphans == []


def test_commits_whose_connection_is_cut_in_the_middle_are_there_once(
    load: Load, server_store: Server
) -> None:
    dice = random.Random(5)  # noqa: S311 - repeatable
    cuts = 0
    with contextlib.closing(connect(server_store)) as killer:
        (me,) = killer.execute("SELECT pg_backend_pid()").fetchone()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            time.sleep(dice.random() * 0.05)
            found = killer.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> ? AND state <> 'idle'",
                (me,),
            )
            cuts += found.fetchone()[0]
    load.end()
    assert cuts > 5
    names, open_ones = check(server_store)
    assert (len(names), open_ones) == (load.sent, set())


def test_a_process_that_stood_still_is_buried_and_counts_once_when_it_comes_back(
    server_store: Server,
) -> None:
    told: list[Intent] = []
    command = [sys.executable, "-m", "tests.ledger.load", server_store.url, "p"]
    watcher = Writer(server_store, linger_ms=1, on_orphans=told.extend)
    watcher.start()
    acknowledged: dict[str, set[str]] = {"intent": set(), "call": set()}
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process,
        contextlib.ExitStack() as whatever_happens,
    ):
        whatever_happens.callback(process.kill)  # one that stands still is waited for for ever
        assert process.stdout is not None
        assert process.stdout.readline() == "started p\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + owner.DEAD_S + 8
        while not told and time.monotonic() < deadline:
            time.sleep(0.1)
        assert told, "nobody buried it"
        buried, open_then = check(server_store)
        assert {intent.id for intent in told} <= open_then
        process.send_signal(signal.SIGCONT)
        time.sleep(2)
        names, _ = check(server_store)
        assert {intent.id for intent in told} <= names, "its late rows are missing"
        assert len(names) > len(buried) + len(told)
        process.kill()
        for line in process.stdout.read().splitlines():
            kind, _, call = line.partition(" ")
            acknowledged[kind].add(call)
    before = len(told)
    deadline = time.monotonic() + owner.DEAD_S + 8
    while len(told) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    watcher.close()
    names, left = check(server_store)
    assert acknowledged["call"] <= names
    assert acknowledged["intent"] <= names | left
    assert {intent.id for intent in told[before:]} == left
    assert [intent for intent, times in Counter(told).items() if times > 1] == []


def test_whoever_was_buried_signs_in_anew_though_it_has_nothing_to_write(
    server_store: Server,
) -> None:
    writer = Writer(server_store, linger_ms=1)
    writer.start()
    before = writer.owner_n
    with contextlib.closing(connect(server_store)) as connection:
        connection.execute("DELETE FROM owner WHERE n = ?", (before,))
        deadline = time.monotonic() + 5
        while writer.owner_n == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert writer.owner_n > before
        signed_in = connection.execute("SELECT n FROM owner").fetchall()
        assert signed_in == [(writer.owner_n,)]
    writer.put(0, Entry(**row("after")._asdict()))
    assert writer.flush()
    writer.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "connect", lambda place: door.connect(place, 0.5))


def test_a_server_that_hangs_is_told_of_and_waited_for(
    hasty: None, load: Load, server_store: Server, postgres: Postgres
) -> None:
    time.sleep(0.1)
    postgres.pause()
    deadline = time.monotonic() + 5
    while not load.writer.trouble and time.monotonic() < deadline:
        time.sleep(0.02)
    assert load.writer.trouble == "it does not answer"
    postgres.resume()
    load.end()
    names, open_ones = check(server_store)
    assert (len(names), open_ones) == (load.sent, set())
