"""What earlier imports have read is known as long as they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from headgate.ledger.importers.known import Known
from headgate.ledger.importers.staging import Progress

READ = Progress("/a", "1:2", 10, 11, 10, 2, b"tail", "{}", 1)


def test_what_was_read_is_known_for_its_format_and_path(tmp_path: Path) -> None:
    known = Known(tmp_path / "state" / "known.db")
    assert known.of("k", [Path("/a")], ["i1"]) == []
    known.learn("k", [READ, replace(READ, path="/b")], "i1")
    assert known.of("k", [Path("/a"), Path("/c")], ["i1"]) == [READ]
    assert known.of("other", [Path("/a")], ["i1"]) == []


def test_a_file_that_an_undone_import_has_read_is_read_from_its_beginning(
    tmp_path: Path,
) -> None:
    known = Known(tmp_path / "known.db")
    known.learn("k", [READ], "i1")
    known.learn("k", [replace(READ, place=20)], "i2")
    assert known.of("k", [Path("/a")], ["i1", "i2"]) == [replace(READ, place=20)]
    assert known.of("k", [Path("/a")], ["i1"]) == []
    assert known.of("k", [Path("/a")], ["i2"]) == []


def test_what_brought_nothing_is_known_without_an_import(tmp_path: Path) -> None:
    known = Known(tmp_path / "known.db")
    known.learn("k", [READ], "")
    assert known.of("k", [Path("/a")], []) == [READ]


def test_a_damaged_memory_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "known.db").write_bytes(b"no database" * 500)
    known = Known(tmp_path / "known.db")
    assert known.of("k", [Path("/a")], []) == []
    known.learn("k", [READ], "")
    assert known.of("k", [Path("/a")], []) == [READ]
