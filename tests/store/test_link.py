"""A connection that is kept follows the store's name, and comes back after an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.store.link import Link
from headgate.store.place import Place, connect


def test_it_is_opened_once_and_anew_when_it_was_dropped(store: Place) -> None:
    connect(store).close()
    link = Link(store)
    first = link.usable()
    assert link.usable() is first
    link.drop()
    assert not link.is_open
    again = link.usable()
    assert again is not first
    assert again.execute("SELECT count(*) FROM tenant").fetchone()[0] >= 1
    link.drop()


def test_another_file_of_that_name_is_the_one_that_is_meant(tmp_path: Path) -> None:
    path, other = tmp_path / "headgate.db", tmp_path / "other.db"
    for each in (path, other):
        connect(each).close()
    link = Link(path)
    first = link.usable()
    other.replace(path)
    assert link.usable() is not first
    link.drop()


def test_a_file_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Link(tmp_path / "headgate.db").usable()
    assert list(tmp_path.iterdir()) == []
