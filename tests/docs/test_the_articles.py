"""The page that corrects the articles: each figure of it is in the output of its command."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main
from tests.shape.tree import ROOT

PAGE = ROOT / "docs" / "concepts" / "the-articles.md"


def rows() -> list[tuple[str, list[str]]]:
    """Each command, and the figures that it has to print."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and len(cells) == 3 and cells[2].startswith("`"):
            found.append((cells[2].strip("` |"), re.findall(r"\*\*(.+?)\*\*", cells[1])))
    return found


ROWS = rows()


def printed(command: str) -> str:
    program, *words = shlex.split(command)
    if program == "headgate":
        result = CliRunner().invoke(main, words, standalone_mode=False)
        assert result.exception is None, result.exception
        return result.output
    assert (program, words[0]) == ("python3", "-c")
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(words[1], {})  # noqa: S102 - the page is ours
    return output.getvalue()


def test_the_page_has_a_command_for_every_difference() -> None:
    assert len(ROWS) > 30
    empty = [command for command, figures in ROWS if not figures]
    assert empty == ["headgate cost --preset 002-tickets"], "what it says is right"


@pytest.mark.parametrize(("command", "figures"), ROWS, ids=[command for command, _ in ROWS])
def test_every_figure_is_printed_by_its_command(
    command: str, figures: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HEADGATE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    output = printed(command)
    assert [figure for figure in figures if figure not in output] == [], output
