"""A command opens the book of the last days there are, wherever the rows lie."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from headgate.cli import Trouble, openbook
from headgate.cli.openbook import book_since, source_of
from headgate.ledger import insert
from headgate.ledger.archive.seal import Bound, seal
from headgate.store.place import connect
from tests.ledger.rows import entry

DAY_US = 86_400_000_000


def ledger(folder: Path, *days: int) -> Path:
    place = folder / "headgate.db"
    connection = connect(place)
    first = entry().at_us
    rows = [entry(id=f"r{day}", at_us=first + day * DAY_US) for day in days]
    insert._insert_calls(connection, rows)
    connection.close()
    return place


def test_a_span_counts_back_from_the_newest_call(tmp_path: Path) -> None:
    place = ledger(tmp_path, 0, 9, 10)
    with book_since("2d", (place, None)) as book:
        assert book.rows("SELECT id FROM book ORDER BY id") == [("r10",), ("r9",)]


def test_an_empty_ledger_has_no_newest_call(tmp_path: Path) -> None:
    assert source_of((ledger(tmp_path), None)).newest_us() == 0


def test_a_ledger_that_is_not_there_is_told_with_its_remedy(tmp_path: Path) -> None:
    none = (tmp_path / "none.db", None)
    with pytest.raises(Trouble, match="there is no ledger") as caught, book_since("2d", none):
        pass
    assert "headgate up" in caught.value.hint


def test_a_row_from_the_future_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that jumped once must not make "the last days" days that are not there yet."""
    place = ledger(tmp_path, 0, 1, 40_000)
    first = entry().at_us
    clock = SimpleNamespace(time_ns=lambda: (first + 2 * DAY_US) * 1000)
    monkeypatch.setattr(openbook, "time", clock)
    assert source_of((place, None)).newest_us() == first + DAY_US
    with book_since("12h", (place, None)) as book:
        assert book.rows("SELECT id FROM book ORDER BY id") == [("r1",), ("r40000",)]


def test_a_segment_that_is_damaged_is_told_with_its_remedy(tmp_path: Path) -> None:
    place = ledger(tmp_path, 0, 1)
    source = source_of((place, None))
    seal(place, source.shelf, Bound(2**62, 0), 1)
    damaged = next((tmp_path / "headgate.db-archive").rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(Trouble, match="cannot be read") as caught, source.book():
        pass
    assert "headgate archive verify" in (caught.value.hint or "")
