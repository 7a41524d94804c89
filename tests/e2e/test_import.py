"""The guide to importing is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import section

NAME = "import-what-you-have.md"
pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    return guide.run(guide.read(NAME, []), tmp_path_factory.mktemp("import"))


def alike(text: str) -> str:
    """Without what is another in every run."""
    return re.sub(r"imp_[0-9a-f]+", "imp_N", text)


def test_an_import_says_what_the_guide_shows(output: str) -> None:
    (shown,) = guide.blocks((guide.GUIDES / NAME).read_text(), "text")
    assert alike(shown) in alike(section(output, "Import"))
    assert "demo.jsonl:4: the last line is cut off" in section(output, "Import")


def test_looking_first_brings_nothing(output: str) -> None:
    assert "would bring 2 calls" in section(output, "Look first")


def test_the_second_time_nothing_is_new_and_undoing_takes_all_of_it(output: str) -> None:
    again = section(output, "Again, and on from there")
    assert "brought nothing: no call in it is new" in again
    assert re.search(r"imp_[0-9a-f]{8} .* claude-code +done +2 ", again)


def test_any_table_is_imported_by_its_columns(output: str, tmp_path: Path) -> None:
    table = section(output, "Any other table")
    assert "table: 1 file," in table
    assert "brought 2 calls from 2026-11-20" in table


def test_spend_logs_and_files_of_the_console_are_known_without_a_word(output: str) -> None:
    logs = section(output, "LiteLLM (`litellm`)")
    assert "litellm: 1 file," in logs
    assert "its input was taken as holding the cached tokens" in logs
    console = section(
        output, "The console of Anthropic (`anthropic-console`, `anthropic-cost`)"
    )
    assert "$1.4401 at list prices" in console
    assert "2026-11-19 to 2026-11-19" in console
    assert console.count("the provider's own report") == 2
    assert "anthropic-cost: 1 file," in console
    assert "brought nothing" in console
