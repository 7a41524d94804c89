"""The fourth shape: what is new is empty on a file and on a server alike."""

from __future__ import annotations

from headgate.store.sql import Connection


def test_new_tables_hold_nothing(connection: Connection) -> None:
    for table in ("marked", "keyed", "near", "near_report"):
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == []  # noqa: S608 - names of ours


def test_nobody_has_said_anything_of_prompt_caches_yet(connection: Connection) -> None:
    found = connection.execute("SELECT DISTINCT prompt_cache FROM tenant").fetchall()
    assert [tuple(row) for row in found] == [("",)]
