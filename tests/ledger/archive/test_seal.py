"""Sealing: every row is in the store or in a segment, never in both, and stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.config.model import Archive
from headgate.ledger.archive import seal as sealing
from headgate.ledger.archive.seal import Bound, Step, bound_of, seal, waiting
from headgate.ledger.archive.segment import DAY_US, day_name, live
from headgate.ledger.mend import ENTRY
from headgate.ledger.record import Entry
from headgate.store.place import Place
from headgate.store.sql import Connection, StoreError
from tests.ledger.any_rows import entries
from tests.ledger.archive.scenes import (
    ALL,
    NOON,
    add,
    book_of,
    hot,
    rows_at,
    seal_all,
    shelf_in,
)
from tests.stores import empty


def test_old_rows_move_and_young_rows_stay(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    old, young = rows_at(NOON - 9 * DAY_US, NOON - 8 * DAY_US), rows_at(NOON)
    add(connection, *old, *young)
    bound = bound_of(connection, Archive(), NOON)
    assert waiting(connection, bound) == 2
    done = seal(store, shelf_in(tmp_path), bound, NOON)
    assert (done.rows, done.segments) == (2, 2)
    assert hot(connection) == [young[0].id]
    assert book_of(store, tmp_path) == [*old, *young]


def test_a_segment_holds_one_day_sorted_by_time_and_is_listed_with_what_it_holds(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    late, early = NOON + 5, NOON - 5
    add(connection, *rows_at(late, early, NOON - DAY_US))
    seal_all(store, tmp_path)
    yesterday, today = live(connection)
    assert (yesterday.day, today.day) == (19_999, 20_000)
    assert (today.rows, today.first_us, today.last_us) == (2, early, late)
    assert (today.lo, today.hi) == (yesterday.lo - 2, yesterday.lo - 1)
    assert today.path.startswith(f"calls/day={day_name(20_000)}/seg-")
    (file,) = shelf_in(tmp_path).fetch([today.path])
    assert file.stat().st_size == today.size
    assert shelf_in(tmp_path).digest(today.path) == today.digest


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some=st.lists(entries(), min_size=1, max_size=5))
@pytest.mark.slow
def test_any_row_comes_back_as_it_was(
    store: Place, connection: Connection, tmp_path: Path, some: list[Entry]
) -> None:
    empty(connection)
    connection.execute("DELETE FROM segment")
    bounded = [row._replace(at_us=row.at_us % 2**61, id=f"{n}") for n, row in enumerate(some)]
    add(connection, *bounded)
    seal_all(store, tmp_path)
    assert hot(connection) == []
    ordered = sorted(bounded, key=lambda row: (row.at_us, row.id))
    assert book_of(store, tmp_path) == [_absent(row) for row in ordered]


def _absent(row: Entry) -> Entry:
    """What is empty and might be absent is absent in the book."""
    empties: dict[str, Any] = {
        name: None
        for name, column in ENTRY.items()
        if column.optional and not getattr(row, name)
    }
    return row._replace(**empties)


def test_days_are_sealed_whole_where_rows_stay_for_days(
    store: Place, connection: Connection
) -> None:
    assert bound_of(connection, Archive(), NOON).before_us == 19_993 * DAY_US
    hours = bound_of(connection, Archive(keep_hot_s=3_600.0), NOON)
    assert hours.before_us == NOON - 3_600_000_000


def test_when_rows_are_too_many_a_quarter_of_them_is_sealed_whatever_their_age(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    archive = Archive(hot_rows=8)
    add(connection, *rows_at(*range(NOON, NOON + 8)))
    assert bound_of(connection, archive, NOON).through == 0
    add(connection, *rows_at(NOON + 9))
    bound = bound_of(connection, archive, NOON)
    assert waiting(connection, bound) == 3
    seal(store, shelf_in(tmp_path), bound, NOON)
    assert len(hot(connection)) == 6


def test_a_row_from_a_clock_that_was_ahead_keeps_no_other_from_being_sealed(
    store: Place, connection: Connection, tmp_path: Path
) -> None:
    add(connection, *rows_at(NOON + 900 * DAY_US, NOON - 30 * DAY_US))
    assert seal(store, shelf_in(tmp_path), Bound(NOON, 0), NOON).rows == 1
    assert len(hot(connection)) == 1


def test_many_rows_are_sealed_step_by_step_and_each_step_is_told(
    store: Place,
    connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealing, "STEP_ROWS", 4)
    add(connection, *rows_at(*range(NOON, NOON + 10)))
    told: list[int] = []
    done = seal(store, shelf_in(tmp_path), ALL, NOON, told.append)
    assert (told, done.rows, done.segments) == ([4, 4, 2], 10, 3)


def test_a_row_that_somebody_else_sealed_meanwhile_is_there_once(
    store: Place,
    connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = rows_at(NOON, NOON + 1)
    add(connection, *rows)
    commit, quicker = Step._commit, [True]

    def late(step: Step, made: object, where: str) -> None:
        if quicker.pop() if quicker else False:
            seal(store, shelf_in(tmp_path), ALL, NOON)
        commit(step, made, where)  # type: ignore[arg-type]

    monkeypatch.setattr(Step, "_commit", late)
    seal(store, shelf_in(tmp_path), ALL, NOON)
    assert book_of(store, tmp_path) == rows
    listed = {it.path for it in shelf_in(tmp_path).listed()}
    assert listed == {it.path for it in live(connection)}


def test_whoever_is_always_too_late_gives_up_and_loses_nothing(
    store: Place,
    connection: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = rows_at(NOON, NOON + 1)
    add(connection, *rows)

    def raced(*_: object) -> None:
        raise sealing._Raced

    monkeypatch.setattr(Step, "_commit", raced)
    with pytest.raises(StoreError, match="again and again"):
        seal_all(store, tmp_path)
    assert list(shelf_in(tmp_path).listed()) == []
    assert book_of(store, tmp_path) == rows
