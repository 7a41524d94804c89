"""The generator notices every page that is not what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import build


def test_a_missing_or_changed_page_is_stale_and_a_written_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "PAGES", {"faults.md": build.faults_page})
    assert build.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().out
    assert build.main([]) == 0
    assert build.main(["--check"]) == 0
    page = tmp_path / "faults.md"
    page.write_text(page.read_text() + "By hand.\n")
    assert build.main(["--check"]) == 1
    assert "By hand." in page.read_text(), "--check writes nothing"


def test_pages_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    narrow = build.render()["cli.md"]
    monkeypatch.setenv("COLUMNS", "200")
    assert build.render()["cli.md"] == narrow
