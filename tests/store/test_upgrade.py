"""A store is upgraded when that is asked for, whichever kind it is."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from headgate.store import schema
from headgate.store.place import Place, connect, connect_bare
from headgate.store.server import Server, read_url
from headgate.store.sql import StoreError
from headgate.store.upgrade import Done, state, upgrade

NEWEST = len(schema.MIGRATIONS)
OLD = Path(__file__).parent / "old" / "shape-1.db"


def test_a_store_that_is_up_to_date_has_nothing_to_be_done(store: Place) -> None:
    connect(store).close()
    found = state(store)
    assert (found.shape, found.newest, found.pending) == (NEWEST, NEWEST, [])
    assert upgrade(store) == Done([], None)


def test_looking_at_what_is_not_there_creates_nothing(tmp_path: Path) -> None:
    found = state(tmp_path / "headgate.db")
    assert (found.shape, len(found.pending)) == (0, NEWEST)
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_says_what_is_pending_and_is_copied_when_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    shutil.copy(OLD, path)
    pending = state(path).pending
    assert len(pending) == NEWEST - 1
    done = upgrade(path)
    assert done.applied == pending
    assert done.copy is not None
    assert state(done.copy).shape == 1
    assert state(path).pending == []


def test_an_empty_database_says_what_is_pending_and_is_filled_when_it_is_done(
    postgres_url: str,
) -> None:
    server = read_url(postgres_url)
    assert state(server).shape == 0
    assert upgrade(server) == Done([each.name for each in schema.MIGRATIONS], None)
    assert state(server).shape == NEWEST


def test_a_newer_store_is_not_touched(server_store: Server, tmp_path: Path) -> None:
    path = tmp_path / "headgate.db"
    with contextlib.closing(connect(path)) as file:
        file.execute("PRAGMA user_version = 99")
    with contextlib.closing(connect_bare(server_store)) as server:
        server.execute("UPDATE meta SET value = 99 WHERE name = 'shape'")
    for place in (path, server_store):
        with pytest.raises(StoreError, match="newer Headgate"):
            state(place)
    with pytest.raises(StoreError, match="newer Headgate"):
        upgrade(path)
    with pytest.raises(StoreError, match="newer Headgate"):
        upgrade(server_store)
