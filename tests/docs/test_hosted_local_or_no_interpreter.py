"""The guide to hosted and local interpreters: its figures are printed, its commands run."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.sandbox.hosted.vendor import vendors
from tests.e2e import guide

NAME = "hosted-local-or-no-interpreter.md"
TEXT = guide.read(NAME, ())
LINE = re.compile(r"^\|.*\| `((?:headgate|python3) [^`]+)` \|$", re.M)
ROWS = [(it[1], re.findall(r"\*\*(.+?)\*\*", it[0])) for it in LINE.finditer(TEXT)]


@pytest.mark.parametrize(("command", "figures"), ROWS, ids=range(len(ROWS)))
def test_every_figure_is_printed_by_its_command(command: str, figures: list[str]) -> None:
    program, *words = shlex.split(command)
    if program == "headgate":
        output = CliRunner().invoke(main, words).output
    else:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            exec(words[1], {})  # noqa: S102  the page is ours
        output = said.getvalue()
    assert figures
    assert [it for it in figures if it not in output] == [], output


def test_the_articles_four_rows_are_all_there() -> None:
    assert sum("003-interpreter-" in command for command, _ in ROWS) == 4
    yearly = re.findall(r"\*\*\$([\d,]+)\.0000\*\* less, \$([\d,]+) a year", TEXT)
    pairs = [(int(a.replace(",", "")), int(b.replace(",", ""))) for a, b in yearly]
    assert [12 * month for month, _ in pairs] == [year for _, year in pairs]
    assert len(pairs) == 4


def test_prices_and_limits_are_those_that_headgate_reckons_with() -> None:
    openai, anthropic = vendors()["openai"], vendors()["anthropic"]
    assert f"${openai.sizes[0].hour_usd} an hour for 1 GB" in TEXT
    assert f"${anthropic.sizes[0].hour_usd} an hour after 1,550 free hours" in TEXT
    assert f"{openai.idle_s // 60} minutes without use, then it is gone" in TEXT
    assert f"{anthropic.wall_s} s for a cell" in TEXT


@pytest.mark.slow
@pytest.mark.e2e
def test_the_interpreter_here_gets_every_algorithm_right(tmp_path: Path) -> None:
    said = guide.section(guide.run(TEXT, tmp_path), "Measure it")
    assert "algorithms/primes" in said
    assert "8 of 8" in said
    assert "What went wrong" not in said
    assert "<svg" in (tmp_path / "interpreters.html").read_text()
