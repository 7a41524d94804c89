"""A shelf: what is put is there for good and whole; what cannot be is said with a remedy."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from headgate.ledger.shelf import Folder, Nowhere, ShelfError, Stored, digest_of

PATH = "calls/day=2026-11-21/seg-1.parquet"


def put(shelf: Folder, path: str, content: bytes) -> None:
    local = shelf.staging() / "rows.part"
    local.write_bytes(content)
    shelf.put(path, local)
    assert not local.exists()


def test_what_is_put_is_fetched_and_listed_until_it_is_removed(tmp_path: Path) -> None:
    shelf = Folder(tmp_path / "archive")
    assert list(shelf.listed()) == []
    put(shelf, PATH, b"rows")
    (file,) = shelf.fetch([PATH])
    assert file.read_bytes() == b"rows"
    ((path, size, _),) = shelf.listed()
    assert Stored(path, size, 0) == (PATH, 4, 0)
    assert shelf.digest(PATH) == hashlib.blake2b(b"rows", digest_size=32).digest()
    shelf.remove(PATH)
    shelf.remove(PATH)
    assert list(shelf.listed()) == []
    assert shelf.digest(PATH) is None


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    shelf = Folder(tmp_path / "archive")
    put(shelf, PATH, b"rows")
    for folder in (shelf.root, (shelf.root / PATH).parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_what_is_still_written_is_not_listed(tmp_path: Path) -> None:
    shelf = Folder(tmp_path)
    (shelf.staging() / "rows.part").write_bytes(b"ro")
    assert list(shelf.listed()) == []


def test_a_segment_that_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ShelfError) as error:
        Folder(tmp_path).fetch([PATH])
    assert PATH in error.value.what
    assert "headgate archive verify" in error.value.hint


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfError, match="cannot be made") as error:
        Folder(tmp_path / "file" / "archive").staging()
    assert "[archive] path" in error.value.hint


def test_a_store_without_a_shelf_can_be_read_and_not_sealed() -> None:
    shelf = Nowhere("nothing says where", "say it")
    assert shelf.fetch([]) == []
    assert list(shelf.listed()) == []
    for ask in (
        shelf.staging,
        lambda: shelf.put(PATH, Path("x")),
        lambda: shelf.fetch([PATH]),
        lambda: shelf.digest(PATH),
        lambda: shelf.remove(PATH),
    ):
        with pytest.raises(ShelfError, match="nothing says where") as error:
            ask()
        assert error.value.hint == "say it"


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"abc" * 1_000_000)
    whole = hashlib.blake2b(b"abc" * 1_000_000, digest_size=32)
    assert digest_of(file) == whole.digest()
