"""Health: what the book holds, from where and until when, and which prices it had to guess."""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.columns import TOKENS_IN
from headgate.ledger.book.question import Cut, Question
from headgate.ledger.book.tongue import Tongue


class Extent(NamedTuple):
    """Rows of one source."""

    source: str
    """empty: the gateway"""
    rows: int
    calls: int
    spans: int
    """rows that stand for all calls of a time"""
    first_us: int
    last_us: int
    estimated: int
    """calls whose tokens were estimated, because no usage came"""
    simulated: int
    ceiling_nusd: int
    """of cost_nusd: what was priced at the ceiling, because nobody knows the model's price"""
    cost_nusd: int


def _extent(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue, cut
    return (
        "SELECT source, count(*), sum(calls), count(*) FILTER (WHERE span_us > 0),"  # noqa: S608 - texts of ours
        " min(at_us), max(at_us), sum(CASE WHEN usage_from = 'estimate' THEN calls ELSE 0 END),"
        " sum(CASE WHEN simulated = 1 THEN calls ELSE 0 END),"
        " sum(CASE WHEN priced_by = 'ceiling' THEN cost_nusd ELSE 0 END),"
        f" sum(cost_nusd) AS cost FROM book WHERE {where}"
        " GROUP BY source ORDER BY cost DESC, source"
    )


class Unpriced(NamedTuple):
    provider: str
    model: str
    calls: int
    tokens: int
    """in and out"""
    cost_nusd: int
    """at the ceiling"""
    last_us: int


def _unpriced(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    return (
        "SELECT provider, model_sent, sum(calls) AS n,"  # noqa: S608 - texts of ours
        f" sum({TOKENS_IN} + output) AS tokens, sum(cost_nusd) AS cost, max(at_us) FROM book"
        f" WHERE (priced_by = 'ceiling' OR (priced_by = '' AND {TOKENS_IN} + output > 0"
        f" AND answered_from = '')) AND {where} GROUP BY 1, 2"
        f" ORDER BY cost DESC, tokens DESC, 1, 2 LIMIT {cut.limit:d}"
    )


EXTENT = Question("extent", "What the book holds", Extent, _extent)
UNPRICED = Question("unpriced", "Models whose price nobody knows", Unpriced, _unpriced)
