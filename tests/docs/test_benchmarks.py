"""The page about benchmarks: each figure of its worked example is printed by its command."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.stats.quantile import values_needed
from tests.shape.tree import ROOT

PAGE = ROOT / "docs" / "concepts" / "benchmarks.md"


def rows() -> list[tuple[str, list[str]]]:
    """Each line's command, and the figures that it has to print."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and len(cells) == 3 and cells[2].startswith("`"):
            found.append((cells[2].strip("` |"), re.findall(r"\*\*(.+?)\*\*", line)))
    return found


ROWS = rows()


def test_the_example_has_a_command_for_every_line() -> None:
    assert len(ROWS) == 5
    assert all(len(figures) >= 3 for _, figures in ROWS)


@pytest.mark.parametrize(("command", "figures"), ROWS, ids=range(len(ROWS)))
def test_every_figure_of_the_example_is_printed(command: str, figures: list[str]) -> None:
    program, *words = shlex.split(command)
    assert program == "headgate"
    output = CliRunner().invoke(main, words).output
    assert [it for it in figures if it not in output] == [], output


def test_the_page_says_how_many_runs_bound_a_p99() -> None:
    assert f"fewer than {values_needed(0.99)} runs" in PAGE.read_text()
