"""Reads the ledger's newest rows while others write it: what `headgate tail` shows.

Rule 1: rows are followed by seq, which grows in the order of commits, whoever writes them.
Rule 2: each question is one short read, so that the write-ahead log can be emptied between.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from headgate.ledger.record import COLUMNS, Entry, Intent

MOST = 1_000
"""Rows per question; the next question goes on from there."""


class Row(NamedTuple):
    """One call as it stands in the ledger."""

    seq: int
    key_name: str
    """empty: a call without a key, or with one that is no longer known"""
    entry: Entry


class Wanted(NamedTuple):
    """Which rows are asked for; empty or false: all."""

    key: str = ""
    """a key's id or name"""
    model: str = ""
    """part of a model's name, or a pattern such as claude-*"""
    id: str = ""
    """one call's id: ours, or the caller's X-Request-ID"""
    faults: bool = False
    """only calls with a fault, or whose reply did not end complete"""


ALL = Wanted()


class Unsettled(NamedTuple):
    """A call whose outcome is not in the ledger."""

    state: str
    """open: its gateway may still be at work on it; orphaned: that process is dead"""
    intent: Intent


_NAME = """coalesce((SELECT name FROM "key" WHERE "key".id = call.key_id), '')"""
_SELECT = f"SELECT seq, {_NAME}, {', '.join(COLUMNS)} FROM call"  # noqa: S608 - constant text


def last(connection: sqlite3.Connection, count: int, wanted: Wanted = ALL) -> list[Row]:
    """The newest rows, oldest of them first."""
    where, values = _condition(wanted)
    rows = connection.execute(
        f"{_SELECT} WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, count)
    )
    return [_row(row) for row in rows][::-1]


def after(connection: sqlite3.Connection, seq: int, wanted: Wanted = ALL) -> list[Row]:
    """Rows committed since the one with that seq, at most MOST of them."""
    where, values = _condition(wanted)
    rows = connection.execute(
        f"{_SELECT} WHERE seq > ? AND {where} ORDER BY seq LIMIT ?", (seq, *values, MOST)
    )
    return [_row(row) for row in rows]


def newest(connection: sqlite3.Connection) -> int:
    """The seq of the last row there is."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM call").fetchone()[0])


def unsettled(connection: sqlite3.Connection) -> list[Unsettled]:
    """Calls that were sent and never settled, in the order they began."""
    rows = connection.execute(
        f"SELECT state, {', '.join(Intent._fields)} FROM intent ORDER BY at_us, n"  # noqa: S608 - constant text
    )
    return [Unsettled(row[0], Intent._make(row[1:])) for row in rows]


def _row(row: tuple[object, ...]) -> Row:
    seq, name, *values = row
    return Row(int(str(seq)), str(name), Entry._make(values))


def _condition(wanted: Wanted) -> tuple[str, list[str]]:
    parts, values = ["true"], []
    if wanted.key:
        parts.append('(key_id = ? OR key_id IN (SELECT id FROM "key" WHERE name = ?))')
        values += [wanted.key, wanted.key]
    if wanted.model:
        pattern = wanted.model if "*" in wanted.model else f"*{_literal(wanted.model)}*"
        parts.append("(model_asked GLOB ? OR model_sent GLOB ? OR model_served GLOB ?)")
        values += [pattern] * 3
    if wanted.id:
        parts.append("id = ?")
        values.append(wanted.id)
    if wanted.faults:
        parts.append("(fault != '' OR ending != 'complete')")
    return " AND ".join(parts), values


def _literal(text: str) -> str:
    return text.replace("[", "[[]").replace("?", "[?]")
