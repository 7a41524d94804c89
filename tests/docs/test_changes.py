"""Releasing gathers every fragment once, or touches nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from docs.changes import MARK, gather, main, section

DAY = date(2026, 11, 21)


def repository(root: Path, **fragments: str) -> Path:
    (root / "changes").mkdir()
    (root / "CHANGELOG.md").write_text(
        f"# Changes\n\n{MARK}\n\n## 0.0.1 (2026-01-01)\n\nOld.\n"
    )
    for name, text in fragments.items():
        (root / "changes" / f"{name.replace('__', '.')}.md").write_text(text)
    return root


def test_fragments_are_grouped_by_kind_and_joined_to_one_line(tmp_path: Path) -> None:
    root = repository(tmp_path, b__fixed="It no\nlonger breaks.", a__added="New thing.")
    text = section("0.2.0", DAY, (root / "changes").glob("*.md"))
    assert text == (
        "## 0.2.0 (2026-11-21)\n\n### Added\n\n- New thing.\n\n"
        "### Fixed\n\n- It no longer breaks.\n"
    )


def test_a_release_moves_the_fragments_above_the_older_versions(tmp_path: Path) -> None:
    root = repository(tmp_path, a__added="New thing.")
    gather(root, "0.2.0", DAY)
    text = (root / "CHANGELOG.md").read_text()
    assert text.index(MARK) < text.index("## 0.2.0") < text.index("## 0.0.1")
    assert not list((root / "changes").iterdir())


@pytest.mark.parametrize(
    ("version", "fragments", "why"),
    [
        ("next", {"a__added": "New."}, "no version"),
        ("0.2.0", {}, "nothing to release"),
        ("0.2.0", {"a__novel": "New."}, "a.novel.md"),
        ("0.2.0", {"a__added": " \n"}, "a.added.md"),
    ],
)
def test_a_malformed_release_says_why_and_touches_nothing(
    tmp_path: Path, version: str, fragments: dict[str, str], why: str
) -> None:
    root = repository(tmp_path, **fragments)
    before = (root / "CHANGELOG.md").read_text()
    with pytest.raises(ValueError, match=why):
        gather(root, version, DAY)
    assert (root / "CHANGELOG.md").read_text() == before
    assert len(list((root / "changes").iterdir())) == len(fragments)


def test_without_a_version_it_says_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "python -m docs.changes 0.2.0" in capsys.readouterr().out
