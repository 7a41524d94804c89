"""An audit reads sources without keeping anything, and reads nothing twice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.book.book import open_files
from headgate.ledger.importers import sources
from headgate.ledger.importers.detect import Unreadable
from headgate.ledger.importers.intake import Seen, Taken, take
from headgate.ledger.importers.sources import Read, read_sources
from headgate.money.catalog import Catalog, PriceRules
from tests.ledger.importers import transcripts
from tests.ledger.importers.books import catalog
from tests.ledger.importers.reads import lay_lines
from tests.ledger.importers.test_claude_code import ANSWER
from tests.ledger.importers.test_codex import count, meta, second, turn, usage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    transcripts.write(tmp_path / "src", transcripts.folder(3, 3, 4, 40))
    return tmp_path / "src"


def read(root: Path, cache: Path) -> tuple[Read, int]:
    """What is there, and how many bytes were gone through for it."""
    seen: list[Seen] = []
    found = read_sources([root], catalog(), cache, progress=seen.append)
    return found, sum(it.of_size for it in seen[-1:])


def test_what_sources_hold_is_a_book_of_its_own(root: Path, tmp_path: Path) -> None:
    found, _ = read(root, tmp_path / "cache")
    (summary,) = found.summaries
    files = transcripts.folder(3, 3, 4, 40)
    expected = transcripts.expected(line for lines in files.values() for line in lines)
    assert summary.kind == "claude-code"
    assert summary.calls == len(expected)
    assert summary.lines == sum(map(len, files.values()))
    assert summary.files == len(files)
    with open_files(found.files) as book:
        ((calls, output, cost),) = book.rows(
            "SELECT count(*), sum(output), sum(cost_nusd) FROM book"
        )
    assert calls == len(expected)
    assert output == sum(it["output_tokens"] for it in expected.values())
    assert cost == summary.cost_nusd


def test_a_second_audit_reads_nothing_and_says_the_same(root: Path, tmp_path: Path) -> None:
    first, _ = read(root, tmp_path / "cache")
    again, gone_through = read(root, tmp_path / "cache")
    assert again == first
    assert gone_through == 0


def test_what_is_new_is_read_and_what_is_gone_is_left_out(root: Path, tmp_path: Path) -> None:
    first, _ = read(root, tmp_path / "cache")
    lay_lines(root / "projects" / "new.jsonl", [ANSWER])
    more, _ = read(root, tmp_path / "cache")
    assert more.summaries[0].calls == first.summaries[0].calls + 1
    (root / "projects" / "new.jsonl").unlink()
    less, _ = read(root, tmp_path / "cache")
    assert less.summaries == first.summaries
    assert len(list((tmp_path / "cache").rglob("*.parquet"))) == 1


def test_a_damaged_cache_is_made_anew(root: Path, tmp_path: Path) -> None:
    first, _ = read(root, tmp_path / "cache")
    for file in (tmp_path / "cache").rglob("*"):
        if file.is_file():
            file.write_bytes(b"nonsense of some length, but no database" * 200)
    for file in (tmp_path / "cache").rglob("*.parquet"):
        file.unlink()
    again, _ = read(root, tmp_path / "cache")
    assert again.summaries == first.summaries


def test_each_format_of_a_folder_is_told_by_itself(tmp_path: Path) -> None:
    root = tmp_path / "mixed"
    lay_lines(root / "a.jsonl", [ANSWER])
    told = usage(100, 0, 10)
    lay_lines(root / "b.jsonl", [meta(), turn(), count(second(1), told, told)])
    lay_lines(root / "c.jsonl", [{"what": "else"}])
    found, _ = read(root, tmp_path / "cache")
    assert [it.kind for it in found.summaries] == ["claude-code", "codex"]
    assert len(found.files) == 2
    assert [path for path, _ in found.unknown] == [str(root / "c.jsonl")]


def test_where_nothing_lies_anywhere_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "usual", lambda: [])
    with pytest.raises(Unreadable, match="usual places"):
        read_sources([], catalog(), tmp_path / "cache")


def test_prices_that_changed_are_heeded_without_reading_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = read(root, tmp_path / "cache")
    sizes: list[int] = []

    def watched(*args: Any) -> Taken:
        taken = take(*args)
        sizes.append(taken.size)
        return taken

    monkeypatch.setattr(sources, "take", watched)
    models = [(model, (("output", "1000"),)) for model in transcripts.MODELS]
    dear = Catalog.load(PriceRules(overrides=tuple(models)))
    dearer = read_sources([root], dear, tmp_path / "cache")
    assert dearer.summaries[0].calls == first.summaries[0].calls
    assert dearer.summaries[0].cost_nusd > 5 * first.summaries[0].cost_nusd
    assert sizes == [0]


def test_what_nobody_asked_for_in_a_month_is_removed(root: Path, tmp_path: Path) -> None:
    old, young = tmp_path / "cache" / "old", tmp_path / "cache" / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    read(root, tmp_path / "cache")
    assert (old.exists(), young.exists()) == (False, True)
