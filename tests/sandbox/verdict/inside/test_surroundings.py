"""The environment and the folder go from either side to the other, and never back again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.sandbox.verdict.inside.surroundings import Surroundings, is_harmless


def test_what_one_side_changes_the_other_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GONE", "1")
    monkeypatch.chdir(tmp_path)
    seen = Surroundings()
    assert seen.changed() is None
    monkeypatch.setenv("NEW", "2")
    monkeypatch.delenv("GONE")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    assert seen.changed() == [["GONE"], [["NEW", "2"], ["", str(tmp_path / "in")]]]
    assert seen.changed() is None


def test_what_is_taken_over_is_not_told_back_and_what_was_changed_here_still_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GONE", "1")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.delenv("THEIRS", raising=False)
    monkeypatch.chdir(Path.cwd())
    seen = Surroundings()
    monkeypatch.setenv("OURS", "1")
    said = [["GONE", "KEPT"], [["THEIRS", "2"], ["", str(tmp_path)]]]
    seen.take(said, lambda it: it != "KEPT")
    assert "GONE" not in os.environ
    assert (os.environ["KEPT"], os.environ["THEIRS"], os.getcwd()) == ("1", "2", str(tmp_path))
    assert seen.changed() == [[], [["OURS", "1"]]]


@pytest.mark.parametrize("said", [None, [], [[], []], [[7], [["A", 7]]]])
def test_rubbish_changes_nothing(said: object) -> None:
    seen = Surroundings()
    seen.take(said, lambda _: True)
    assert seen.changed() is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DB_URL", True),
        ("", False),
        ("LD_PRELOAD", False),
        ("PYTHONPATH", False),
        ("PATH", False),
        ("BASH_ENV", False),
        ("PYTEST_CURRENT_TEST", False),
        ("A=B", False),
    ],
)
def test_nothing_is_taken_over_by_which_code_could_be_run(name: str, expected: bool) -> None:
    assert is_harmless(name) is expected
