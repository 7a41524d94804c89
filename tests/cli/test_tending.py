"""Tending beside a gateway: it goes on by itself, says trouble once, and holds up no stop."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.cli import tending
from headgate.cli.tending import Tending
from headgate.config.model import Archive
from headgate.ledger.archive.chore import last
from headgate.ledger.archive.segment import DAY_US
from headgate.store.place import connect
from tests.ledger.archive.scenes import add, hot, rows_at

WAIT_S = 30.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "FIRST_S", 0.0)
    monkeypatch.setattr(tending, "EVERY_S", 0.05)


@contextlib.contextmanager
def running(say: Callable[[str], object], *words: str, **more: Any) -> Iterator[Tending]:
    tended = Tending(words, say, **more)
    tended.start()
    try:
        yield tended
    finally:
        tended.stop()


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.02)


def script(folder: Path, text: str) -> list[str]:
    file = folder / "child.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return [str(file)]


@pytest.mark.slow
def test_old_rows_are_sealed_without_anybody_asking(nobody_home: Path) -> None:
    ledger = nobody_home / "headgate" / "headgate.db"
    with contextlib.closing(connect(ledger)) as connection:
        now_us = time.time_ns() // 1000
        add(connection, *rows_at(now_us - 9 * DAY_US, now_us))
        said: list[str] = []
        with running(said.append):
            until(lambda: len(hot(connection)) == 1)
            until(lambda: last(connection) is not None)
        assert Archive().keep_hot_s == 7 * 86_400.0
        assert said == []


@pytest.mark.slow
def test_a_configuration_that_cannot_be_read_is_trouble_told_once(nobody_home: Path) -> None:
    wrong = nobody_home / "headgate.toml"
    wrong.write_text("[archive]\npath = 5\n")
    said: list[str] = []
    with running(said.append, f"--config={wrong}"):
        until(lambda: bool(said))
    assert "must be text" in said[0]


def test_trouble_is_told_once_and_its_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    text = f'echo x >>{runs}; [ "$(wc -l <{runs})" -gt 4 ] || {{ echo no room >&2; exit 1; }}'
    monkeypatch.setattr(tending, "interpreter", lambda: script(tmp_path, text))
    said: list[str] = []
    with running(said.append):
        until(lambda: len(said) == 2)
    assert said == ["no room", "it works again"]
    assert len(runs.read_text().split()) >= 5


def test_a_stop_ends_a_child_at_work_and_waits_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    words = script(tmp_path, f"echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60")
    monkeypatch.setattr(tending, "interpreter", lambda: words)
    said: list[str] = []
    with running(said.append) as tended:
        until(pid.exists)
        began = time.monotonic()
        tended.stop()
        assert time.monotonic() - began < 1
    child = int(pid.read_text())
    until(lambda: not _lives(child))
    assert said == []


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_a_program_that_cannot_be_started_is_trouble_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tending, "interpreter", lambda: ["/nowhere/at/all"])
    said: list[str] = []
    with running(said.append):
        until(lambda: bool(said))
    assert said[0].startswith("it cannot be started")


@pytest.mark.slow
def test_what_is_done_is_done_again_only_when_it_is_due_for_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    words = script(tmp_path, f'echo "$@" >>{runs}')
    monkeypatch.setattr(tending, "interpreter", lambda: words)
    days, asked = ["monday"], []

    def due() -> str:
        asked.append(days[-1])
        return days[-1]

    said: list[str] = []
    with running(said.append, "--nightly", task=("reconcile",), due=due):
        until(lambda: len(asked) > 4)
        assert runs.read_text() == "reconcile --nightly\n"
        days.append("tuesday")
        until(lambda: runs.read_text().count("\n") == 2)
        after = len(asked)
        until(lambda: len(asked) > after + 3)
    assert (runs.read_text().count("\n"), said) == (2, [])


def test_what_failed_is_tried_again_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    text = f'echo x >>{runs}; [ "$(wc -l <{runs})" -gt 1 ] || {{ echo away >&2; exit 1; }}'
    monkeypatch.setattr(tending, "interpreter", lambda: script(tmp_path, text))
    asked: list[str] = []
    said: list[str] = []

    def due() -> str:
        asked.append("day")
        return "day"

    with running(said.append, due=due):
        until(lambda: said == ["away", "it works again"])
        after = len(asked)
        until(lambda: len(asked) > after + 3)
    assert runs.read_text() == "x\nx\n"


def test_a_child_that_hangs_is_ended_and_that_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "LONGEST_S", 0.1)
    monkeypatch.setattr(tending, "interpreter", lambda: script(tmp_path, "exec sleep 60"))
    said: list[str] = []
    with running(said.append):
        until(lambda: bool(said))
    assert "took longer" in said[0]
