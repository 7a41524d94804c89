"""The guide to choosing a model is tried out: its own blocks are run, and its promises seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import guide
from tests.e2e.guide import in_order, section

NAME = "choose-a-model.md"

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("choose")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    return guide.run(guide.read(NAME, ()), folder)


def test_a_window_that_is_too_short_puts_a_model_out(output: str) -> None:
    said = section(output, "Say what the work is")
    assert "out: " in said
    assert "chunks of 500 tokens" in said


def test_a_budget_of_time_puts_a_model_out(output: str) -> None:
    said = section(output, "Budgets of time")
    assert said.startswith("claude-haiku-5-5")
    assert "out: " in said


def test_dear_mistakes_make_the_dearer_model_the_choice(output: str, folder: Path) -> None:
    (shown,) = guide.blocks(guide.read(NAME, ()), "text")
    said = section(output, "The cost of a wrong answer")
    assert in_order(shown, said) == []
    assert "moving from claude-haiku-5-5 saves $6,900.00 a month" in said
    assert "<svg" in (folder / "decision.html").read_text()


def test_a_saved_decision_is_asked_again(output: str) -> None:
    assert "holds" in section(output, "Ask again")


def test_a_gateway_pays_only_where_something_speaks_for_it(output: str) -> None:
    said = section(output, "Is a gateway worth it?")
    assert said.index("stay with the direct API") < said.index("a gateway pays")


def test_calls_are_priced_again_one_by_one(output: str) -> None:
    said = section(output, "What the last days would have cost otherwise")
    for change in ("on claude-haiku-5-5", "with caching", "in batches"):
        assert change in said
