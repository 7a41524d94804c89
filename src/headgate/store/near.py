"""Owns the tables of what was measured of nearly the same questions, and of its reports.

Rule 1: nothing of a text is in them: ids, likeness, verdicts and worth.
Rule 2: rows are kept for ninety days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from headgate.policy.trust import Report
from headgate.store.sql import Connection, transaction

DAY_US = 86_400_000_000
KEPT_DAYS = 90
TAG = "headgate:near"
"""on the calls that turn questions into numbers"""
SAME = "same"
_SHOWN = 100
"""ids that a report names"""


class Look(NamedTuple):
    """What came of looking for a question near that of a call."""

    at_us: int
    call_id: str
    key_id: str
    route: str
    model: str
    """that turned the questions into numbers"""
    other_id: str = ""
    """the call whose answer would have been given; empty: none was near enough"""
    likeness: int = 0
    """in thousandths"""
    verdict: str = ""
    """same, or what differs first"""
    agreed: int = 0
    """1: both answers say the same"""
    worth_nusd: int = 0
    """what the call has cost, and would have saved"""


class Pair(NamedTuple):
    """Two calls whose questions were taken for the same and whose answers differ."""

    call_id: str
    other_id: str
    likeness: int
    at_us: int


class Measured(NamedTuple):
    """What the rows of a span of time come to, from a likeness on and with one model."""

    calls: int
    candidates: int
    refused: dict[str, int]
    """by what differed"""
    strict: int
    """refused, although the answers agree"""
    verified: int
    agreed: int
    worth_nusd: int
    """what those that agreed would have saved"""
    disagreed: list[Pair]
    """the latest"""
    cost_nusd: int
    """of turning questions into numbers"""
    served: int
    """calls that were answered so"""
    saved_nusd: int
    """and what that saved"""


def add(connection: Connection, looks: Sequence[Look]) -> int:
    """Note them, and forget what is too old; how many they were."""
    marks = ", ".join("?" * len(Look._fields))
    with transaction(connection):
        connection.executemany(
            f"INSERT INTO near ({', '.join(Look._fields)}) VALUES ({marks})"  # noqa: S608 - names of ours
            " ON CONFLICT (at_us, call_id) DO NOTHING",
            looks,
        )
        if looks:
            oldest = max(look.at_us for look in looks) - KEPT_DAYS * DAY_US
            connection.execute("DELETE FROM near WHERE at_us < ?", (oldest,))
    return len(looks)


def measure(connection: Connection, since_us: int, model: str, likeness: int) -> Measured:
    """What was measured since then. A neighbour less alike than that counts as none."""
    here = (since_us, model)
    near = (since_us, model, likeness)
    rows = connection.execute(
        "SELECT verdict, agreed, count(*), sum(worth_nusd) FROM near WHERE at_us >= ?"
        " AND model = ? AND likeness >= ? AND other_id <> '' GROUP BY verdict, agreed",
        near,
    ).fetchall()
    refused: dict[str, int] = {}
    strict = verified = agreed = worth = 0
    for verdict, did_agree, count, cost in rows:
        if verdict != SAME:
            refused[verdict] = refused.get(verdict, 0) + count
            strict += count * did_agree
        else:
            verified += count
            agreed += count * did_agree
            worth += int(cost) * did_agree
    calls = connection.execute(
        "SELECT count(*) FROM near WHERE at_us >= ? AND model = ?", here
    ).fetchone()
    apart = connection.execute(
        "SELECT call_id, other_id, likeness, at_us FROM near WHERE at_us >= ? AND model = ?"
        " AND likeness >= ? AND verdict = 'same' AND agreed = 0 ORDER BY at_us DESC, call_id"
        " LIMIT ?",
        (*near, _SHOWN),
    ).fetchall()
    (cost,) = connection.execute(
        "SELECT coalesce(sum(cost_nusd), 0) FROM call WHERE at_us >= ? AND key_tags = ?",
        (since_us, TAG),
    ).fetchone()
    served, saved = connection.execute(
        "SELECT count(*), coalesce(sum(saved_nusd), 0) FROM call WHERE at_us >= ?"
        " AND answered_from = 'near'",
        (since_us,),
    ).fetchone()
    candidates = verified + sum(refused.values())
    order = sorted(refused, key=lambda why: (-refused[why], why))
    return Measured(
        int(calls[0]),
        candidates,
        {why: refused[why] for why in order},
        strict,
        verified,
        agreed,
        worth,
        [Pair(*row) for row in apart],
        int(cost),
        int(served),
        int(saved),
    )


def file(connection: Connection, report: Report) -> None:
    """Keep a report: from now on it is the last one."""
    connection.execute(
        "INSERT INTO near_report (at_us, since_us, calls, candidates, verified, agreed,"
        " accuracy, low, likeness, model) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        report,
    )


def last(connection: Connection) -> list[Report]:
    """The last report; empty: there is none."""
    rows = connection.execute(
        "SELECT at_us, since_us, calls, candidates, verified, agreed, accuracy, low, likeness,"
        " model FROM near_report ORDER BY at_us DESC LIMIT 1"
    ).fetchall()
    return [Report(*row) for row in rows]
