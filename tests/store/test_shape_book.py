"""The tables of the book are made on either store, and take what is written into them."""

from __future__ import annotations

import pytest

from headgate.store.sql import ERRORS, Connection, on_file

TABLES = ("segment", "import", "shipped", "reported", "drift", "decision", "claim")


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_book_is_there_and_empty(connection: Connection, table: str) -> None:
    assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (0,)  # noqa: S608 - names of ours


def test_a_path_is_listed_once(connection: Connection) -> None:
    row = ("calls/day=2025-11-10/seg-1.parquet", 1, 1, 2, 2, 9, 5, 6, b"\x01", "", 7, None)
    text = f"INSERT INTO segment VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - question marks
    connection.execute(text, row)
    with pytest.raises(ERRORS):
        connection.execute(text, row)


def test_a_report_may_leave_out_what_it_does_not_say(connection: Connection) -> None:
    said = "provider, account, day, model, tier, line, input_fresh, fetched_us"
    text = f"INSERT INTO reported ({said}) VALUES ('anthropic', '', 1, 'claude', '', '', 5, 7)"  # noqa: S608 - constant text
    connection.execute(text)
    found = connection.execute("SELECT requests, input_fresh FROM reported").fetchone()
    assert tuple(found) == (None, 5)


def test_a_file_takes_no_value_of_another_kind(connection: Connection) -> None:
    if on_file(connection):
        with pytest.raises(ERRORS):
            connection.execute(
                "INSERT INTO decision VALUES (?, ?, ?, ?)", ("one", "not a time", "{}", "{}")
            )
    else:
        kinds = connection.execute(
            "SELECT data_type FROM information_schema.columns WHERE table_name = 'decision'"
            " AND column_name = 'at_us'"
        ).fetchone()
        assert tuple(kinds) == ("bigint",)
