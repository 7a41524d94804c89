"""Segments: named once, by what they hold and whose they are."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path

import pytest

from headgate.ledger.archive import segment
from headgate.ledger.archive.segment import (
    DAY_US,
    Owned,
    day_name,
    digest_in,
    enter,
    live,
    put_rows,
    quoted,
    retire,
    store_in,
    tag_of,
)
from headgate.ledger.book.columns import BOOK
from headgate.ledger.book.duck import open_duck
from headgate.ledger.shelf import Folder
from headgate.store.sql import Connection
from tests.ledger.archive.scenes import NOON

OWNED = Owned("0badcafe", NOON, "i_1")


def test_a_table_of_some_columns_becomes_segments_of_all_with_defaults(tmp_path: Path) -> None:
    with contextlib.closing(open_duck()) as duck:
        duck.execute(
            "CREATE TABLE few AS SELECT 'r' || range AS id, range * 1000 AS at_us, 0 AS seq"
            " FROM range(3)"
        ).fetchall()
        (made,) = put_rows(duck, "few", Folder(tmp_path), OWNED)
        read = f"read_parquet({quoted(tmp_path / made.path)}, hive_partitioning = false)"
        names = [row[0] for row in duck.execute(f"DESCRIBE FROM {read}").fetchall()]
        rows = duck.execute(f"SELECT id, calls, tags, prefix, chain FROM {read}").fetchall()  # noqa: S608 - a path of ours
    assert names == [it.name for it in BOOK]
    assert rows == [(f"r{n}", 1, "", None, []) for n in range(3)]
    assert (made.import_id, made.rows, made.made_us) == ("i_1", 3, NOON)


def test_a_day_of_many_rows_becomes_several_files_that_hold_each_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "ROWS", 400)
    with contextlib.closing(open_duck()) as duck:
        duck.execute(
            "CREATE TABLE many AS SELECT range AS seq, 'x' || range AS id, range % 7 AS at_us"
            " FROM range(1000)"
        ).fetchall()
        made = put_rows(duck, "many", Folder(tmp_path), OWNED)
        found = duck.execute(
            "SELECT count(*), count(DISTINCT id) FROM"  # noqa: S608 - a path of ours
            f" read_parquet({quoted(tmp_path)} || '/calls/*/*.parquet')"
        ).fetchall()
    assert [it.rows for it in made] == [334, 334, 332]
    assert found == [(1000, 1000)]
    assert all(one.last_us <= two.first_us for one, two in pairwise(made))


def test_a_name_tells_whose_it_is_and_what_is_in_it(tmp_path: Path) -> None:
    with contextlib.closing(open_duck()) as duck:
        duck.execute("CREATE TABLE one AS SELECT 5 AS seq, 'x' AS id, 7 AS at_us").fetchall()
        shelf = Folder(tmp_path)
        first, again = (put_rows(duck, "one", shelf, OWNED)[0] for _ in range(2))
    assert first.path != again.path
    assert store_in(first.path) == "0badcafe"
    assert first.digest.startswith(digest_in(first.path))
    assert len(digest_in(first.path)) == 16
    for other in ("calls/day=2026-01-01/mine.parquet", "notes.txt"):
        assert (store_in(other), digest_in(other)) == ("", b"")


def test_every_day_has_a_name_even_those_of_broken_clocks() -> None:
    assert day_name(0) == "1970-01-01"
    assert day_name(20_778) == "2026-11-21"
    assert day_name(2**40) == str(2**40)


def test_two_stores_have_two_tags(connection: Connection) -> None:
    before = tag_of(connection)
    assert before == tag_of(connection)
    connection.execute(
        "UPDATE meta SET secret = ? WHERE name = 'fingerprint_key'", (b"x" * 32,)
    )
    assert tag_of(connection) != before


def test_a_segment_leaves_the_book_once(connection: Connection) -> None:
    day = NOON // DAY_US
    one = segment.Segment("a", day, 1, 2, 2, 9, NOON, NOON + 1, b"d", "", NOON, None)
    enter(connection, [one, one._replace(path="b", import_id="i"), one._replace(path="c")])
    assert [it.path for it in live(connection)] == ["a", "b", "c"]
    assert live(connection)[0] == one
    assert retire(connection, ["a", "c", "unknown"], NOON + 5) == 2
    assert retire(connection, ["a"], NOON + 6) == 0
    assert [it.path for it in live(connection)] == ["b"]
