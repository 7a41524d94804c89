"""The guide to misses is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "what-a-miss-costs-you.md"
PORTS = ("4485", "4486")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("miss")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, PORTS)
    (folder / "miss.toml").write_text(guide.blocks(text, "toml")[0])
    return guide.run(text, folder)


pytestmark = [pytest.mark.slow, pytest.mark.e2e]


def alike(text: str) -> str:
    """Without what is another in every run: ids, times, sums and counts."""
    return re.sub(r"hg_[0-9a-f]+|\$?\d[\d,.]*", "N", text)


def lost(output: str, title: str) -> tuple[int, float]:
    """(calls, dollars) of the planted cause, as the section's report has them."""
    row = re.search(
        r"^ *system_changed +(\d+) +\$([\d.]+) ", section(output, title), re.MULTILINE
    )
    assert row is not None
    return int(row[1]), float(row[2])


def test_why_a_call_missed_is_told_as_the_guide_shows_it(output: str) -> None:
    (shown,) = guide.blocks((guide.GUIDES / NAME).read_text(), "text")
    assert alike(shown) in alike(section(output, "Ask why"))


def test_a_loss_is_told_with_its_dollars_and_stops_once_it_is_mended(output: str) -> None:
    planted = lost(output, "See the whole loss")
    assert planted[0] == 19
    assert planted[1] > 2
    whole = section(output, "See the whole loss")
    assert re.search(r"claude-opus-5-5 +1h +2x .* LOSES *$", whole, re.MULTILINE)
    assert "cache_losing            house  model claude-opus-5-5, lost_usd 1." in whole
    calls, dollars = lost(output, "Mend it")
    assert calls == 20
    assert 0 < dollars - planted[1] < 0.2
    mended = section(output, "Mend it")
    assert "no miss: it read what was there to be read" in mended
    assert re.search(r"claude-opus-5-5 +1h +2x .* pays *$", mended, re.MULTILINE)


def test_metrics_and_the_ledger_count_the_same_as_the_guide_says(
    output: str, folder: Path
) -> None:
    calls, dollars = lost(output, "Mend it")
    told = section(output, "Watch it")
    assert f'miss_total{{provider="anthropic",cause="system_changed"}} {calls}\n' in told
    for name in ("miss_dollars", "saved_dollars", "premium_dollars"):
        assert f"\nheadgate_cache_{name}_total{{" in told
    (sql,) = guide.blocks(guide.read(NAME, ()), "sql")
    with contextlib.closing(sqlite3.connect(folder / "miss.db")) as ledger:
        ((cause, place, key, count, summed),) = ledger.execute(sql).fetchall()
    assert (cause, place, key, count) == ("system_changed", "system[0]", "", calls)
    assert abs(summed - dollars) < 0.001
