"""Administrators on the command line: tokens shown once, a log of all they do, whole or not."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import re
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main, tenancy
from headgate.store.sqlite import connect
from tests.kit import running


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "headgate.db"
    connect(path).close()
    return path


def run(ledger: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--ledger", str(ledger)])


def told(ledger: Path, *words: str) -> Any:
    result = run(ledger, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(ledger: Path) -> None:
    create = ("admin", "token", "create", "--name", "ci", "--role", "admin")
    made = run(ledger, *create, "--scope", "keys:write", "--expires", "90d")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert re.fullmatch(r"hga-[A-Za-z0-9_-]{43}", secret)
    assert secret not in made.stderr
    (listed,) = told(ledger, "admin", "token", "list")
    assert (listed["name"], listed["role"], listed["state"]) == ("ci", "admin", "living")
    assert listed["scopes"] == ["keys:write"]
    assert listed["secret"] == f"hga-…{secret[-4:]}"
    assert secret.encode() not in ledger.read_bytes()
    assert "hga-…" in run(ledger, "admin", "token", "list").stdout
    assert run(ledger, *create).exit_code == 1  # the name is taken
    assert told(ledger, "admin", "token", "revoke", "ci")["state"] == "revoked"
    again = run(ledger, "admin", "token", "revoke", "ci")
    assert (again.exit_code, "no living token" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--role", "member"), "bound to nothing"),
        (("--role", "admin", "--scope", "keys:writ"), "did you mean 'keys:write'?"),
        (("--role", "admin", "--scope", "team:search"), "there is no team named 'search'"),
        (("--role", "owner"), "'owner' is not one of"),
        (("--role", "admin", "--expires", "2001-01-01"), "expired already"),
    ],
)
def test_a_token_that_could_not_work_is_refused(
    ledger: Path, words: tuple[str, ...], says: str
) -> None:
    result = run(ledger, "admin", "token", "create", "--name", "x", *words)
    assert result.exit_code != 0
    assert says in result.stderr
    assert told(ledger, "admin", "token", "list") == []


def test_every_command_that_changes_something_is_in_the_log_under_who_typed_it(
    ledger: Path,
) -> None:
    for line in (
        "orgs create --name acme",
        "orgs update acme --cost-centre 1",
        "orgs archive acme",
        "orgs archive acme --undo",
        "teams create --name search --org acme",
        "teams update search --cost-centre 1",
        "teams archive search",
        "teams archive search --undo",
        "keys create --name a --team search",
        "keys update a --tag x=y",
        "keys rotate a",
        "keys revoke a",
        "admin token create --name t --role auditor",
        "admin token revoke t",
    ):
        result = run(ledger, *line.split())
        assert result.exit_code == 0, result.output
    rows = told(ledger, "admin", "log")
    assert [row["action"] for row in rows] == [
        *(f"organisation.{verb}" for verb in ("create", "update", "archive", "restore")),
        *(f"team.{verb}" for verb in ("create", "update", "archive", "restore")),
        *(f"key.{verb}" for verb in ("create", "update", "rotate", "revoke")),
        *("token.create", "token.revoke"),
    ]
    me = f"cli:{getpass.getuser()}@{socket.gethostname()}"
    assert {(row["actor"], row["role"]) for row in rows} == {(me, "admin")}
    assert [row["seq"] for row in told(ledger, "admin", "log", "--limit", "2")] == [13, 14]
    assert len(told(ledger, "admin", "log", "--action", "key")) == 4
    assert told(ledger, "admin", "log", "--since", "2999-01-01") == []
    table = run(ledger, "admin", "log").stdout
    assert "organisation.create" in table
    assert "name=acme" in table


def test_verify_prints_an_anchor_and_names_the_first_row_that_was_touched(ledger: Path) -> None:
    for name in ("a", "b", "c"):
        run(ledger, "keys", "create", "--name", name)
    whole = run(ledger, "admin", "verify")
    anchor = whole.stdout.strip()
    assert re.fullmatch(r"3:[0-9a-f]{64}", anchor)
    run(ledger, "keys", "revoke", "a")
    assert run(ledger, "admin", "verify", "--anchor", anchor).exit_code == 0
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        db.execute("DROP TRIGGER admin_log_update")
        db.execute("UPDATE admin_log SET actor = 'nobody' WHERE seq = 2")
        db.commit()
    broken = run(ledger, "admin", "verify")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "broken from row 2 on" in broken.stderr
    shown = run(ledger, "admin", "verify", "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout)["broken"] == 2


@pytest.mark.parametrize("words", [("--since", "yesterday"), ("--limit", "0")])
def test_what_the_log_cannot_be_asked_is_told(ledger: Path, words: tuple[str, ...]) -> None:
    assert run(ledger, "admin", "log", *words).exit_code == 2


def test_an_anchor_that_is_none_is_refused(ledger: Path) -> None:
    assert run(ledger, "admin", "verify", "--anchor", "3").exit_code == 2


def test_without_a_ledger_it_is_said_where_one_would_be(tmp_path: Path) -> None:
    result = run(tmp_path / "none.db", "admin", "log")
    assert (result.exit_code, "there is no ledger" in result.stderr) == (1, True)


def test_whoami_on_this_host_is_who_types(ledger: Path) -> None:
    facts = told(ledger, "admin", "whoami")
    assert (facts["name"], facts["role"]) == (tenancy.actor().name, "admin")
    lost = run(ledger, "admin", "whoami", "--token", "hga-x")
    assert (lost.exit_code, "--url" in lost.stderr) == (2, True)


@pytest.mark.slow
async def test_whoami_asks_a_gateway_who_a_token_is() -> None:

    async with running("") as field:

        def talk() -> tuple[Any, Result]:
            make = ("admin", "token", "create", "--name", "books", "--role", "auditor")
            secret = run(field.ledger, *make).stdout.strip()
            ask = ("admin", "whoami", "--url", field.url, "--token")
            return told(field.ledger, *ask, secret), run(field.ledger, *ask, "hga-wrong")

        facts, refused = await asyncio.to_thread(talk)
    assert (facts["name"], facts["role"]) == ("books", "auditor")
    assert "log:read" in facts["rights"]
    assert (refused.exit_code, "401" in refused.stderr) == (1, True)
