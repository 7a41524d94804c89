"""The benchmark's rows are what they say, and the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bookrows import DAY_US, DAYS, FIRST_DAY, day_of_rows, lay_rows
from headgate.ledger.book.book import Book, open_files
from headgate.ledger.book.duck import open_duck


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder: Path = tmp_path_factory.mktemp("rows")
    duck = open_duck()
    files = lay_rows(duck, folder, 9_000)
    duck.close()
    with open_files(files) as book:
        yield book


@pytest.mark.slow
def test_every_call_is_there_once_on_one_of_the_days(book: Book) -> None:
    rows, ids, first, last = book.one(
        "SELECT count(*), count(DISTINCT id), min(at_us), max(at_us) FROM book"
    )
    assert rows == ids
    assert 6_000 < rows < 12_000
    assert FIRST_DAY * DAY_US <= first < last < (FIRST_DAY + DAYS) * DAY_US


def test_a_cost_is_the_sum_of_its_lines(book: Book) -> None:
    lines = "input_nusd + cache_read_nusd + cache_write_nusd + output_nusd + search_nusd"
    assert book.one(f"SELECT count(*) FROM book WHERE cost_nusd <> {lines}") == (0,)  # noqa: S608 - constant text


def test_a_chain_covers_as_many_beginnings_as_it_has(book: Book) -> None:
    assert book.one("SELECT count(*) FROM book WHERE len(chain) <> len(cover)") == (0,)


def test_the_same_day_has_the_same_rows() -> None:
    duck = open_duck(threads=1)
    one = duck.execute(f"{day_of_rows(3, 2)} ORDER BY id").fetchall()
    two = duck.execute(f"{day_of_rows(3, 2)} ORDER BY id").fetchall()
    duck.close()
    assert one == two != []
