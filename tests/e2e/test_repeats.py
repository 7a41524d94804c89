"""The guide to repeats is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "answer-repeats-once.md"
PORTS = ("4475", "4476")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("once")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, PORTS)
    (folder / "once.toml").write_text(guide.blocks(text, "toml")[0])
    return guide.run(text, folder)


pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def answers(output: str, title: str) -> list[tuple[str, str]]:
    """(status, what Headgate says of it) of each reply that is shown."""
    parts = section(output, title).split("HTTP/1.1 ")[1:]
    said = [re.search(r"^x-headgate-[a-z]+: (.*?)\s*$", it, re.MULTILINE) for it in parts]
    return [(it[:3], found[1] if found else "") for it, found in zip(parts, said, strict=True)]


def test_a_question_is_answered_again_until_it_is_forgotten_as_the_guide_says(
    output: str, folder: Path
) -> None:
    assert answers(output, "The same question later") == [
        ("200", ""),
        ("200", "hit"),
        *[("200", "")] * 4,
    ]
    kept = (folder / "replies.db").read_bytes()
    assert b"simulated" not in kept
    assert b"capital" not in kept


def test_two_that_ask_at_once_share_one_call_as_the_guide_says(
    output: str, folder: Path
) -> None:
    title = "The same question at the same moment"
    assert answers(output, title) == [("200", "join")]
    assert "HTTP/1.1 200" in (folder / "first.txt").read_text()
    assert re.search(r"^ *join +1 +\$0\.0", section(output, title), re.MULTILINE)


def test_a_keyed_call_runs_once_and_anew_only_when_named_as_the_guide_says(
    output: str, folder: Path
) -> None:
    title = "A call that must not run twice"
    assert answers(output, title) == [
        ("200", "new"),
        ("200", "replayed"),
        ("400", ""),
        ("409", ""),
        ("200", "new"),
    ]
    told = section(output, title)
    assert "was used for another request" in told
    named = set(re.findall("hg_[0-9a-f]+", told))
    assert len(named) == 1, "at the start and in the refusal"
    with contextlib.closing(sqlite3.connect(folder / "once.db")) as ledger:
        paid = ledger.execute(
            "SELECT count(*) FROM call WHERE answered_from = '' AND cost_nusd > 0"
        ).fetchone()
        given = ledger.execute(
            "SELECT answered_from, count(*) FROM call WHERE answered_from <> ''"
            " AND cost_nusd = 0 GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert given == [("hit", 1), ("join", 1), ("replay", 1)]
    assert paid[0] >= 8


def test_near_questions_are_measured_and_not_served_as_the_guide_says(output: str) -> None:
    title = "Nearly the same question"
    (shown,) = guide.blocks((guide.GUIDES / NAME).read_text(), "text")
    told = section(output, title)
    assert shown in told
    assert answers(output, title) == [("200", "")] * 3
    assert "not to be served yet" in told
