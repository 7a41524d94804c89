"""The tables of running calls: alike on a server and in their file, and laid once."""

from __future__ import annotations

import contextlib
from pathlib import Path

from headgate.store import shape_flights
from headgate.store.place import Place, connect
from headgate.store.sqlite import connect_beside


def columns(path: Path) -> list[tuple[str, str]]:
    with contextlib.closing(connect_beside(path, "flights.db", 1.0)) as file:
        shape_flights.lay(file)
        shape_flights.lay(file)
        return file.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c"
            " WHERE t.type = 'table' ORDER BY 1, c.cid"
        ).fetchall()


def test_a_server_has_them_and_the_ledgers_file_has_not(store: Place, tmp_path: Path) -> None:
    expected = columns(tmp_path / "headgate.db")
    assert len(expected) == 9
    with contextlib.closing(connect(store)) as connection:
        if isinstance(store, Path):
            found = connection.execute(
                "SELECT 1 FROM sqlite_schema WHERE name LIKE 'flight%'"
            ).fetchall()
            assert found == []
            return
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_name LIKE 'flight%' ORDER BY table_name, ordinal_position"
        ).fetchall()
        logged = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'flight%' AND relkind = 'r'"
            " AND relpersistence <> 'u'"
        ).fetchone()
    assert found == expected
    assert logged == (0,)
