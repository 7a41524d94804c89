"""The guide to keys for a team is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

PORTS = ("4397", "4398")


@pytest.mark.slow
@pytest.mark.e2e
def test_keys_are_given_changed_and_charged_as_the_guide_says(tmp_path: Path) -> None:
    text = guide.read("give-my-team-keys.md", PORTS)
    (tmp_path / "team.toml").write_text(guide.blocks(text, "toml")[0])
    output = guide.run(text, tmp_path)
    made = section(output, "A team and its keys")
    assert "alice" in made
    assert "hg-…" in made
    seen = section(output, "What a caller sees")
    assert "permission_error" in seen
    assert "team 'search' may not use model 'claude-opus-5-5'" in seen
    assert "403: team 'search' may not use" in seen
    assert '"name":"alice"' in seen
    assert "this month" in seen
    rotated = section(output, "Change a secret without an outage")
    assert len(re.findall("^ *alice ", rotated, re.MULTILINE)) == 2
    assert rotated.count('"message"') == 3  # two that work, and one refusal as an error's type
    assert "another has replaced it" in rotated
    changed = section(output, "Change your mind")
    assert "permission_error" not in changed
    assert "archived" in changed
    assert "forbidden" in section(output, "Who spent what")
    with contextlib.closing(sqlite3.connect(tmp_path / "team.db")) as ledger:
        rows = ledger.execute(guide.blocks(text, "sql")[0]).fetchall()
    ((centre, team, tags, calls, dollars),) = rows
    assert (centre, team, tags, calls) == ("4711", "search", "squad=ir", 5)
    assert dollars > 0
