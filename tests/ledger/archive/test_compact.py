"""Compaction: fewer files, the same rows, and old files stay for whoever still reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.archive import compact as compacting
from headgate.ledger.archive.compact import MANY, compact, groups
from headgate.ledger.archive.segment import DAY_US, ROWS, Segment, enter, gone, live, retire
from headgate.store.place import Place
from headgate.store.sql import Connection, StoreError
from tests.ledger.archive.scenes import NOON, add, book_of, rows_at, seal_each, shelf_in

LATER = NOON + 5 * DAY_US


def segment(n: int, rows: int = 10, day: int = 20_000, import_id: str = "") -> Segment:
    at = day * DAY_US + n
    return Segment(f"{day}-{n}", day, 1, 2, rows, 9, at, at, b"", import_id, 1, None)


def sizes(segments: list[Segment], now_us: int = LATER) -> list[int]:
    return [len(group) for group in groups(segments, now_us)]


def test_small_segments_of_a_day_become_one_with_the_same_rows(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, range(NOON, NOON + 4))
    add(connection, *rows_at(NOON + 9))
    before, old = book_of(store, tmp_path), live(connection)
    told: list[int] = []
    done = compact(store, shelf_in(tmp_path), LATER, told.append)
    assert (done.rows, done.segments, told) == (4, 1, [4])
    (new,) = live(connection)
    assert (new.rows, new.lo, new.hi) == (4, old[0].lo, old[-1].hi)
    assert book_of(store, tmp_path) == before
    assert {it.path for it in gone(connection, LATER + 1)} == {it.path for it in old}
    assert shelf_in(tmp_path).fetch([it.path for it in old])  # a reader may hold the list


def test_a_day_that_still_grows_is_left_alone_until_it_has_many() -> None:
    day = [segment(n) for n in range(MANY - 1)]
    assert sizes(day, now_us=20_000 * DAY_US) == []
    assert sizes([*day, segment(MANY)], now_us=20_000 * DAY_US) == [MANY]


def test_large_segments_are_never_written_again() -> None:
    assert sizes([segment(1, ROWS), segment(2, ROWS // 2), segment(3)]) == []


def test_what_does_not_fit_into_one_file_becomes_several() -> None:
    fifth = ROWS // 5
    assert sizes([segment(n, fifth) for n in range(8)]) == [5, 3]


def test_days_and_imports_are_kept_apart() -> None:
    mixed = [segment(n, day=day) for n in range(2) for day in (20_000, 20_001)]
    mixed += [segment(n, import_id="i1") for n in (5, 6)]
    assert sizes(mixed) == [2, 2, 2]


def test_a_segment_that_left_the_book_meanwhile_comes_not_back(
    store: Place,
    connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seal_each(connection, store, tmp_path, range(NOON, NOON + 3))
    commit = compacting._commit

    def late(*words: object) -> None:
        retire(connection, [live(connection)[0].path], LATER)
        commit(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(compacting, "_commit", late)
    assert compact(store, shelf_in(tmp_path), LATER).segments == 0
    assert [it.rows for it in live(connection)] == [1, 1]
    assert len(list(shelf_in(tmp_path).listed())) == 3


def test_a_segment_that_lost_rows_is_not_made_part_of_another(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    seal_each(connection, store, tmp_path, range(NOON, NOON + 2))
    first = live(connection)[0]
    connection.execute("DELETE FROM segment WHERE path = ?", (first.path,))
    enter(connection, [first._replace(rows=7)])
    with pytest.raises(StoreError, match="do not hold the rows they should"):
        compact(store, shelf_in(tmp_path), LATER)
    assert len(list(shelf_in(tmp_path).listed())) == 2
