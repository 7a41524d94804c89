"""Claude Code and Codex themselves at the end of a budget: they show why, and ask no more."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.street import HEADGATE, Street, claude_code, codex, outside_env
from tests.e2e.test_codex import as_provider

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]

FREE = ("-s", "danger-full-access")  # its sandbox needs rights that test machines lack
GUIDE = "give-my-team-keys-and-budgets.md"


def made(street: Street, *words: str) -> str:
    """What a headgate command on the street's store prints."""
    home = {"HOME": str(street.state.parent), "HEADGATE_HOME": str(street.state)}
    done = subprocess.run(
        [str(HEADGATE), *words],
        env=outside_env() | home,
        cwd=street.state.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()


@pytest.fixture
def poor(street: Street, request: pytest.FixtureRequest) -> Iterator[Street]:
    """The street, seen by somebody who may spend a millionth of a dollar a day."""
    name = f"poor {request.node.name}"
    secret = made(street, "keys", "create", "--name", name, "--budget", "0.000001/day")
    yield replace(street, key=secret)
    made(street, "keys", "revoke", name)


def test_claude_code_shows_that_the_budget_is_at_its_end_and_asks_no_more(
    poor: Street, fresh_home: Path
) -> None:
    mark, seen = poor.mark(), poor.seen()
    ran = claude_code(poor, fresh_home, "hi")
    assert ran.json["is_error"] is True
    said = ran.json["result"]
    (shown,) = guide.blocks((guide.GUIDES / GUIDE).read_text(), "text")
    names = {"SUM": r"\$[\d.,]+", "KEY": r"key '[^']+'", "DATE": r"[\d-]+ 00:00 UTC"}
    wanted = re.escape(shown.strip().replace("\n", " "))
    for name, pattern in names.items():
        wanted = wanted.replace(name, pattern)
    assert re.search(wanted, said), said
    rows = poor.rows_after(mark)
    assert {row["status"] for row in rows} == {429}
    assert {row["fault"] for row in rows} == {"budget"}
    assert len(rows) == 1, "it was told to try no more"
    assert poor.arrived(seen) == []
    assert ran.seconds < 15


def test_codex_shows_that_the_budget_is_at_its_end_and_asks_no_more(
    poor: Street, fresh_home: Path
) -> None:
    mark, seen = poor.mark(), poor.seen()
    ran = codex(poor, fresh_home, *as_provider(poor), "-m", "over-responses", *FREE, "say hi")
    failed = [event for event in ran.events if event["type"] == "turn.failed"]
    assert len(failed) == 1, ran.out + ran.err
    words = "Quota exceeded. Check your plan and billing details."
    assert failed[0]["error"]["message"] == words
    assert words in (guide.GUIDES / GUIDE).read_text(), "the guide says what it shows"
    assert "Reconnecting" not in ran.out
    rows = poor.rows_after(mark)
    assert {row["fault"] for row in rows} == {"budget"}
    assert len(rows) == 1
    assert poor.arrived(seen) == []
    assert ran.seconds < 15
