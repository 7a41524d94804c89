"""headgate audit as it is typed, for the tests of its parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.ledger import insert
from headgate.store.place import connect
from tests.ledger.importers import transcripts
from tests.ledger.rows import entry

NOW_US = 1_795_000_000_000_000
DAY_US = 86_400_000_000


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["audit", *words])


def told(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing on it, after all that these tests lay down."""
    monkeypatch.setattr("headgate.cli.auditrun._now", lambda: NOW_US + 100 * DAY_US)
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "HEADGATE_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def claude_home(tmp_path: Path) -> Path:
    """A ~/.claude with some sessions."""
    root = tmp_path / "home" / ".claude"
    transcripts.write(root, transcripts.folder(seed=3, sessions=6, turns=12))
    return root


def ledger(tmp_path: Path, calls: int = 400) -> Path:
    """Calls of 40 days that send one long prompt again and again, and cache none of it."""
    place = tmp_path / "state" / "headgate.db"
    connection = connect(place)
    rows = [
        entry(
            id=f"r{n}",
            at_us=NOW_US + n * 40 * DAY_US // calls,
            key_id=f"k_{n % 2}",
            model_sent="claude-sonnet-5-5",
            provider="anthropic",
            input_fresh=20_000,
            cache_read=0,
            cache_write_5m=0,
            cache_write_1h=0,
            output=500,
            input_nusd=40_000_000,
            output_nusd=5_000_000,
            cost_nusd=45_000_000,
            uncached_nusd=40_000_000,
        )
        for n in range(calls)
    ]
    insert._insert_calls(connection, rows)
    connection.close()
    return place
