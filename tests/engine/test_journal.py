"""The log: a line of JSON each, written by a thread, bounded, and never waited for."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.engine import journal as module
from headgate.engine.journal import Journal


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def opened(log: Path) -> tuple[Journal, int]:
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    journal = Journal(descriptor)
    journal.start()
    return journal, descriptor


def test_what_was_said_stands_there_once_and_in_order_after_closing(log: Path) -> None:
    journal, descriptor = opened(log)
    for n in range(5000):
        journal.say("thing", n=n, text='quotes " and\nline breaks — and ünïcode')
    journal.close()
    os.close(descriptor)
    found = lines(log)
    assert [line["n"] for line in found] == list(range(5000))
    assert found[0]["event"] == "thing"
    assert found[0]["text"] == 'quotes " and\nline breaks — and ünïcode'
    assert found[0]["at"].startswith("20")


def test_nothing_is_written_before_it_is_flushed_or_there_is_much_of_it(log: Path) -> None:
    journal, descriptor = opened(log)
    journal.say("one")
    assert log.read_bytes() == b""
    journal.flush()
    deadline = time.monotonic() + 2
    while not log.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(lines(log)) == 1
    journal.close()
    os.close(descriptor)


def test_a_reader_that_does_not_keep_up_costs_lines_and_is_told_how_many(
    monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    monkeypatch.setattr(module, "BATCHES_KEPT", 3)
    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    journal = Journal(descriptor)  # not started yet: nobody takes the batches
    for n in range(10):
        journal.say("thing", n=n)
        journal.flush()
    journal.start()
    deadline = time.monotonic() + 2
    while len(log.read_text().splitlines()) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    journal.say("later")
    journal.close()
    os.close(descriptor)
    events = [(line["event"], line.get("n", line.get("lines"))) for line in lines(log)]
    assert events == [
        *(("thing", n) for n in range(3)),
        ("later", None),
        ("log_lines_dropped", 7),
    ]


def test_a_log_nobody_reads_any_more_harms_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    journal = Journal(writing)
    journal.start()
    for _ in range(3):
        journal.say("thing")
        journal.flush()
    journal.close()
    os.close(writing)


def test_closing_without_a_start_waits_for_nothing() -> None:
    journal = Journal(2)
    journal.close()


def test_each_batch_waits_for_its_turn_and_ends_it(log: Path) -> None:
    turns: list[str] = []

    @contextlib.contextmanager
    def turn() -> Iterator[None]:
        turns.append("begun")
        yield
        turns.append(f"ended with {len(lines(log))}")

    descriptor = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    journal = Journal(descriptor, turn)
    journal.start()
    for n in range(2):
        journal.say("thing", n=n)
        journal.flush()
    journal.close()
    os.close(descriptor)
    assert turns == ["begun", "ended with 1", "begun", "ended with 2"]
