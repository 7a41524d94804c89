"""The guide to audits is tried out: its own blocks are run, and what it shows is what they say.

The transcripts it reads are made up, and always the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e import guide, made_up
from tests.e2e.guide import in_order, section

NAME = "audit-your-bill.md"
LATER = "## After the change"

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ada")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    """What it prints; between its last two runs a week of transcripts comes to be."""
    before, after = guide.read(NAME, ()).split(f"{LATER}\n")
    made_up.lay(folder)
    first = guide.run(before, folder)
    made_up.lay(folder, changed=True)
    return first + guide.run(f"\n{LATER}\n{after}", folder)


def alike(text: str) -> str:
    """Without the interval's ends: they move with every finer way to measure."""
    return re.sub(r"\(\$[\d.]+ to \$[\d.]+\)", "($LOW to $HIGH)", text)


def test_one_command_says_what_the_guide_shows(output: str) -> None:
    shown, _ = guide.blocks(guide.read(NAME, ()), "text")
    assert in_order(shown, section(output, "One command")) == []


def test_the_page_opens_offline(output: str, folder: Path) -> None:
    page = (folder / "audit.html").read_text()
    assert "What the bill bought" in page
    assert not re.search(r"<script|https?://", page)


def test_a_window_the_first_screen_and_data_are_to_be_had(output: str, folder: Path) -> None:
    said = section(output, "Another time, only the beginning, for a program")
    assert "2026-10-30 to 2026-11-06" in said
    assert "claimable" not in said.partition("2026-11-02 to 2026-11-04")[2]
    found = json.loads((folder / "audit.json").read_text())
    assert found["joint"]["total_nusd"] == found["claims"][0]["adds_nusd"]


def test_sources_are_read_together_and_what_each_cannot_tell_is_said(output: str) -> None:
    said = section(output, "Other sources")
    assert "anthropic-console: " in said
    assert "claude-code: 1,680 calls in 62 files" in said
    assert "as anthropic-console rows do not tell single calls" in said


def test_findings_of_the_ledger_have_an_id(output: str) -> None:
    assert "[f3d4fc57]" in section(output, "The ledger")
    assert "[f3d4fc57]" not in section(output, "One command"), "nobody would know it"


def test_purposes_split_the_bill(output: str) -> None:
    said = section(output, "What calls are for")
    assert re.search(r"handbook +value +330", said)
    assert re.search(r"atlas +value +1,350 +\$106\.43 +\$62\.07", said)


def test_a_comparison_makes_a_claim_only_where_it_is_good_enough(output: str) -> None:
    claims, _, guesses = section(
        output, "Evidence that a cheaper model is good enough"
    ).partition("Hypotheses")
    assert "purpose handbook, model claude-sonnet-5-5" in claims
    assert "purpose atlas, model claude-opus-5-5" in guesses


def test_capacity_stands_beside_the_total(output: str) -> None:
    said = " ".join(section(output, "Capacity that is paid for by the month").split())
    assert "commitment anthropic priority" in said
    assert "beside the total" in said


def test_a_change_that_was_made_is_verified(output: str) -> None:
    assert "is in force since 2026-11-09" in section(output, "Say what you changed")
    _, shown = guide.blocks(guide.read(NAME, ()), "text")
    said = section(output, "After the change")
    assert in_order(alike(shown), alike(said)) == []
    low, saved, high = (
        float(re.search(form, said)[1])  # type: ignore[index]
        for form in (r"\(\$([\d.]+) to", r"verified +\$([\d.]+)", r"to \$([\d.]+)\)")
    )
    assert 0 < low < saved < high
