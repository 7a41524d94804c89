"""Failures: which calls did not end well, how often they were tried, and what was paid for
them.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.columns import TRIES
from headgate.ledger.book.question import ASKED, Cut, Question
from headgate.ledger.book.tongue import Tongue


class Failure(NamedTuple):
    provider: str
    model: str
    what: str
    """the kind of the fault, else how it ended; retried: it went well after all"""
    status: int
    calls: int
    tries: int
    maybe_billed: int
    """tries that may have been billed although no answer arrived"""
    cost_nusd: int
    """of what did not end well; nothing where it went well after all"""


def _sql(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    well = "fault = '' AND ending IN ('', 'complete')"
    what = f"CASE WHEN {well} THEN 'retried' WHEN fault <> '' THEN fault ELSE ending END"
    return (
        f"SELECT provider, model_sent, {what} AS what, status, count(*) AS n, sum(tries),"  # noqa: S608 - texts of ours
        f" sum(maybe_billed), sum(CASE WHEN {well} THEN 0 ELSE cost_nusd END) AS cost"
        f" FROM book WHERE {ASKED} AND (tries > 1 OR maybe_billed > 0 OR NOT ({well}))"
        f" AND {where} GROUP BY 1, 2, 3, 4"
        f" ORDER BY cost DESC, n DESC, what, provider, model_sent, status"
        f" LIMIT {cut.limit:d}"
    )


FAILURES = Question(
    "failures",
    "Calls that failed, and what was paid for them",
    Failure,
    _sql,
    frozenset((TRIES,)),
)
