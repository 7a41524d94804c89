"""Files are laid where they belong, whatever a session put in the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.sandbox.worker import place


@pytest.fixture
def files(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "box").mkdir()
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_a_file_is_laid_with_its_folders_and_mode(files: int, tmp_path: Path) -> None:
    laying = place.Laying(files, "a/b/c.sh", executable=True)
    laying.add(b"one")
    laying.add(b"two")
    assert laying.close() == ""
    laid = tmp_path / "box/a/b/c.sh"
    assert (laid.read_bytes(), laid.stat().st_mode & 0o777) == (b"onetwo", 0o755)


def test_a_link_in_the_way_is_replaced_or_refused_and_never_followed(
    files: int, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_text("untouched")
    (tmp_path / "box/file").symlink_to(target)
    (tmp_path / "box/folder").symlink_to(tmp_path)
    over = place.Laying(files, "file", executable=False)
    over.add(b"new")
    assert over.close() == ""
    assert place.Laying(files, "folder/target", executable=False).close() == place.UNLAID
    assert target.read_text() == "untouched"
    assert (tmp_path / "box/file").read_text() == "new"
