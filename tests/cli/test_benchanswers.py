"""`headgate bench answers` writes what simulated models know, at the rates asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.sim.coder import Rates, read

TASK = """
language = "python"
prompt = "write double(n)"
reference = "def double(n): return 2 * n"
tests = "from solution import double"
"""
MUTANT = """
[[mutants]]
why = "adds"
swap = ["2 * n", "2 + n"]
"""


def answers(folder: Path, *rates: str) -> Result:
    tasks, out = folder / "tasks", folder / "book.json"
    words = [word for rate in rates for word in ("--rate", rate)]
    return CliRunner().invoke(
        main, ["bench", "answers", str(out), "--tasks", str(tasks), *words]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "known.toml").write_text(TASK + MUTANT)
    (tmp_path / "tasks" / "unknown.toml").write_text(TASK)
    return tmp_path


def test_tasks_that_can_be_answered_right_and_wrong_are_known(folder: Path) -> None:
    found = answers(folder, "claude-*=0.94,broken=0.5,tokens=7", "gpt-*=0.8")
    assert found.exit_code == 0
    assert "1 of 2 tasks are known" in found.stderr
    book = read(folder / "book.json", 0)
    assert book.models["claude-*"] == Rates(right=0.94, broken=0.5, tokens=7)
    assert [it.id for it in book.tasks] == ["known"]
    assert book.tasks[0].wrong == ("def double(n): return 2 + n",)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("claude-*", "names no share"),
        ("claude-*=often", "such as --rate"),
        ("claude-*=1.2", "from 0 to 1"),
        ("claude-*=0.5,brocken=0.1", "brocken"),
        ("=0.5", "from 0 to 1"),
    ],
)
def test_a_rate_that_is_none_is_misuse(folder: Path, rate: str, said: str) -> None:
    found = answers(folder, rate)
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (folder / "book.json").exists()


def test_tasks_without_mutants_have_no_known_rate(folder: Path) -> None:
    (folder / "tasks" / "known.toml").unlink()
    found = answers(folder, "claude-*=0.5")
    assert found.exit_code == 2
    assert "a reference and a mutant" in found.stderr


def test_a_place_that_cannot_be_written_to_is_told(folder: Path) -> None:
    words = ("--tasks", folder / "tasks", "--rate", "gpt-*=0.8")
    out = folder / "gone" / "book.json"
    found = CliRunner().invoke(main, ["bench", "answers", str(out), *map(str, words)])
    assert found.exit_code == 1
    assert "book.json cannot be written" in found.stderr
