"""Verification: whatever can be wrong with a segment is named, and what is whole is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.archive.segment import live
from headgate.ledger.archive.verify import DAMAGED, MISSING, OTHER_ROWS, verify
from headgate.ledger.shelf import digest_of
from headgate.store.place import Place
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON, seal_each, shelf_in


@pytest.fixture
def segments(store: Place, connection: Connection, tmp_path: Path) -> Connection:
    seal_each(connection, store, tmp_path, [NOON, NOON + 1])
    return connection


def flaws(connection: Connection, folder: Path) -> list[str]:
    return [flaw.what for flaw in verify(live(connection), shelf_in(folder))]


def test_what_was_sealed_is_whole(segments: Connection, tmp_path: Path) -> None:
    told: list[int] = []
    assert list(verify(live(segments), shelf_in(tmp_path), told.append)) == []
    assert told == [1, 1]


def test_a_file_that_is_not_there_is_missing(segments: Connection, tmp_path: Path) -> None:
    first = live(segments)[0]
    shelf_in(tmp_path).remove(first.path)
    (flaw,) = verify(live(segments), shelf_in(tmp_path))
    assert flaw == (first.path, first.day, 1, "", MISSING)


def test_a_single_changed_byte_is_damage(segments: Connection, tmp_path: Path) -> None:
    (file,) = shelf_in(tmp_path).fetch([live(segments)[1].path])
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert flaws(segments, tmp_path) == [DAMAGED]


def test_a_file_of_other_rows_is_told_from_a_damaged_one(
    segments: Connection, tmp_path: Path
) -> None:
    segments.execute("UPDATE segment SET rows = 5")
    assert flaws(segments, tmp_path) == [OTHER_ROWS, OTHER_ROWS]


def test_a_file_that_is_no_segment_at_all_is_damaged_even_if_its_digest_is_listed(
    segments: Connection, tmp_path: Path
) -> None:
    first = live(segments)[0]
    (file,) = shelf_in(tmp_path).fetch([first.path])
    file.write_bytes(b"PAR1 not really PAR1")
    segments.execute(
        "UPDATE segment SET digest = ? WHERE path = ?", (digest_of(file), first.path)
    )
    assert flaws(segments, tmp_path) == [DAMAGED]
