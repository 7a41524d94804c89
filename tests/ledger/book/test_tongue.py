"""What differs between the engines' SQL is said in one place, for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.book.tongue import CLICKHOUSE, DUCK
from tests.ledger.book.pages import book_of

ODD = ["it's", "back\\slash", "', drop --", "späť"]


@pytest.mark.parametrize("value", ODD)
def test_a_value_is_the_same_when_it_comes_back(tmp_path: Path, value: str) -> None:
    with book_of(tmp_path, []) as book:
        assert book.one(f"SELECT {DUCK.text(value)}") == (value,)


def test_clickhouse_reads_backslashes_and_duckdb_does_not() -> None:
    assert DUCK.text("a\\'") == "'a\\'''"
    assert CLICKHOUSE.text("a\\'") == "'a\\\\\\''"


def test_gaps_are_one_fewer_than_values(tmp_path: Path) -> None:
    with book_of(tmp_path, []) as book:
        found = book.rows(f"SELECT {DUCK.gaps('[1, 4, 9]')}")
    assert found == [(3,), (5,)]
