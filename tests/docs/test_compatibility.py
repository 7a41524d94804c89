"""The page of what works where says what the tests saw, and notices when they have changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs import compatibility
from tests import matrix

ROW = {"client": "Codex", "upstream": "chat", "what": "tools", "tests": ["t::a"]}


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "seen.json"
    monkeypatch.setattr(compatibility, "SEEN", file)
    monkeypatch.setattr(compatibility.read_seen, "__defaults__", (file,))
    return file


def row_of(page: str) -> list[str]:
    """Codex's cells behind Chat Completions."""
    section = page.split("## Models behind OpenAI's Chat Completions")[1]
    line = next(line for line in section.splitlines() if line.startswith("| Codex |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


@pytest.mark.parametrize(("not_passed", "shown"), [([], "yes (1 test)"), (["t::a"], "fails")])
def test_a_cell_says_whether_its_tests_passed(
    seen: Path, not_passed: list[str], shown: str
) -> None:
    seen.write_text(json.dumps([ROW | {"not_passed": not_passed}]))
    cells = row_of(compatibility.page())
    assert cells[matrix.WHATS.index("tools")] == shown
    assert cells[matrix.WHATS.index("stream")] == "untested"


def test_a_cell_without_tests_gives_its_reason(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen.write_text("[]")
    monkeypatch.setitem(matrix.ABSENT, ("Codex", "chat", "images"), "it has no eyes")
    assert row_of(compatibility.page())[matrix.WHATS.index("images")] == "it has no eyes"


def test_a_test_that_came_or_went_is_drift(seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen.write_text(json.dumps([ROW | {"not_passed": []}]))
    cell = ("Codex", "chat", "tools")
    monkeypatch.setattr(compatibility, "collected", lambda: {cell: ["t::a"]})
    assert compatibility.drift() == ""
    monkeypatch.setattr(compatibility, "collected", lambda: {cell: ["t::a", "t::b"]})
    assert compatibility.drift() == "Codex / chat / tools"
