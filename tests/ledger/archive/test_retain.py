"""Retention: what is too old goes, files later than rows, and nothing of others at all."""

from __future__ import annotations

import os
from pathlib import Path

from headgate.config.model import Archive
from headgate.ledger.archive.compact import compact
from headgate.ledger.archive.retain import GONE_US, ORPHAN_US, Pruned, orphans, prune
from headgate.ledger.archive.segment import DAY_US, enter, live, retire, tag_of
from headgate.policy.event import Event
from headgate.store import event
from headgate.store.place import Place
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON, book_of, seal_each, shelf_in

KEEP_ALL = Archive(keep_events_s=0.0)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "shelf").rglob("*.parquet"))


def test_without_a_limit_no_row_is_ever_removed(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, [NOON])
    assert prune(connection, shelf_in(tmp_path), KEEP_ALL, NOON + 9_000 * DAY_US) == Pruned()
    assert len(live(connection)) == 1


def test_segments_that_are_too_old_leave_the_book_and_their_files_follow_a_day_later(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, [NOON, NOON + 50 * DAY_US])
    archive, shelf = Archive(keep_s=30 * 86_400.0), shelf_in(tmp_path)
    now = NOON + 60 * DAY_US
    assert prune(connection, shelf, archive, now).expired == 1
    assert [it.first_us for it in live(connection)] == [NOON + 50 * DAY_US]
    assert len(files(tmp_path)) == 2
    assert prune(connection, shelf, archive, now + GONE_US + 1).files == 1
    assert len(files(tmp_path)) == 1
    assert connection.execute("SELECT count(*) FROM segment").fetchone() == (1,)


def test_a_file_that_is_gone_already_is_forgotten_all_the_same(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, [NOON])
    retire(connection, [live(connection)[0].path], NOON)
    files(tmp_path)[0].unlink()
    assert prune(connection, shelf_in(tmp_path), KEEP_ALL, NOON + GONE_US + 1).files == 1


def test_a_file_that_nobody_lists_goes_after_a_week_and_one_of_another_store_never(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, [NOON])
    (path,) = [it.path for it in live(connection)]
    shelf, tag = shelf_in(tmp_path), tag_of(connection)
    for name in (
        path.replace("-1-1-", "-5-5-"),
        path.replace(tag, "00000000"),
        "notes.parquet",
    ):
        file = shelf.root / name
        file.write_bytes(b"x")
        os.utime(file, (NOON / 1e6, NOON / 1e6))
    left = shelf.staging() / f"{tag}-1-abc.part"
    left.write_bytes(b"x")
    os.utime(left, (NOON / 1e6, NOON / 1e6))
    assert len(orphans(connection, shelf, NOON + 1)) == 1
    assert prune(connection, shelf, KEEP_ALL, NOON + ORPHAN_US - 1).orphans == 0
    assert prune(connection, shelf, KEEP_ALL, NOON + ORPHAN_US + 1).orphans == 2
    assert len(files(tmp_path)) == 3


def test_events_go_when_they_are_old_and_nobody_waits_for_them(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    for n, age in enumerate((400, 400, 1)):
        at_us = NOON - age * DAY_US
        event.note(connection, Event(at_us, "key_created", "k", f"once{n}", "{}"))
    connection.execute("UPDATE event SET due_us = NULL WHERE once <> 'once0'")
    assert prune(connection, shelf_in(tmp_path), Archive(), NOON).events == 1
    left = connection.execute("SELECT once FROM event ORDER BY seq").fetchall()
    assert [row[0] for row in left] == ["once0", "once2"]


def test_the_buried_are_forgotten_after_three_months(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    for n, age in enumerate((100, 5)):
        connection.execute(
            "INSERT INTO buried (n, lock, batch, at_us) VALUES (?, 'x', 1, ?)",
            (n + 1, NOON - age * DAY_US),
        )
    assert prune(connection, shelf_in(tmp_path), KEEP_ALL, NOON).buried == 1
    assert connection.execute("SELECT n FROM buried").fetchall() == [(2,)]


def test_while_a_listed_file_is_missing_none_that_may_hold_its_rows_goes(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    """As when the store is put back from a copy that is older than its segments."""
    seal_each(connection, store, tmp_path, [NOON, NOON + 1])
    shelf, before = shelf_in(tmp_path), live(connection)
    assert compact(store, shelf, NOON + 5 * DAY_US).segments == 1
    joined = live(connection)
    assert prune(connection, shelf, KEEP_ALL, NOON + 7 * DAY_US).files == 2
    connection.execute("DELETE FROM segment")
    enter(connection, before)
    late = NOON + 9_000 * DAY_US
    assert prune(connection, shelf, KEEP_ALL, late).orphans == 0
    assert len(files(tmp_path)) == 1
    connection.execute("DELETE FROM segment")
    enter(connection, joined)
    assert len(book_of(store, tmp_path)) == 2
