"""An import that is stopped says how it goes on, and whatever fails is said in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headgate.cli import importing, main
from headgate.ledger.importers.imports import Raced
from headgate.ledger.importers.staging import Busy, Staging
from headgate.ledger.shelf import ShelfError
from tests.ledger.importers.reads import lay_lines
from tests.ledger.importers.test_claude_code import ANSWER


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("HEADGATE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return lay_lines(tmp_path / "a.jsonl", [ANSWER])


def test_ctrl_c_says_that_the_same_command_goes_on_and_it_does(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Staging, "settle", stop)
        stopped = CliRunner().invoke(main, ["import", str(source)])
    assert stopped.exit_code == 130
    assert "the same command goes on from there" in stopped.stderr
    listed = CliRunner().invoke(main, ["import", "list"])
    assert "reading" in listed.stdout
    again = CliRunner().invoke(main, ["import", str(source)])
    assert "went on with an import that was stopped" in again.stderr
    assert "brought 1 call" in again.stdout


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Busy, "another import of the same sources is running"),
        (Raced, "the same command goes on with it"),
        (lambda: ShelfError("the bucket is gone", "name another"), "the bucket is gone"),
    ],
)
def test_what_fails_is_said_in_words(
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Callable[[], Exception],
    words: str,
) -> None:
    def fail(*args: Any) -> None:
        raise error()

    monkeypatch.setattr(importing, "run_import", fail)
    result = CliRunner().invoke(main, ["import", str(source)])
    assert result.exit_code == 1
    assert words in result.stderr
    assert "hint: " in result.stderr


def test_a_damaged_ledger_is_said_in_words(source: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "odd.db"
    ledger.write_bytes(b"no database" * 400)
    result = CliRunner().invoke(main, ["import", str(source), "--ledger", str(ledger)])
    assert result.exit_code == 1
    assert "is not an SQLite database" in result.stderr
