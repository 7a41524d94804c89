"""A row of the book is a row of the ledger and what was added to it; old files still fit."""

from __future__ import annotations

from pathlib import Path

from headgate.ledger.book.book import open_files
from headgate.ledger.book.columns import ADDED, BOOK, HOT, SOURCES, TOKENS_IN
from headgate.ledger.book.duck import open_duck
from headgate.ledger.record import COLUMNS
from tests.ledger.book.pages import page


def test_every_column_of_the_ledger_is_in_the_book_in_its_order() -> None:
    assert [it.name for it in HOT] == ["seq", *COLUMNS]
    assert (*HOT, *ADDED) == BOOK
    assert len({it.name for it in BOOK}) == len(BOOK)


def test_every_default_is_a_value_of_its_kind() -> None:
    duck = open_duck()
    for it in BOOK:
        duck.execute(f"SELECT CAST({it.default} AS {it.kind})").fetchall()
    duck.close()


def test_all_classes_of_input_are_in_the_sum_once() -> None:
    classes = [name for name in COLUMNS if name.startswith(("cache_read", "cache_write_"))]
    tokens = [name for name in classes if not name.endswith("_nusd")]
    assert sorted(TOKENS_IN.split(" + ")) == sorted(["input_fresh", *tokens])


def test_the_gateway_s_own_rows_tell_everything() -> None:
    assert all(knows <= SOURCES[""] for knows in SOURCES.values())


def test_a_file_that_was_sealed_before_a_column_was_added_reads_as_its_default(
    tmp_path: Path,
) -> None:
    new = page(tmp_path / "new.parquet", [{"head": 9}])
    old = tmp_path / "old.parquet"
    duck = open_duck()
    duck.execute(
        f"COPY (SELECT * EXCLUDE (head, calls, project) FROM '{new}') TO '{old}'"  # noqa: S608 - paths of ours
    ).fetchall()
    duck.close()
    with open_files([old, new]) as book:
        found = book.rows("SELECT head, calls, project FROM book ORDER BY head")
    assert found == [(0, 1, ""), (9, 1, "")]
