"""What administrators did, in a chain of hashes: each row seals all before it.

Rule 1: a row is written in the transaction of the change it tells of: neither is without the
other, and no row is ever changed or deleted; the database itself refuses that.
Rule 2: a row never holds a secret, nor the operator's own metadata.
Rule 3: the number of rows and the last hash are kept beside the log, so that rows missing from
its end are noticed. Whoever may write the file can forge all of it together: an anchor (count
and head hash), noted outside, tells that too.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from headgate.store.sql import Connection, moment, transaction

NOTHING = bytes(32)
"""the hash before the first row, and the seal before the first head"""
ROWS = "seq, at_us, actor, role, action, subject, detail, hash"


class Actor(NamedTuple):
    """Who does something: a token's name, `oidc:` and an address, or `cli:USER@HOST`."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to what."""

    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log."""

    seq: int
    at_us: int
    actor: str
    role: str
    action: str
    subject: str
    detail: str
    hash: bytes

    def sealed(self, before: bytes) -> bytes:
        """The hash this row must carry after one with that hash."""
        row = [self.seq, self.at_us, self.actor, self.role, self.action, self.subject]
        text = json.dumps([*row, self.detail], separators=(",", ":"))
        return sha256(before + text.encode()).digest()


class Head(NamedTuple):
    """How many rows there are and the hash of the last one: what to note elsewhere."""

    rows: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.rows}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """An anchor as it was printed; ValueError when it is none."""
        rows, _, hash = text.strip().partition(":")
        found = cls(int(rows), bytes.fromhex(hash))
        if found.rows < 0 or len(found.hash) != len(NOTHING):
            raise ValueError(text)
        return found


class Verdict(NamedTuple):
    """What the log is worth: its head, and the first thing that is wrong with it."""

    head: Head
    broken: int = 0
    """the number of the first row that is not as it was written; 0: none"""
    why: str = ""


NOBODY = Actor("a program", "")
_acting: ContextVar[Actor] = ContextVar("acting", default=NOBODY)


@contextlib.contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Whatever is changed within is told of this actor."""
    before = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(before)


def append(connection: Connection, deed: Deed) -> None:
    """Tell of a deed, in the transaction that does it."""
    actor = _acting.get()
    count, hash, seal = connection.execute(
        "UPDATE admin_head SET count = count + 1 WHERE one = 1 RETURNING count, hash, seal"
    ).fetchone()
    detail = json.dumps(deed.detail, separators=(",", ":"), sort_keys=True)
    at_us = time.time_ns() // 1000
    row = Entry(count, at_us, *actor, deed.action, deed.subject, detail, NOTHING)
    new = row.sealed(bytes(hash))
    connection.execute(
        f"INSERT INTO admin_log ({ROWS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant text
        (count, at_us, *actor, deed.action, deed.subject, detail, new),
    )
    connection.execute(
        "UPDATE admin_head SET hash = ?, seal = ? WHERE one = 1",
        (new, _seal(bytes(seal), Head(count, new))),
    )


class Told:
    """What is done in a transaction, to be told when it ends."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    def tell(self, action: str, subject: str, **detail: object) -> None:
        self.deeds.append(Deed(action, subject, detail))


@contextlib.contextmanager
def recorded(connection: Connection) -> Iterator[Told]:
    """A transaction that tells the log what was done in it; one that tells nothing is a bug.

    Administrators' changes are made one after the other, wherever the store lies.
    """
    with transaction(connection):
        # a file has one writer anyway; on a server it is the lock of this row that makes it one
        connection.execute("UPDATE admin_head SET count = count WHERE one = 1")
        told = Told()
        yield told
        assert told.deeds, "every change is told to the log of administrators"
        for deed in told.deeds:
            append(connection, deed)


def tell(connection: Connection, deed: Deed) -> None:
    """Tell of something done that is no change of the store, such as a reload."""
    with recorded(connection) as done:
        done.tell(deed.action, deed.subject, **deed.detail)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for, newest first."""

    since_us: int = 0
    before: int = 0
    """only rows with smaller numbers; 0: from the newest"""
    actor: str = ""
    action: str = ""
    """the whole name of an action, or its beginning up to a dot: key, team, config"""
    limit: int = 100


def entries(connection: Connection, wanted: Wanted) -> list[Entry]:
    """The newest rows that fit."""
    rows = connection.execute(
        f"SELECT {ROWS} FROM admin_log WHERE at_us >= ? AND seq < ?"  # noqa: S608 - constant text
        " AND (? = '' OR actor = ?) AND (? = '' OR action = ? OR action LIKE ?)"
        " ORDER BY seq DESC LIMIT ?",
        (
            wanted.since_us,
            wanted.before or 2**62,
            *(wanted.actor, wanted.actor),
            *(wanted.action, wanted.action, f"{wanted.action}.%"),
            wanted.limit,
        ),
    )
    return [_entry(row) for row in rows]


def verify(connection: Connection, anchor: Head | None = None) -> Verdict:
    """Read the whole chain and find its first fault; an anchor must be one of its links."""
    with moment(connection):
        kept = connection.execute("SELECT count, hash, seal FROM admin_head WHERE one = 1")
        head = kept.fetchone()
        rows = connection.execute(f"SELECT {ROWS} FROM admin_log ORDER BY seq")  # noqa: S608 - constant text
        chain = _Chain(anchor)
        why = next(filter(None, map(chain.fault, map(_entry, rows))), "")
    if why:
        return Verdict(chain.head, chain.head.rows + 1, why)
    return chain.ended(head)


class _Chain:
    """The log as far as it has been read and found whole."""

    def __init__(self, anchor: Head | None) -> None:
        self.head = Head(0, NOTHING)
        self._seal = NOTHING
        self._anchor = anchor
        self._anchored = anchor is None or anchor == self.head

    def fault(self, row: Entry) -> str:
        """What is wrong with the next row; empty: it is the next link."""
        number = self.head.rows + 1
        if row.seq != number:
            why = "is missing" if row.seq > number else f"is numbered {row.seq}"
            return f"row {number} {why}: rows were deleted or put in"
        if row.sealed(self.head.hash) != row.hash:
            return f"row {number} is not what was written there, or not in its place"
        self.head = Head(number, row.hash)
        self._seal = _seal(self._seal, self.head)
        self._anchored = self._anchored or self._anchor == self.head
        return ""

    def ended(self, kept: tuple[int, bytes, bytes] | None) -> Verdict:
        """Is this end the one that was written, and the anchor among the links."""
        head, at = self.head, self.head.rows or 1
        if kept is None:
            return Verdict(head, at, "the count and head hash kept beside the log are gone")
        if (lost := kept[0] - head.rows) != 0:
            what = f"{lost} rows are missing from" if lost > 0 else f"{-lost} rows were put at"
            at = min(kept[0], head.rows) + 1
            return Verdict(head, at, f"{what} its end: {kept[0]} were written")
        if (bytes(kept[1]), bytes(kept[2])) != (head.hash, self._seal):
            why = "the head hash kept beside the log is not that of its last row"
            return Verdict(head, at, why)
        if not self._anchored:
            assert self._anchor is not None, "only an anchor can be missed"
            noted = self._anchor.rows
            why = f"the chain holds together, but is not the one that was noted at row {noted}"
            return Verdict(head, min(noted, head.rows) or 1, why)
        return Verdict(head)


def _entry(row: Any) -> Entry:
    seq, at_us, actor, role, action, subject, detail, hash = row
    return Entry(seq, at_us, actor, role, action, subject, detail, bytes(hash))


def _seal(before: bytes, head: Head) -> bytes:
    return sha256(before + str(head).encode()).digest()
