"""kill -9 under load: what was acknowledged is there once, whole; what was open is listed."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from headgate.ledger.record import COLUMNS, Entry, Intent
from headgate.ledger.writer import Writer
from tests.ledger.load import row

ROOT = Path(__file__).resolve().parents[2]


class Story:
    """Everything all the killed processes acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.intents: set[str] = set()
        self.calls: set[str] = set()
        self.orphans: list[str] = []

    def live_and_die(self, name: str, lifetime_s: float) -> set[str]:
        """One process under load, killed; the orphans it reported at its start."""
        command = [sys.executable, "-m", "tests.ledger.load", str(self.path), name]
        reported: set[str] = set()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                kind, _, call = line.strip().partition(" ")
                if kind == "started":
                    break
                assert kind == "orphan", line
                reported.add(call)
                self.orphans.append(call)
            time.sleep(lifetime_s)
            process.kill()
            for line in process.stdout.read().splitlines():
                kind, _, call = line.partition(" ")
                {"intent": self.intents, "call": self.calls}[kind].add(call)
        return reported

    def check(self) -> set[str]:
        """The ledger against what was acknowledged; the intents that are open now."""
        connection = sqlite3.connect(self.path)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM call").fetchall()  # noqa: S608 - constant text
            intents = connection.execute("SELECT id, state FROM intent").fetchall()
        finally:
            connection.close()
        names = Counter(str(values[0]) for values in rows)
        assert [name for name, times in names.items() if times > 1] == []
        assert self.calls - names.keys() == set()
        broken = [v[0] for v in rows if Entry._make(v) != row(v[0])]
        assert broken == []
        listed = {name for name, _ in intents}
        assert self.intents - names.keys() - listed == set()
        assert listed & names.keys() == set(), "an intent outlived its outcome"
        return {name for name, state in intents if state == "open"}


def kill_again_and_again(path: Path, times: int, seed: int) -> Story:
    dice = random.Random(seed)  # noqa: S311 - a repeatable test
    story, left_open = Story(path), set[str]()
    for n in range(times):
        reported = story.live_and_die(f"p{n}", dice.uniform(0.0, 0.25))
        assert reported == left_open
        left_open = story.check()
    assert max(Counter(story.orphans).values(), default=1) == 1
    return story


@pytest.mark.slow
def test_five_kills_under_load_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    story = kill_again_and_again(tmp_path / "headgate.db", 5, seed=1)
    assert story.calls
    assert story.orphans


@pytest.mark.slow
def test_what_a_killed_process_left_is_settled_by_those_that_run(tmp_path: Path) -> None:
    path, told = tmp_path / "headgate.db", list[Intent]()
    watcher = Writer(path, on_orphans=told.extend)
    watcher.start()
    story = Story(path)
    assert story.live_and_die("p", 0.3) == set()
    left_open = story.check()
    deadline = time.monotonic() + 5
    while not told and left_open and time.monotonic() < deadline:
        time.sleep(0.05)
    watcher.close()
    assert {intent.id for intent in told} == left_open
    assert story.check() == set()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (spent,) = connection.execute("SELECT sum(cost_nusd) FROM spend").fetchone()
        (rows,) = connection.execute("SELECT sum(cost_nusd) FROM call").fetchone()
    assert spent == rows + sum(intent.probable_nusd for intent in told)


@pytest.mark.soak
def test_fifty_kills_under_load_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    story = kill_again_and_again(tmp_path / "headgate.db", 50, seed=2)
    print(f"{len(story.calls)} rows acknowledged, {len(story.orphans)} intents orphaned")
    assert len(story.calls) > 1_000
    assert story.orphans
