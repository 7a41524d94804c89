"""The guide to keys and budgets for a team is tried out: its own blocks are run, and its
promises seen."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "give-my-team-keys-and-budgets.md"
PORTS = ("4397", "4398", "4399")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("team")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, PORTS)
    (folder / "team.toml").write_text(guide.blocks(text, "toml")[0])
    return guide.run(text, folder)


pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def test_keys_are_given_and_changed_as_the_guide_says(output: str) -> None:
    made = section(output, "An organisation, a team and its keys")
    assert "acme/search" in made
    assert "hg-…" in made
    seen = section(output, "What a caller sees")
    assert seen.startswith("HTTP/1.1 200")
    assert "permission_error" in seen
    assert "team 'search' may not use model 'claude-opus-5-5'" in seen
    assert "403: team 'search' may not use" in seen
    assert '"name":"alice"' in seen
    assert "key 'alice': $0.02 a day: $0.00500 spent, $0.0150 left; resets " in seen
    assert "team 'search': $100 a month (soft): $0.00500 spent" in seen
    rotated = section(output, "Change a secret without an outage")
    assert len(re.findall("^ *alice ", rotated, re.MULTILINE)) == 2
    assert rotated.count("HTTP/1.1 200") == 2
    assert "another has replaced it" in rotated
    changed = section(output, "Change your mind")
    assert "permission_error" not in changed
    assert "archived" in changed


def test_a_budget_warns_blocks_lowers_and_grows_as_the_guide_says(
    output: str, folder: Path
) -> None:
    end = section(output, "At the end of a budget")
    told = [json.loads(line) for line in (folder / "heard.txt").read_text().splitlines()]
    answers = re.findall(r"HTTP/1.1 (\d+)", end)
    assert answers == ["200", "200", "429", "200", "429", "200"]
    assert "$0.004994 of $0.02, the daily budget of key 'alice', are left" in end
    assert "budget_warning: 75 % of the daily budget of key 'alice' ($0.02) is spent" in end
    assert "output_lowered: from 10000 to 9" in end
    assert "$0.000042 of $0.02, the daily budget of key 'alice', are left" in end
    assert all(it["detail"]["spent_usd"] <= 0.02 for it in told)
    kinds = [(it["event"], it["detail"].get("passed")) for it in told]
    assert kinds == [
        ("budget_warning", 0.75),
        ("budget_blocked", None),
        ("budget_warning", 0.95),
    ]
    for it in told:
        assert it["id"] in end, "what the webhook heard is shown"
    assert end.count("[delivered]") == 3


def test_a_build_makes_keys_within_its_bounds_as_the_guide_says(output: str) -> None:
    ci = section(output, "Keys that a build makes for itself")
    made, refused = (json.loads(line) for line in ci.splitlines() if line.startswith("{"))
    assert made["secret"].startswith("hg-")
    assert made["caps"]["budgets"] == [{"usd": "2.00", "period": "total", "kind": "hard"}]
    assert made["team"]["name"] == "search"
    assert "no team 'default' in what 'ci' is bound to" in refused["error"]["message"]
    assert re.search(r"^\d+:[0-9a-f]{64}$", ci, re.MULTILINE), "the anchor of the log"


def test_who_spent_what_is_told_as_the_guide_says(output: str, folder: Path) -> None:
    assert "forbidden" in section(output, "Who spent what")
    with contextlib.closing(sqlite3.connect(folder / "team.db")) as ledger:
        (sql,) = guide.blocks(guide.read(NAME, ()), "sql")
        rows = ledger.execute(sql).fetchall()
    ((centre, team, tags, calls, dollars),) = rows
    assert (centre, team, tags) == ("4711", "search", "squad=ir")
    assert calls > 10
    assert 0.2 < dollars < 0.3
