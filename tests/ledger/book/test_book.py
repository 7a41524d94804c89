"""An open book shows hot and sealed rows together, each once, within its window."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.book.book import open_book, open_files
from headgate.ledger.book.hot import Window
from headgate.ledger.insert import Batch, write
from headgate.ledger.shelf import Folder
from headgate.store.place import Place, connect
from headgate.store.sql import Connection
from tests.ledger.book.pages import MONDAY_US, page
from tests.ledger.rows import entry
from tests.stores import sign_in


def shelved(folder: Path, connection: Connection, name: str, *at_us: int) -> Path:
    """A segment on a shelf, listed in the store."""
    path = f"calls/day=2025-11-10/{name}.parquet"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = [{"id": f"{name}-{at}", "at_us": at} for at in at_us]
    page(folder / path, rows)
    connection.execute(
        "INSERT INTO segment VALUES (?, 20402, 1, 2, 2, 10, ?, ?, ?, '', 0, NULL)",
        (path, min(at_us), max(at_us), b"\0"),
    )
    return folder / path


def hot(connection: Connection, *at_us: int) -> None:
    sign_in(connection, 7)
    rows = [entry(id=f"hot-{at}", at_us=at) for at in at_us]
    write(connection, 7, Batch(1, rows, [], []))


def test_hot_and_sealed_rows_are_one_book(
    tmp_path: Path, store: Place, connection: Connection
) -> None:
    hot(connection, MONDAY_US + 5)
    shelved(tmp_path, connection, "one", MONDAY_US, MONDAY_US + 1)
    with open_book(store, Folder(tmp_path)) as book:
        ids = [row[0] for row in book.rows("SELECT id FROM book ORDER BY at_us")]
        assert book.sources == [""]
    assert ids == [f"one-{MONDAY_US}", f"one-{MONDAY_US + 1}", f"hot-{MONDAY_US + 5}"]


def test_rows_outside_the_window_are_not_in_it_and_files_without_any_are_not_opened(
    tmp_path: Path, store: Place, connection: Connection
) -> None:
    hot(connection, 10, 30)
    shelved(tmp_path, connection, "near", 19, 20)
    shelved(tmp_path, connection, "far", 90).unlink()
    with open_book(store, Folder(tmp_path), Window(10, 20)) as book:
        ids = [row[0] for row in book.rows("SELECT id FROM book ORDER BY 1")]
    assert ids == ["hot-10", "near-19"]


def test_what_is_written_afterwards_is_not_in_it(
    tmp_path: Path, store: Place, connection: Connection
) -> None:
    hot(connection, 10)
    with open_book(store, Folder(tmp_path)) as book:
        with contextlib.closing(connect(store)) as other:
            write(other, 7, Batch(2, [entry(id="later")], [], []))
        assert book.one("SELECT count(*) FROM book") == (1,)


def test_rows_can_be_had_by_the_names_of_their_columns(tmp_path: Path) -> None:
    with open_files([page(tmp_path / "one.parquet", [{"cost_nusd": 5}])]) as book:
        assert book.records("SELECT cost_nusd, source FROM book") == [
            {"cost_nusd": 5, "source": ""}
        ]
        assert book.one("SELECT count(*) FROM book WHERE cost_nusd = ?", [5]) == (1,)


@pytest.mark.parametrize("name", ["it's.parquet", 'a "b" c.parquet', "späť.parquet"])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str) -> None:
    plain = page(tmp_path / "plain.parquet", [{}])
    with open_files([plain.rename(tmp_path / name)]) as book:
        assert book.one("SELECT count(*) FROM book") == (1,)


def test_no_files_are_an_empty_book() -> None:
    with open_files([]) as book:
        assert book.rows("SELECT * FROM book") == []
        assert book.sources == []


def test_a_folder_that_is_called_like_a_column_says_nothing_about_rows(tmp_path: Path) -> None:
    place = tmp_path / "key_id=other" / "calls.parquet"
    place.parent.mkdir()
    with open_files([]) as book:
        book.rows("INSERT INTO hot BY NAME SELECT 'mine' AS key_id, 5 AS at_us")
        book.rows(f"COPY (SELECT * FROM book) TO '{place}' (FORMAT parquet)")  # noqa: S608 - ours
    with open_files([place]) as book:
        assert book.rows("SELECT key_id FROM book") == [("mine",)]
