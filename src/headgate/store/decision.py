"""Keeps decisions that may be asked again: the words they were asked in, and what was said."""

from __future__ import annotations

from typing import NamedTuple

from headgate.store.sql import Connection, transaction


class Decision(NamedTuple):
    name: str
    at_us: int
    asked: str
    """the words, as JSON"""
    said: str
    """the choice; empty: nothing fitted"""
    costs: str
    """what each model would have cost a month, in nano-dollars, as JSON"""


_COLUMNS = ", ".join(Decision._fields)


def keep(connection: Connection, it: Decision) -> None:
    """Under its name: one that was there before is replaced."""
    with transaction(connection):
        connection.execute("DELETE FROM decision WHERE name = ?", (it.name,))
        marks = ", ".join("?" * len(it))
        connection.execute(f"INSERT INTO decision ({_COLUMNS}) VALUES ({marks})", tuple(it))  # noqa: S608 - constant text


def every(connection: Connection) -> list[Decision]:
    """The newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM decision ORDER BY at_us DESC, name")  # noqa: S608 - the same
    return [Decision._make(row) for row in rows.fetchall()]
