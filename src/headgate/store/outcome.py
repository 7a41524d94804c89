"""Owns the table of keyed calls: of each key, which call has it and what became of that call.

Rule 1: of any number that claim a key at once, in whatever processes, one is told Fresh.
Rule 2: a row is changed by the run that made it and by nobody else: call_id and at_us name it.
Rule 3: a run whose lease is over, or whose process is signed in no more, has an outcome that is
unknown; should it end after all, its word counts unless the key has been claimed anew.
Rule 4: a run that was never sent leaves its key to the next, and hears of it before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from headgate.policy.keyed import State
from headgate.store.sql import Connection, on_file

SWEPT_AT_ONCE = 500
CLOCK_US = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
_ALIVE = "EXISTS (SELECT 1 FROM owner WHERE n = keyed.owner)"
_ALIVE_STATES = (State.WAITING.value, State.RUNNING.value)
_SEEN = f"state, asked, call_id, lease_us, ends_us, reply, {_ALIVE}"


class Claim(NamedTuple):
    """A call that wants to be the one with its key."""

    name: bytes
    asked: bytes
    """what tells its request from others"""
    call_id: str
    owner: int
    """the process, as the ledger knows it"""
    lease_us: int
    """for how long it is taken to run unless it says that it still does"""
    kept_us: int
    """for how long its outcome is remembered"""
    rerun: str = ""
    """the call whose unknown outcome it puts up with"""


class Fresh(NamedTuple):
    """Nobody else has the key: run the call, and say what became of it."""

    at_us: int


class Running(NamedTuple):
    """Another one has it, and runs."""

    call_id: str


class Ended(NamedTuple):
    """Another one had it, and was answered."""

    call_id: str
    reply: bytes


class Unknown(NamedTuple):
    """Another one had it, and nobody can say what became of it."""

    call_id: str
    answered: bool
    """it had an answer, which is not here"""


Found = Fresh | Running | Ended | Unknown | Literal["mismatch"]


class Run(NamedTuple):
    """The one that changes a row."""

    name: bytes
    call_id: str
    at_us: int


def now_us(connection: Connection, own_us: int) -> int:
    """By the server's clock where there is one: there are many machines' clocks."""
    if on_file(connection):
        return own_us
    return int(connection.execute(CLOCK_US).fetchone()[0])


def look(connection: Connection, claim: Claim, now_us: int) -> Found | None:
    """What is known of the key; None: it can be had, for all that is seen without a lock."""
    row = connection.execute(_question(""), (claim.name,)).fetchone()
    return _judge(_Seen(*row), claim, now_us) if row is not None else None


def take(connection: Connection, claim: Claim, now_us: int) -> Found:
    """Take the key if it can be had, in the midst of a transaction."""
    while True:
        added = connection.execute(
            "INSERT INTO keyed (name, state, asked, call_id, owner, lease_us, at_us, ends_us,"
            " reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (name) DO NOTHING",
            _row(claim, now_us),
        )
        if added.rowcount == 1:
            return Fresh(now_us)
        lock = "" if on_file(connection) else " FOR UPDATE"
        row = connection.execute(_question(lock), (claim.name,)).fetchone()
        if row is None:  # it was forgotten in between
            continue
        found = _judge(_Seen(*row), claim, now_us)
        if found is not None:
            return found
        connection.execute("DELETE FROM keyed WHERE name = ?", (claim.name,))


def send(connection: Connection, run: Run) -> bool:
    """From now on it may have run; False: the key is another's, and it must not."""
    sent = connection.execute(
        "UPDATE keyed SET state = ? WHERE name = ? AND call_id = ? AND at_us = ? AND state = ?",
        (State.RUNNING.value, *run, State.WAITING.value),
    )
    return bool(sent.rowcount)


def renew(connection: Connection, runs: Iterable[Run], owner: int, lease_us: int) -> None:
    """These still run, as whoever their process is now, until `lease_us`."""
    connection.executemany(
        "UPDATE keyed SET ends_us = ends_us + (? - lease_us), lease_us = ?, owner = ?"
        " WHERE name = ? AND call_id = ? AND at_us = ? AND state IN (?, ?)",
        [(lease_us, lease_us, owner, *run, *_ALIVE_STATES) for run in runs],
    )


def end(
    connection: Connection, run: Run, state: State, reply: bytes | None, ends_us: int
) -> None:
    """Say what became of a run; absent: its key may be had by another."""
    if state is State.ABSENT:
        connection.execute(
            "DELETE FROM keyed WHERE name = ? AND call_id = ? AND at_us = ?", run
        )
        return
    connection.execute(
        "UPDATE keyed SET state = ?, reply = ?, ends_us = ?"
        " WHERE name = ? AND call_id = ? AND at_us = ?",
        (state.value, reply, ends_us, *run),
    )


def sweep(connection: Connection, now_us: int) -> int:
    """Forget what has been kept long enough; how many rows that were."""
    rows = connection.execute(
        "SELECT name FROM keyed WHERE ends_us <= ? ORDER BY ends_us LIMIT ?",
        (now_us, SWEPT_AT_ONCE),
    ).fetchall()
    for (name,) in rows:
        connection.execute("DELETE FROM keyed WHERE name = ? AND ends_us <= ?", (name, now_us))
    return len(rows)


def _question(lock: str) -> str:
    return f"SELECT {_SEEN} FROM keyed WHERE name = ?{lock}"  # noqa: S608 - constant text


def _row(claim: Claim, now_us: int) -> tuple[object, ...]:
    lease_us = now_us + claim.lease_us
    waiting = State.WAITING.value
    mine = (claim.name, waiting, claim.asked, claim.call_id, claim.owner, lease_us, now_us)
    return (*mine, lease_us + claim.kept_us)


class _Seen(NamedTuple):
    state: str
    asked: bytes
    call_id: str
    lease_us: int
    ends_us: int
    reply: bytes | None
    alive: int


def _judge(seen: _Seen, claim: Claim, now_us: int) -> Found | None:
    """What a row means for a claim; None: it stands in nobody's way."""
    runs = seen.state in _ALIVE_STATES and seen.alive and seen.lease_us > now_us
    if not runs and (seen.ends_us <= now_us or seen.state == State.WAITING):
        return None
    if seen.asked != claim.asked:
        return "mismatch"
    if runs:
        return Running(seen.call_id)
    answered = seen.state == State.DONE
    if answered and seen.reply is not None:
        return Ended(seen.call_id, seen.reply)
    return None if claim.rerun == seen.call_id else Unknown(seen.call_id, answered)
