"""A file is written whole, or what was there stays."""

from __future__ import annotations

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
