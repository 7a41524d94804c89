"""`headgate recordings` shows what was written down, and deletes what is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.store.recordings import NAME, Recordings
from tests.bench.recordings import QUESTION, call


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    recordings = Recordings(tmp_path / NAME)
    calls = [call("one"), call("two", key="other", tags=()), call("odd", "clear\x1b[2J it")]
    recordings.write(calls, 1 << 30)
    recordings.close()
    return tmp_path / "headgate.db"


def run(ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["recordings", *words, "--ledger", str(ledger)])


def test_they_are_listed_for_people_and_for_machines(ledger: Path) -> None:
    told = run(ledger, "list", "--key", "ci").stdout
    assert "one" in told
    assert "two" not in told
    rows = json.loads(run(ledger, "list", "--json").stdout)
    assert {it["id"] for it in rows} == {"one", "two", "odd"}
    assert rows[-1]["question"] == QUESTION
    assert rows[-1]["target"] == "anthropic:claude-haiku-4-5"
    assert len(json.loads(run(ledger, "list", "--json", "--limit", "1").stdout)) == 1


def test_one_is_shown_whole_and_steers_no_terminal(ledger: Path) -> None:
    told = run(ledger, "show", "one").stdout
    assert f"--- user\n{QUESTION}\n--- answer\nHere it is:" in told
    assert json.loads(run(ledger, "show", "one", "--json").stdout)["id"] == "one"
    assert "\x1b" not in run(ledger, "show", "odd").stdout
    missing = run(ledger, "show", "none")
    assert missing.exit_code == 2
    assert "recording is off" in missing.stderr


def test_only_what_is_named_is_deleted(ledger: Path) -> None:
    assert run(ledger, "rm").exit_code == 2
    assert "1 recording is deleted" in run(ledger, "rm", "one").stderr
    assert run(ledger, "rm", "one").exit_code == 2
    assert "1 recording is deleted" in run(ledger, "rm", "--key", "other").stderr
    assert "1 recording is deleted" in run(ledger, "rm", "--all").stderr
    assert json.loads(run(ledger, "list", "--json").stdout) == []


def test_where_nothing_is_recorded_it_is_said_what_to_set(tmp_path: Path) -> None:
    result = run(tmp_path / "headgate.db", "list")
    assert result.exit_code == 2
    assert "[recording] enabled = true" in result.stderr
