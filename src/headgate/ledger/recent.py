"""Reads the ledger's newest rows while others write it: what `headgate tail` shows.

Rule 1: rows are followed by seq, which grows in the order of commits, whoever writes them.
Rule 2: each question is one short read, so that the write-ahead log can be emptied between.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.record import COLUMNS, Entry, Intent
from headgate.store.sql import Connection, on_file

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


def last(connection: Connection, count: int, wanted: Wanted = ALL) -> list[Row]:
    """The newest rows, oldest of them first."""
    where, values = _condition(wanted, is_file=on_file(connection))
    rows = connection.execute(
        f"{_SELECT} WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, count)
    )
    return [_row(row) for row in rows][::-1]


def after(connection: Connection, seq: int, wanted: Wanted = ALL) -> list[Row]:
    """Rows committed since the one with that seq, at most MOST of them."""
    where, values = _condition(wanted, is_file=on_file(connection))
    rows = connection.execute(
        f"{_SELECT} WHERE seq > ? AND {where} ORDER BY seq LIMIT ?", (seq, *values, MOST)
    )
    return [_row(row) for row in rows]


def at(connection: Connection, seq: int) -> Row:
    """The row with that seq, which is there."""
    return _row(connection.execute(f"{_SELECT} WHERE seq = ?", (seq,)).fetchone())


def newest(connection: Connection) -> int:
    """The seq of the last row there is."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM call").fetchone()[0])


def unsettled(connection: Connection) -> list[Unsettled]:
    """Calls that were sent and never settled, in the order they began."""
    rows = connection.execute(
        f"SELECT state, {', '.join(Intent._fields)} FROM intent ORDER BY at_us, n"  # noqa: S608 - constant text
    )
    return [Unsettled(row[0], Intent._make(row[1:])) for row in rows]


def _row(row: tuple[object, ...]) -> Row:
    seq, name, *values = row
    return Row(int(str(seq)), str(name), Entry._make(values))


def _condition(wanted: Wanted, *, is_file: bool) -> tuple[str, list[str]]:
    parts, values = ["true"], []
    if wanted.key:
        parts.append('(key_id = ? OR key_id IN (SELECT id FROM "key" WHERE name = ?))')
        values += [wanted.key, wanted.key]
    if wanted.model:
        pattern = wanted.model if "*" in wanted.model else f"*{wanted.model}*"
        like, text = ("GLOB", _glob(pattern)) if is_file else ("LIKE", _like(pattern))
        names = ("model_asked", "model_sent", "model_served")
        parts.append(f"({' OR '.join(f'{name} {like} ?' for name in names)})")
        values += [text] * 3
    if wanted.id:
        parts.append("id = ?")
        values.append(wanted.id)
    if wanted.faults:
        parts.append("(fault != '' OR ending != 'complete')")
    return " AND ".join(parts), values


def _glob(pattern: str) -> str:
    """As SQLite has it, where more than * is special."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _like(pattern: str) -> str:
    """As PostgreSQL has it, where others are."""
    for letter in "\\%_":
        pattern = pattern.replace(letter, "\\" + letter)
    return pattern.replace("*", "%")
