"""Recordings are private, bounded in size and age, and gone when they are deleted."""

from __future__ import annotations

import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.store.recordings import ALL, NAME, Recorded, Recordings, Wanted
from headgate.store.sql import StoreError
from headgate.wire.transcript import Answered, Asked, Said

PLENTY = 1 << 30


def one(n: int, text: str = "what was said", **more: object) -> Recorded:
    plain = Recorded(
        id=f"req_{n}",
        at_us=n,
        surface="messages",
        key_id="k_1",
        key="ci",
        tags=("team=a",),
        model_asked="claude-haiku",
        model_sent="claude-haiku-4-5",
        asked=Asked("", (Said("user", text),)),
        answer=Answered("an answer"),
    )
    return replace(plain, **more)


def test_what_is_written_is_found_again_the_newest_first(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / NAME)
    wanted = [one(n) for n in range(5)]
    recordings.write(wanted, PLENTY)
    assert Recordings(tmp_path / NAME).find() == wanted[::-1]
    assert recordings.find(most=2) == [wanted[4], wanted[3]]
    recordings.close()


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(ids=("req_1", "req_9")), ["req_1"]),
        (Wanted(tag="team=*"), ["req_2", "req_1", "req_0"]),
        (Wanted(model="claude-haiku-4-5"), ["req_2", "req_1", "req_0"]),
        (Wanted(model="gpt-*"), ["req_3"]),
        (Wanted(key="ci", since_us=1), ["req_2", "req_1"]),
        (Wanted(before_us=1), ["req_0"]),
        (Wanted(tag="none"), []),
    ],
)
def test_those_that_are_meant_are_found(tmp_path: Path, wanted: Wanted, ids: list[str]) -> None:
    recordings = Recordings(tmp_path / NAME)
    other = one(3, tags=(), key="x", key_id="", model_asked="gpt-5", model_sent="gpt-5-mini")
    recordings.write([one(0), one(1), one(2), other], PLENTY)
    assert [it.id for it in recordings.find(wanted)] == ids
    assert recordings.delete(wanted) == len(ids)
    assert recordings.find(wanted) == []
    assert len(recordings.find(ALL)) == 4 - len(ids)
    recordings.close()


def test_the_file_is_its_users_alone_and_is_not_made_by_looking(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / NAME)
    assert (recordings.find(), recordings.delete(ALL), recordings.tidy(9, 9)) == ([], 0, 0)
    assert not (tmp_path / NAME).exists()
    recordings.write([one(1)], PLENTY)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    recordings.close()


@settings(max_examples=15)
@given(st.lists(st.integers(1, 3000), max_size=12), st.integers(1000, 8000))
def test_the_oldest_go_first_and_no_more_is_held_than_may_be(
    sizes: list[int], most: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recordings = Recordings(Path(folder) / NAME)
        for n, size in enumerate(sizes):
            recordings.write([one(n, "x" * size)], most)
            kept = recordings.find()
            assert sum(len(it.asked.turns[0].text) for it in kept) <= most
            ids = [it.at_us for it in kept]
            assert ids == sorted(ids, reverse=True)
            assert not ids or ids == list(range(ids[0], ids[-1] - 1, -1))
        recordings.close()


def test_what_is_older_goes_and_a_smaller_bound_holds_for_what_is_there(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / NAME)
    recordings.write([one(n, "x" * 1000) for n in range(300)], PLENTY)
    assert recordings.tidy(250, PLENTY) == 250
    assert [it.at_us for it in recordings.find()] == list(range(299, 249, -1))
    assert recordings.tidy(0, 10_000) > 0
    assert 0 < len(recordings.find()) < 10
    recordings.close()


def test_of_what_is_deleted_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / NAME)
    recordings.write([one(1, "unmistakable words"), one(2, "others")], PLENTY)
    assert recordings.delete(Wanted(ids=("req_1",))) == 1
    left = b"".join(it.read_bytes() for it in tmp_path.iterdir())
    assert b"unmistakable" not in left
    assert b"others" in left
    recordings.close()


def test_a_file_that_cannot_be_read_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"no database at all, but somebody's" * 50)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not an SQLite database"):
        Recordings(path).write([one(1)], PLENTY)
    assert path.read_bytes() == before


def test_a_file_of_another_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / NAME
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(StoreError, match="shape 7"):
        Recordings(path).find()


@pytest.mark.parametrize("whole", [False, True])
def test_where_the_file_was_deleted_under_two_writers_both_go_on_in_one_new_one(
    tmp_path: Path, whole: bool
) -> None:
    path = tmp_path / NAME
    writers = [Recordings(path), Recordings(path)]
    for n, it in enumerate(writers):
        it.write([one(n)], PLENTY)
    for beside in ("", "-wal", "-shm") if whole else ("",):
        path.with_name(NAME + beside).unlink()
    for n in range(10, 20):
        writers[n % 2].write([one(n)], PLENTY)
    writers[0].close()
    writers[1].write([one(20)], PLENTY)
    assert [it.at_us for it in Recordings(path).find()] == list(range(20, 9, -1))
    writers[1].close()
