"""Which shelf a store has: what is named, else the folder beside its file, else none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from headgate.config.model import Archive
from headgate.ledger.archive.opening import open_shelf
from headgate.ledger.shelf import Folder, Nowhere, ShelfError
from headgate.store.server import read_url

SERVER = read_url("postgresql://u:secret@h/d")


def test_a_file_has_a_folder_beside_it_and_no_other_file_has_the_same(tmp_path: Path) -> None:
    one = open_shelf(Archive(), tmp_path / "one.db", {})
    two = open_shelf(Archive(), tmp_path / "two.db", {})
    assert isinstance(one, Folder)
    assert str(one) == str(tmp_path / "one.db-archive")
    assert str(one) != str(two)


def test_a_folder_that_is_named_is_taken(tmp_path: Path) -> None:
    shelf = open_shelf(Archive(path=str(tmp_path / "years")), SERVER, {})
    assert str(shelf) == str(tmp_path / "years")


def test_a_store_on_a_server_has_no_shelf_until_one_is_named() -> None:
    shelf = open_shelf(Archive(), SERVER, {})
    assert isinstance(shelf, Nowhere)
    assert "[archive] path" in shelf.hint


def test_a_bucket_is_opened_without_asking_it_anything(tmp_path: Path) -> None:
    env = {"HEADGATE_HOME": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    shelf = open_shelf(Archive(path="s3://bills/years"), SERVER, env)
    assert str(shelf) == "s3://bills/years"
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_without_its_package_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "headgate.ledger.archive.bucket", raising=False)
    with pytest.raises(ShelfError) as error:
        open_shelf(Archive(path="s3://bills"), SERVER, {})
    assert error.value.hint == "pip install 'headgate[s3]'"
