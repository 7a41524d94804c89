"""Spikes: what each day cost, what pairs of model and endpoint cost, and who or what grew on
one day against the days before it.

Rule 1: a row that stands for more than a day says nothing of a day, and has no part.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.question import DAY_US, Cut, Question
from headgate.ledger.book.tongue import Tongue

GROUPS = {
    "key": "key_id",
    "model": "model_sent",
    "project": "project",
    "prompt": "CAST(head AS VARCHAR)",
}
"""what may have grown"""
_DAILY = f"span_us <= {DAY_US}"


class Day(NamedTuple):
    at_us: int
    calls: int
    cost_nusd: int


def _days(tongue: Tongue, cut: Cut, where: str) -> str:
    del cut
    day = f"{tongue.whole('at_us', DAY_US)} * {DAY_US}"
    return (
        f"SELECT {day} AS began, sum(calls), sum(cost_nusd) FROM book"  # noqa: S608 - texts of ours
        f" WHERE {_DAILY} AND {where} GROUP BY 1 ORDER BY 1"
    )


class Growth(NamedTuple):
    """What one of a group cost on the last day that is meant, and in all days before it."""

    name: str
    cost_nusd: int
    before_nusd: int


def _growth(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    day = cut.until_us - DAY_US
    return (
        f"SELECT {GROUPS[cut.by or 'model']} AS name,"  # noqa: S608 - texts of ours
        f" sum(CASE WHEN at_us >= {day:d} THEN cost_nusd ELSE 0 END) AS cost,"
        f" sum(CASE WHEN at_us < {day:d} THEN cost_nusd ELSE 0 END) AS before"
        f" FROM book WHERE {_DAILY} AND {where} GROUP BY 1"
        f" ORDER BY cost DESC, before, name LIMIT {cut.limit:d}"
    )


class Pair(NamedTuple):
    model: str
    surface: str
    """the endpoint; empty: the source does not tell"""
    calls: int
    cost_nusd: int


def _pairs(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    return (
        "SELECT model_sent, surface, sum(calls), sum(cost_nusd) AS cost FROM book"  # noqa: S608 - texts of ours
        f" WHERE {where} GROUP BY 1, 2 ORDER BY cost DESC, 1, 2 LIMIT {cut.limit:d}"
    )


DAYS = Question("days", "What each day cost", Day, _days)
GROWTH = Question("growth", "What grew on a day", Growth, _growth)
PAIRS = Question("pairs", "What pairs of model and endpoint cost", Pair, _pairs)
