"""The guide to prompt caching is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "turn-on-prompt-caching-safely.md"
PORTS = ("4495", "4496")
LONG = 15_000
"""tokens of the guide's rules"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saving")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, PORTS)
    (folder / "saving.toml").write_text(guide.blocks(text, "toml")[0])
    return guide.run(text, folder)


pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def turns(output: str, topic: str) -> list[tuple[int, int, int]]:
    """(read, written, plain) of each."""
    found = re.findall(
        rf"^{topic}: read (\d+), wrote (\d+), plain (\d+)$", output, re.MULTILINE
    )
    return [(int(read), int(wrote), int(plain)) for read, wrote, plain in found]


def test_advice_changes_nothing_and_says_what_it_would_save_as_the_guide_says(
    output: str,
) -> None:
    assert [turn[:2] for turn in turns(output, "monday")] == [(0, 0)] * 6
    seen = section(output, "See what it would save")
    assert "prompt_cache_advice     key:k_" in seen
    assert 'switch_on [cache] prompt = "on"' in seen
    assert re.search(r"for_this_key headgate keys update k_\w+ --prompt-cache on", seen)
    assert re.search(r"^ *unmarked +5 +\$0\.\d+ ", seen, re.MULTILINE)


def test_one_key_is_marked_and_reads_as_the_guide_says(output: str) -> None:
    first, *later = turns(output, "tuesday")
    assert first[0] == 0
    assert first[1] > LONG
    assert len(later) == 5
    assert all(read > LONG and wrote < 200 and not plain for read, wrote, plain in later)
    seen = section(output, "One key first")
    assert re.search(r"claude-sonnet-5-5 +5m +1\.25x +0\.05x .* pays *$", seen, re.MULTILINE)


def test_what_is_not_read_is_given_up_as_the_guide_says(output: str) -> None:
    first, *later = [wrote for _, wrote, _ in turns(output, "lottery")]
    assert first > LONG
    assert later == [0] * 7


def test_everybody_is_marked_after_a_reload_and_nobody_who_is_off_as_the_guide_says(
    output: str, folder: Path
) -> None:
    assert all(read > LONG for read, _, _ in turns(output, "wednesday")), "tuesday's rules"
    assert "caches  prompt on, reply off, join off" in section(
        output, "A route, then the house"
    )
    for day in ("thursday", "friday"):
        assert [turn[:2] for turn in turns(output, day)] == [(0, 0)] * 2
    with contextlib.closing(sqlite3.connect(folder / "saving.db")) as ledger:
        plans = [plan for (plan,) in ledger.execute("SELECT cache_plan FROM call ORDER BY seq")]
    assert plans[1] == "advise system:5m turns:5m"
    assert re.fullmatch(r"on system:\w+ turns:\w+", plans[7])
    assert plans[-4:] == [""] * 4


def test_both_agents_are_set_up_to_ask_for_plans_as_the_guide_says(output: str) -> None:
    shown = section(output, "Claude Code and Codex")
    assert "ANTHROPIC_CUSTOM_HEADERS='x-headgate-prompt-cache: on'" in shown
    assert 'http_headers = { "x-headgate-prompt-cache" = "on" }' in shown
