"""`headgate tail`: rows for people and for programs, and no cost that looks like nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli import main
from headgate.cli.tail import as_data, as_line, plain
from headgate.cli.terminal import dollars
from headgate.ledger.insert import Batch, write
from headgate.ledger.recent import Row
from headgate.ledger.record import COLUMNS
from headgate.store.sqlite import connect
from tests.ledger.rows import INTENT, entry


@pytest.fixture
def ledger() -> Iterator[sqlite3.Connection]:
    connection = connect(Path(os.environ["HEADGATE_HOME"]) / "headgate.db")
    connection.execute(
        "INSERT INTO owner (n, lock, pid, started_us, batch) VALUES (1, 'lock', 1, 0, 0)"
    )
    rows = [entry(id="one", cost_nusd=5), entry(id="two", fault="overloaded", status=529)]
    write(connection, 1, Batch(1, rows, [(1, INTENT._replace(id="lost"))], []))
    yield connection
    connection.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["tail", *words])


@pytest.mark.usefixtures("ledger")
def test_rows_are_shown_oldest_first_and_then_it_stops_if_asked_to() -> None:
    result = run("--once")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("time")
    assert [line.split()[-1] for line in lines[1:]] == ["one", "two"]
    assert "$0.000000005" in lines[1]
    assert "overloaded" in lines[2]


@pytest.mark.usefixtures("ledger")
def test_json_is_one_line_per_row_with_every_column() -> None:
    rows = [json.loads(line) for line in run("--once", "--json").stdout.splitlines()]
    assert [row["id"] for row in rows] == ["one", "two"]
    assert set(COLUMNS) <= rows[0].keys()


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-n", "1"], ["two"]),
        (["--faults"], ["two"]),
        (["--id", "one"], ["one"]),
        (["--model", "claude-*"], ["one", "two"]),
        (["--key", "nobody"], []),
    ],
)
def test_rows_can_be_chosen(words: list[str], expected: list[str]) -> None:
    result = run("--once", "--json", *words)
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == expected


@pytest.mark.usefixtures("ledger")
def test_a_choice_without_rows_says_so() -> None:
    assert "no such rows yet" in run("--once", "--key", "nobody").stderr


def test_calls_without_an_outcome_are_listed(ledger: sqlite3.Connection) -> None:
    ledger.execute("UPDATE intent SET state = 'orphaned'")
    result = run("--open")
    assert "anthropic:claude-sonnet-5-5  orphaned: may have been billed" in result.stdout
    (call,) = [json.loads(line) for line in run("--open", "--json").stdout.splitlines()]
    assert (call["id"], call["state"]) == ("lost", "orphaned")
    ledger.execute("DELETE FROM intent")
    assert "every call has its outcome" in run("--open").stderr


def test_no_ledger_yet_is_explained() -> None:
    result = run()
    assert result.exit_code == 1
    assert "there is no ledger" in result.stderr
    assert "hint: start the gateway once with `headgate up`" in result.stderr


@pytest.mark.slow
def test_new_rows_appear_while_it_runs(ledger: sqlite3.Connection) -> None:
    start = "from headgate.cli import main; main()"
    command = [sys.executable, "-c", start, "tail", "--json", "-n", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == "two"
        write(ledger, 1, Batch(2, [entry(id="three")], [], []))
        assert json.loads(process.stdout.readline())["id"] == "three"
        process.terminate()


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_a_cost_that_is_not_zero_never_looks_like_zero(nusd: int) -> None:
    shown = dollars(nusd)
    assert (shown == "$0") == (nusd == 0)
    assert any(digit in "123456789" for digit in shown) == (nusd != 0)


@pytest.mark.parametrize(
    ("nusd", "shown"),
    [
        (0, "$0"),
        (1, "$0.000000001"),
        (1_234, "$0.00000123"),
        (20_100_000, "$0.0201"),
        (1_234_567_891_234, "$1,234.5679"),
        (-5_000_000, "-$0.00500"),
    ],
)
def test_money_is_shown_with_enough_digits(nusd: int, shown: str) -> None:
    assert dollars(nusd) == shown


def test_a_caller_cannot_steer_the_terminal_through_the_ledger() -> None:
    line = as_line(Row(1, "\x1b[2J", entry(id="a\x1b]0;title\x07\n", model_served="\r\x9b1m")))
    assert plain(line) == line


def test_a_row_tells_what_was_unusual_about_it() -> None:
    row = entry(canned=1, tries=3, maybe_billed=1, simulated=1, status=0)
    assert as_line(Row(1, "", row)).endswith("[canned, 3 tries, maybe billed, simulated]")


def test_hashes_are_hexadecimal_in_json() -> None:
    data = json.loads(as_data(Row(1, "", entry(prefix=b"\x00\xff", reply_hash=b"\x01"))))
    assert (data["prefix"], data["reply_hash"]) == ("00ff", "01")


def test_rows_cannot_be_fewer_than_none(ledger: sqlite3.Connection) -> None:
    result = run("--once", "-n", "-1")
    assert result.exit_code == 2
    assert "--rows" in result.stderr
