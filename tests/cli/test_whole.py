"""A file is written whole, or what was there stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from headgate.cli import Trouble
from headgate.cli.whole import write_whole


def test_what_was_there_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    write_whole(file, "new", "--html FILE")
    assert file.read_text() == "new"
    assert [it.name for it in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_that_is_not_there_is_told_with_the_option(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="cannot be written") as caught:
        write_whole(tmp_path / "no" / "report.html", "new", "--html FILE")
    assert caught.value.hint == "name another: --html FILE"


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800", "--html FILE")
    assert file.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "new", "--html FILE")
        assert os.read(reader, 9) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(Trouble, match="cannot be written"):
        write_whole(tmp_path, "new", "--html FILE")


def test_where_nothing_can_be_written_it_is_told_and_not_what_could_not_be_tidied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(Trouble, match="Read-only file system"):
        write_whole(tmp_path / "page.html", "new", "--html FILE")
