"""headgate what-if as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.ledger import insert
from headgate.store.place import connect
from headgate.store.sqlite import connect as open_file
from tests.ledger.rows import entry


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """100 calls of 1M fresh tokens each, of two keys."""
    file = tmp_path / "headgate.db"
    connection = connect(file)
    first = entry()
    usual: dict[str, Any] = {
        "model_sent": "claude-sonnet-5-5",
        "provider": "anthropic",
        "input_fresh": 50_000,
        "output": 0,
        "cost_nusd": 100_000_000,
        **dict.fromkeys(("cache_read", "cache_write_5m", "cache_write_1h"), 0),
    }
    rows = [
        first._replace(id=f"r{n}", at_us=1_795_000_000_000_000 + n, key_id=f"k{n % 2}", **usual)
        for n in range(100)
    ]
    insert._insert_calls(connection, rows)
    connection.close()
    return file


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["what-if", *words])


def told(place: Path, *words: str) -> Any:
    done = run(*words, "--ledger", str(place), "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_model_a_twentieth_as_dear_saves_nineteen_parts(place: Path) -> None:
    found = told(place, "--model", "claude-haiku-5-5")
    assert {it["name"] for it in found} == {"k0", "k1"}
    assert all(it["would_nusd"] * 20 == it["was_nusd"] for it in found)


def test_each_change_stands_alone(place: Path) -> None:
    words = ("--model", "claude-haiku-5-5", "--batch", "--caching", "--by", "all")
    found = told(place, *words)
    assert [it["change"] for it in found] == [
        "on claude-haiku-5-5",
        "with caching",
        "in batches",
    ]
    assert "not to be added up" in run(*words, "--ledger", str(place)).stderr


@pytest.mark.parametrize(
    ("words", "wrong"),
    [((), "nothing is to be otherwise"), (("--model", "gpt-99"), "nobody lists a price")],
)
def test_a_mistake_is_named(place: Path, words: tuple[str, ...], wrong: str) -> None:
    done = run(*words, "--ledger", str(place))
    assert done.exit_code == 2
    assert wrong in done.stderr


def test_an_empty_ledger_is_said_to_be_empty(tmp_path: Path) -> None:
    file = tmp_path / "headgate.db"
    open_file(file).close()
    done = run("--batch", "--ledger", str(file))
    assert done.exit_code == 0
    assert "no calls in that time" in done.stderr
