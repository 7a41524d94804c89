"""Tending: all that is due is done in one go, by one process, and how it went is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.config.model import Archive
from headgate.ledger.archive import tend as tending
from headgate.ledger.archive.chore import last
from headgate.ledger.archive.segment import DAY_US, live
from headgate.ledger.archive.tend import tend, words_of
from headgate.ledger.archive.turn import turn
from headgate.ledger.book.duck import ERRORS
from headgate.ledger.shelf import Nowhere, ShelfError
from headgate.store.place import Place
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON, add, hot, rows_at, seal_each, shelf_in


def test_old_rows_are_sealed_small_segments_joined_and_that_is_kept(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    assert last(connection) is None
    seal_each(connection, store, tmp_path, [NOON - 20 * DAY_US, NOON - 20 * DAY_US + 1])
    add(connection, *rows_at(NOON - 10 * DAY_US, NOON))
    done = tend(store, shelf_in(tmp_path), Archive(), NOON)
    assert done is not None
    assert (done.sealed.rows, done.compacted.segments) == (1, 1)
    assert (len(hot(connection)), len(live(connection))) == (1, 2)
    assert last(connection) == (NOON, NOON, "")


def test_whoever_finds_another_at_it_does_nothing(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    add(connection, *rows_at(NOON - 10 * DAY_US))
    with turn(store, connection):
        assert tend(store, shelf_in(tmp_path), Archive(), NOON) is None
    assert len(hot(connection)) == 1


def test_trouble_is_kept_with_its_remedy_until_it_is_over(
    store: Place, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tend(store, shelf_in(tmp_path), Archive(), NOON)

    def full(*_: object) -> None:
        raise ShelfError("the disk is full", "make room")

    with monkeypatch.context() as patch:
        patch.setattr(tending, "compact", full)
        with pytest.raises(ShelfError):
            tend(store, shelf_in(tmp_path), Archive(), NOON + 1)
    assert last(connection) == (NOON + 1, NOON, "the disk is full; make room")
    tend(store, shelf_in(tmp_path), Archive(), NOON + 2)
    assert last(connection) == (NOON + 2, NOON + 2, "")


def test_a_store_without_a_shelf_keeps_its_rows(store: Place, connection: Connection) -> None:
    add(connection, *rows_at(NOON - 99 * DAY_US))
    done = tend(store, Nowhere("nowhere", "name one"), Archive(), NOON)
    assert done is not None
    assert done.sealed.rows == 0
    assert len(hot(connection)) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ShelfError("no bucket", "make one"), "no bucket; make one"),
        (
            ERRORS[0]("IO Error: No space left on device"),
            "the disk of the archive is full; make",
        ),
        (OSError(28, "No space left on device"), "the disk of the archive is full; make"),
        (
            ERRORS[0]("No magic bytes found\nat all"),
            "cannot be read: No magic bytes found; `head",
        ),
        (OSError(), "OSError"),
    ],
)
def test_trouble_is_a_line_with_its_remedy(error: Exception, words: str) -> None:
    assert words in words_of(error)
    assert "\n" not in words_of(error)
