"""Owns the table of events: each is there once, and is delivered by one process at a time.

Rule 1: whoever moves an event's `due_us` on has the event until then; a process that dies
meanwhile leaves it to the next one.
Rule 2: an event that nobody took within a day is delivered no more, and stays to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.policy.event import KEPT_TRYING_S, Event
from headgate.store.sql import Connection

SECOND = 1_000_000
_COLUMNS = "seq, at_us, kind, subject, once, detail, due_us, delivered_us, attempts, answer"


class Noted(NamedTuple):
    """An event and what became of it."""

    seq: int
    at_us: int
    kind: str
    subject: str
    once: str
    detail: str
    due_us: int | None
    """when it may be delivered next; None: it is done with"""
    delivered_us: int | None
    attempts: int
    answer: str
    """what the receiver last said"""

    @property
    def event(self) -> Event:
        return Event(*self[1:6])


def note(connection: Connection, event: Event) -> bool:
    """Keep an event; False: it was there already."""
    added = connection.execute(
        "INSERT INTO event (at_us, kind, subject, once, detail, due_us)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (once) DO NOTHING",
        (*event, event.at_us),
    )
    return added.rowcount == 1


def claim(
    connection: Connection, kinds: Sequence[str], now_us: int, hold_us: int, most: int
) -> list[Noted]:
    """Take events that are due, for so long; nobody else has them meanwhile."""
    if not kinds:
        return []
    marks = ", ".join("?" * len(kinds))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM event WHERE due_us <= ? AND at_us > ?"  # noqa: S608 - constant text
        f" AND kind IN ({marks}) ORDER BY seq LIMIT ?",
        (now_us, now_us - KEPT_TRYING_S * SECOND, *kinds, most),
    ).fetchall()
    taken = []
    for row in rows:
        found = Noted(*row)
        moved = connection.execute(
            "UPDATE event SET due_us = ?, attempts = attempts + 1 WHERE seq = ? AND due_us = ?",
            (now_us + hold_us, found.seq, found.due_us),
        )
        if moved.rowcount == 1:
            taken.append(found._replace(attempts=found.attempts + 1, due_us=now_us + hold_us))
    return taken


def delivered(connection: Connection, noted: Noted, answer: str, now_us: int) -> None:
    connection.execute(
        "UPDATE event SET delivered_us = ?, due_us = NULL, answer = ? WHERE seq = ?",
        (now_us, answer, noted.seq),
    )


def failed(connection: Connection, noted: Noted, answer: str, due_us: int | None) -> None:
    """It is tried again then; None: never."""
    connection.execute(
        "UPDATE event SET due_us = ?, answer = ? WHERE seq = ? AND delivered_us IS NULL",
        (due_us, answer, noted.seq),
    )


def expire(connection: Connection, now_us: int) -> int:
    """Give up events that are too old to be delivered; how many they were."""
    too_old = (now_us - KEPT_TRYING_S * SECOND,)
    where = "WHERE due_us IS NOT NULL AND at_us <= ?"
    left = connection.execute(f"SELECT 1 FROM event {where} LIMIT 1", too_old)  # noqa: S608 - constant text
    if left.fetchone() is None:  # so that a reader need not wait for a writer's lock
        return 0
    return connection.execute(f"UPDATE event SET due_us = NULL {where}", too_old).rowcount  # noqa: S608 - as above


def last(connection: Connection, rows: int) -> list[Noted]:
    """The newest events, the oldest of them first."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM event ORDER BY seq DESC LIMIT ?",  # noqa: S608 - constant text
        (rows,),
    )
    return [Noted(*row) for row in found.fetchall()][::-1]


def after(connection: Connection, seq: int) -> list[Noted]:
    """Events that were noted later than this one."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM event WHERE seq > ? ORDER BY seq",  # noqa: S608 - constant text
        (seq,),
    )
    return [Noted(*row) for row in found.fetchall()]


def of_kind(connection: Connection, kind: str, since_us: int) -> list[Noted]:
    """Events of one kind since a moment, the oldest first."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM event WHERE kind = ? AND at_us >= ? ORDER BY seq",  # noqa: S608 - constant text
        (kind, since_us),
    )
    return [Noted(*row) for row in found.fetchall()]
