"""A process says that it lives, and settles what others left, only when it may judge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.ledger import owner, pulse
from headgate.ledger.insert import Batch, write
from headgate.ledger.pulse import Pulse
from headgate.ledger.record import Intent
from headgate.store.place import Place, connect
from headgate.store.server import Server
from headgate.store.sql import Connection
from tests.ledger.rows import INTENT


class Heart:
    """A pulse that is beaten by hand, and what it told."""

    def __init__(self, place: Place, connection: Connection) -> None:
        self.me, _ = owner.enter(connection, place)
        self.buried = 0
        self.orphans: list[Intent] = []
        self.pulse = Pulse(place, lambda: self.me, self._count, self.orphans.extend)

    def _count(self) -> None:
        self.buried += 1

    def close(self) -> None:
        self.pulse._link.drop()
        self.me.leave()


@pytest.fixture
def heart(store: Place, connection: Connection) -> Iterator[Heart]:
    with contextlib.closing(Heart(store, connection)) as heart:
        yield heart


def kill_another(connection: Connection, place: Place) -> None:
    """A process signs in, sends a call and dies."""
    other, _ = owner.enter(connection, place)
    write(connection, other.n, Batch(1, [], [(1, INTENT)], []))
    connection.execute("UPDATE owner SET alive_us = 0 WHERE n = ?", (other.n,))
    other.leave()


def test_a_beat_renews_and_tells_who_was_taken_for_dead(
    heart: Heart, connection: Connection
) -> None:
    heart.pulse.beat()
    assert heart.buried == 0
    connection.execute("DELETE FROM owner")
    heart.pulse.beat()
    assert heart.buried == 1


def test_the_dead_are_settled_on_a_file_at_once_on_a_server_after_an_unbroken_while(
    heart: Heart, connection: Connection, store: Place
) -> None:
    kill_another(connection, store)
    heart.pulse._unbroken_since = heart.pulse._last_beat = time.monotonic()
    heart.pulse.beat()
    assert heart.orphans == ([INTENT] if isinstance(store, Path) else [])
    heart.pulse._unbroken_since -= owner.DEAD_S + 1
    heart.pulse._bury_at = 0.0
    heart.pulse.beat()
    assert heart.orphans == [INTENT]


def test_a_beat_that_was_missed_begins_the_while_anew(server_store: Server) -> None:
    with contextlib.closing(connect(server_store)) as connection:
        heart = Heart(server_store, connection)
        kill_another(connection, server_store)
        long_ago = time.monotonic() - owner.DEAD_S - 1
        heart.pulse._unbroken_since = heart.pulse._last_beat = long_ago
        heart.pulse.beat()
        assert heart.orphans == []
        heart.close()


def test_a_file_that_is_gone_is_not_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "BURY_S", 0.0)
    path = tmp_path / "headgate.db"
    with contextlib.closing(connect(path)) as connection:
        heart = Heart(path, connection)
        heart.pulse.beat()
        path.rename(tmp_path / "moved.db")
        heart.pulse.beat()
        assert not path.exists()
        heart.close()


def test_the_thread_ends_when_it_is_told_to(store: Place, connection: Connection) -> None:
    heart = Heart(store, connection)
    heart.pulse.start()
    heart.pulse.stop()
    assert not heart.pulse._thread.is_alive()
    heart.close()
