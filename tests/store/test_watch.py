"""What others change is noticed by a small question, and read as it stood at one moment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.store.place import Place, connect
from headgate.store.server import Server
from headgate.store.sql import Connection, StoreError
from headgate.store.watch import Watch
from tests.servers import Postgres

MORE = "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'"


@pytest.fixture
def watch(store: Place) -> Iterator[Watch[int]]:
    connect(store).close()
    with contextlib.closing(Watch(store, "keys_version", tenants)) as watch:
        yield watch


def tenants(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM tenant").fetchone()[0])


def test_the_first_look_reads_and_the_next_only_after_a_change(
    watch: Watch[int], connection: Connection
) -> None:
    assert watch.look() == 2
    assert watch.look() is None
    connection.execute(MORE)
    assert watch.look() == 2
    assert watch.look() is None


def test_a_change_of_something_else_is_not_read(
    watch: Watch[int], connection: Connection
) -> None:
    watch.look()
    connection.execute("UPDATE meta SET value = 9 WHERE name = 'fingerprint_key'")
    assert watch.look() is None


def test_a_store_without_what_counts_changes_is_a_trouble(
    watch: Watch[int], connection: Connection
) -> None:
    connection.execute("DELETE FROM meta WHERE name = 'keys_version'")
    with pytest.raises(StoreError, match="lost what it counts changes with"):
        watch.look()


def test_a_file_is_made_for_whoever_comes_first(tmp_path: Path) -> None:
    with contextlib.closing(Watch(tmp_path / "new.db", "keys_version", tenants)) as watch:
        assert watch.look() == 2


def test_an_idle_look_is_cheap(watch: Watch[int]) -> None:
    watch.look()
    times = []
    for _ in range(200):
        before = time.perf_counter()
        watch.look()
        times.append(time.perf_counter() - before)
    assert sorted(times)[100] < 0.005


@pytest.mark.slow
def test_a_server_that_was_away_is_looked_at_again(
    server_store: Server, postgres: Postgres
) -> None:
    with contextlib.closing(Watch(server_store, "keys_version", tenants)) as watch:
        assert watch.look() == 2
        postgres.stop()
        for _ in range(2):
            with pytest.raises(StoreError):
                watch.look()
        postgres.start()
        assert watch.look() is None  # nothing changed meanwhile
        with contextlib.closing(connect(server_store)) as connection:
            connection.execute(MORE)
        assert watch.look() == 2
