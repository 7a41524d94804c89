"""The guide to switching models is tried out, and its conclusion held to the known truth."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest

from headgate.bench.report.figures import Figures, report
from headgate.bench.report.words import interval
from headgate.bench.results import read as results
from headgate.sim.coder import read
from tests.e2e import guide
from tests.e2e.guide import section

NAME = "should-we-switch-models.md"
OLD, NEW = "gpt-6.1-terra", "claude-sonnet-5-5"

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("switch")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    text = guide.read(NAME, ("4497", "4498")).replace("--samples 5", "--samples 3")
    (configuration,) = guide.blocks(text, "toml")
    (folder / "switch.toml").write_text(configuration)
    return guide.run(text, folder)


def test_every_task_of_the_guide_holds(output: str) -> None:
    assert "12 of 12 tasks hold" in section(output, "Tasks of our own")


def test_the_better_model_is_called_better(output: str) -> None:
    (shown,) = guide.blocks(guide.read(NAME, ()), "text")
    assert shown.strip() in section(output, "Ask, judge, report")


def arms(path: Path) -> dict[str, Figures]:
    return {it.arm: it for it in report(results(path)).arms}


def test_the_truth_lies_in_the_intervals_that_are_reported(output: str, folder: Path) -> None:
    """What the simulator was told, task by task, is what the report is held to."""
    assert output
    book, found = read(folder / "book.json", 0), arms(folder / "results.json")
    for arm, pattern in ((OLD, "gpt-*"), (NEW, "claude-*")):
        truth = fmean(book.chance(book.models[pattern], it.id) for it in book.tasks)
        right = found[arm].right
        assert right.tasks == len(book.tasks)
        assert right.low <= truth <= right.high, (arm, truth, right)
        assert interval(right) in section(output, "Ask, judge, report")
    assert found[NEW].right.low > found[OLD].right.high


def test_prompts_that_change_nothing_are_not_shown_different(output: str) -> None:
    said = section(output, "Style guide or examples?")
    assert "not shown different" in said
    assert "guide" in said
    assert "examples" in said


def test_most_of_a_long_style_guide_is_read_from_the_cache(output: str, folder: Path) -> None:
    assert output
    found = arms(folder / "prompts.json")
    assert found["guide"].money.cached_share > 0.5
    assert found["guide"].money.per_sample_nusd > 5 * found["examples"].money.per_sample_nusd


def test_a_run_holds_against_itself(output: str) -> None:
    said = section(output, "Hold it")
    assert said.count("holds  ") == 2


def test_the_page_needs_no_other_file(output: str, folder: Path) -> None:
    assert output
    assert "<svg" in (folder / "results.html").read_text()
