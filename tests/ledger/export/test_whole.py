"""A file is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.ledger.export.whole import Exists, whole


def test_what_is_written_to_the_end_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    with whole(tmp_path / "a", force=False) as part:
        part.write_text("all")
    assert (tmp_path / "a").read_text() == "all"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("how", [KeyboardInterrupt, ValueError])
def test_what_is_interrupted_leaves_nothing(tmp_path: Path, how: type[BaseException]) -> None:
    def interrupted() -> None:
        with whole(tmp_path / "a", force=False) as part:
            part.write_text("half")
            raise how

    with pytest.raises(how):
        interrupted()
    assert os.listdir(tmp_path) == []


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    with pytest.raises(Exists), whole(file, force=False):
        pass
    assert file.read_text() == "old"
    with whole(file, force=True) as part:
        part.write_text("new")
    assert file.read_text() == "new"


def test_whoever_was_quicker_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a"

    def late() -> None:
        with whole(file, force=False) as part:
            part.write_text("late")
            file.write_text("early")

    with pytest.raises(Exists):
        late()
    assert file.read_text() == "early"
    assert os.listdir(tmp_path) == ["a"]


def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file"), whole(tmp_path / "pipe", force=True):
        pass
    assert (tmp_path / "pipe").is_fifo()
