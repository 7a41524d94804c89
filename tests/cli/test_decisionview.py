"""A decision is told with what moving brings, and as a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.decisions import TWO, WORK, run, told


def test_moving_is_told_with_when_it_is_repaid() -> None:
    move = ("--current", "claude-sonnet-5-5", "--hours", "120", "--hourly", "150")
    found = told(*WORK, *TWO, *move)["move"]
    assert found["cost_nusd"] == 18_000 * 10**9
    assert found["months_to_recoup"] == pytest.approx(18_000e9 / found["saving_nusd"])
    assert "% net" in run(*WORK, *TWO, *move).stdout


def test_the_page_opens_offline_and_names_the_choice(tmp_path: Path) -> None:
    file = tmp_path / "decision.html"
    assert run(*WORK, *TWO, "--html", str(file)).exit_code == 0
    text = file.read_text()
    assert "<h1>claude-haiku-5-5</h1>" in text
    assert "http" not in text.replace("http-equiv", "")
