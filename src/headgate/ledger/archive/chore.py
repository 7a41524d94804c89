"""Owns what is kept of work beside the gateway: when it was done, and what went wrong.

Rule 1: trouble stands there until the work went well again.
Rule 2: it needs nothing but the store, so that whoever asks loads no DuckDB.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.store.sql import Connection

CHORE = "archive"
_NOTE = """
INSERT INTO chore (name, at_us, worked_us, trouble) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET at_us = excluded.at_us, trouble = excluded.trouble,
  worked_us = CASE WHEN excluded.trouble = '' THEN excluded.at_us ELSE chore.worked_us END
"""


class Chore(NamedTuple):
    """How work beside the gateway went the last time."""

    at_us: int
    worked_us: int
    """when it last went well; 0: never"""
    trouble: str


def note(connection: Connection, now_us: int, trouble: str, chore: str = CHORE) -> None:
    """Keep how it went."""
    worked_us = 0 if trouble else now_us
    connection.execute(_NOTE, (chore, now_us, worked_us, trouble))


def last(connection: Connection, chore: str = CHORE) -> Chore | None:
    """How it went the last time; None: it was never done."""
    found = connection.execute(
        "SELECT at_us, worked_us, trouble FROM chore WHERE name = ?", (chore,)
    ).fetchone()
    return Chore._make(found) if found is not None else None
