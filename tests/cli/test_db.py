"""`headgate db`: the store's shape is shown, and changed only by the command that says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.store import schema

OLD = Path(__file__).parents[1] / "store" / "old" / "shape-1.db"
NEWEST = len(schema.MIGRATIONS)


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(main, words, env=env)


@pytest.fixture
def old(tmp_path: Path) -> str:
    shutil.copy(OLD, tmp_path / "headgate.db")
    return str(tmp_path / "headgate.db")


def test_status_says_what_an_upgrade_would_do(old: str) -> None:
    result = run("db", "status", "--ledger", old)
    assert result.exit_code == 1
    assert f"{old} has shape 1; this Headgate writes {NEWEST}" in result.stdout
    assert result.stdout.count("to be done:") == NEWEST - 1
    shown = json.loads(run("db", "status", "--ledger", old, "--json").stdout)
    assert (shown["shape"], shown["newest"], len(shown["pending"])) == (1, NEWEST, NEWEST - 1)


def test_every_other_command_refuses_an_older_store_and_names_the_upgrade(old: str) -> None:
    for words in (["keys", "list"], ["keys", "create", "--name", "a"], ["tail", "--once"]):
        result = run(*words, "--ledger", old)
        assert result.exit_code == 1
        assert "older shape" in result.stderr
        assert "headgate db upgrade" in result.stderr


def test_a_dry_run_changes_nothing(old: str) -> None:
    before = Path(old).read_bytes()
    result = run("db", "upgrade", "--dry-run", "--ledger", old)
    assert result.exit_code == 0
    assert result.stdout.count("to be done:") == NEWEST - 1
    assert Path(old).read_bytes() == before


def test_an_upgrade_says_what_it_did_and_where_the_copy_is(old: str) -> None:
    result = run("db", "upgrade", "--ledger", old)
    assert result.exit_code == 0
    assert f"kept in {old}.shape-1" in result.stderr
    assert run("db", "status", "--ledger", old).exit_code == 0
    again = run("db", "upgrade", "--ledger", old)
    assert (again.exit_code, again.stderr) == (0, "nothing was to be done\n")
    names = [
        key["name"] for key in json.loads(run("keys", "list", "--ledger", old, "--json").stdout)
    ]
    assert "alice" in names


def test_a_server_is_given_its_shape_and_shown_without_its_password(
    postgres_url: str, tmp_path: Path
) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text('[store]\nurl = "env:DATABASE_URL"\n')
    env = {
        "DATABASE_URL": postgres_url.replace("headgate@", "headgate:hush@"),
        "HEADGATE_CONFIG": str(config),
    }
    refused = run("keys", "list", **env)
    assert (refused.exit_code, "headgate db upgrade" in refused.stderr) == (1, True)
    assert run("db", "status", **env).exit_code == 1
    done = json.loads(run("db", "upgrade", "--json", **env).stdout)
    assert len(done["applied"]) == NEWEST
    assert run("db", "upgrade", **env).stderr == "nothing was to be done\n"
    made = run("keys", "create", "--name", "a", **env)
    assert made.stdout.startswith("hg-")
    listed = run("keys", "list", "--json", **env)
    assert [key["name"] for key in json.loads(listed.stdout)] == ["a"]
    assert "hush" not in "".join(each.output for each in (refused, made, listed))
    tail = run("tail", "--once", **env)
    assert "no such rows yet" in tail.stderr
    doctor = run("doctor", "--json", **env)
    stores = [each for each in json.loads(doctor.stdout)["findings"] if each["area"] == "store"]
    assert [each["state"] for each in stores] == ["ok"]
    assert "hush" not in doctor.stdout


def test_a_ledger_named_on_the_command_line_wins_over_a_server(
    tmp_path: Path, old: str
) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text('[store]\nurl = "env:DATABASE_URL"\n')
    result = run("db", "status", "--ledger", old, HEADGATE_CONFIG=str(config))
    assert "has shape 1" in result.stdout
