"""Copies of a bucket's files: whole or not there, bounded, never taken from a reader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from headgate.ledger.archive.copies import ABANDONED_S, Copies

MB = 1_000_000


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[Copies]:
    copies = Copies(tmp_path / "copies", 10 * MB)
    yield copies
    copies.close()


def keep(copies: Copies, name: str, content: bytes) -> Path:
    def fill(file: BinaryIO) -> None:
        file.write(content)

    return copies.keep(name, fill)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns)


def other(tmp_path: Path, most: int = 10 * MB) -> Copies:
    """Another process's."""
    return Copies(tmp_path / "copies", most)


def test_what_was_kept_is_taken_by_this_process_and_by_the_next(
    copies: Copies, tmp_path: Path
) -> None:
    assert copies.take("a") is None
    mine = keep(copies, "a", b"rows")
    assert copies.take("a") == mine
    theirs = other(tmp_path)
    found = theirs.take("a")
    assert found is not None
    assert found != mine
    assert found.read_bytes() == b"rows"
    theirs.close()


def test_a_damaged_copy_is_no_copy_and_is_removed(copies: Copies, tmp_path: Path) -> None:
    keep(copies, "a", b"rows" * 1000)
    (file,) = kept(copies.folder)
    os.truncate(file, 100)
    theirs = other(tmp_path)
    assert theirs.take("a") is None
    assert kept(copies.folder) == []
    assert keep(theirs, "a", b"rows").read_bytes() == b"rows"
    theirs.close()


def test_a_copy_that_was_not_finished_never_appears(copies: Copies) -> None:
    def half(file: BinaryIO) -> None:
        file.write(b"half")
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        copies.keep("a", half)
    assert copies.take("a") is None
    assert [it for it in copies.folder.iterdir() if it.is_file()] == []


def test_the_copies_not_asked_for_the_longest_go_first(copies: Copies, tmp_path: Path) -> None:
    theirs = other(tmp_path)
    for n, name in enumerate("abc"):
        file = keep(theirs, name, bytes(4 * MB))
        os.utime(file, (n, n))
    theirs.close()
    assert copies.take("a") is not None
    copies.shrink()
    assert copies.take("b") is None
    assert copies.take("c") is not None


def test_what_is_evicted_stays_readable_for_whoever_has_it(
    copies: Copies, tmp_path: Path
) -> None:
    mine = keep(copies, "a", b"rows")
    theirs = other(tmp_path, most=0)
    theirs.shrink()
    assert kept(copies.folder) == []
    assert mine.read_bytes() == b"rows"
    assert copies.take("a") == mine
    theirs.close()


def test_what_the_dead_held_is_freed_and_what_the_living_hold_is_not(
    copies: Copies, tmp_path: Path
) -> None:
    mine = keep(copies, "a", b"rows")
    dead = tmp_path / "copies" / "use-1-dead"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "x.parquet").write_bytes(b"rows")
    theirs = other(tmp_path)
    theirs.shrink()
    assert not dead.exists()
    assert mine.exists()
    theirs.close()
    assert mine.exists()


def test_a_partial_copy_of_somebody_killed_goes_after_a_day(copies: Copies) -> None:
    old, new = copies.folder / "a.part", copies.folder / "b.part"
    for file in (old, new):
        file.write_bytes(b"x")
    long_ago = old.stat().st_mtime - ABANDONED_S - 1
    os.utime(old, (long_ago, long_ago))
    copies.shrink()
    assert (old.exists(), new.exists()) == (False, True)
