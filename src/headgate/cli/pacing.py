"""What the ledger knows of models' times and of who calls, for `headgate decide`.

Rule 1: a model with fewer than ENOUGH calls in that time was not measured.
"""

from __future__ import annotations

from typing import Any

from headgate.cli.openbook import Named, book_since
from headgate.ledger.book.book import Book
from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions.latency import FIRST, SPEED, TOOK
from headgate.money.decision.gateway import Situation
from headgate.money.decision.pace import Times

ENOUGH = 20
LEVELS = {50: 0, 90: 1, 99: 2}
"""where a reply of the latency questions has which of them"""
MANY = 10_000


def measured(last: str, place: Named, level: int) -> dict[str, Times]:
    """The times of every model that was called."""
    with book_since(last, place) as book:
        return times(book, level)


def times(book: Book, level: int) -> dict[str, Times]:
    found: dict[str, dict[str, Any]] = {}
    for question, half, slow in (
        (FIRST, "ttft_p50_s", "ttft_slow_s"),
        (TOOK, "whole_p50_s", "whole_slow_s"),
    ):
        for row in ask(book, question, Cut(limit=MANY)).rows:
            if row.calls >= ENOUGH:
                one = found.setdefault(row.name, {})
                one["calls"] = max(row.calls, one.get("calls", 0))
                one[half] = row.levels[LEVELS[50]] / 1e6
                one[slow] = row.levels[LEVELS[level]] / 1e6
    for row in ask(book, SPEED, Cut(limit=MANY)).rows:
        if row.calls >= ENOUGH and row.name in found:
            found[row.name]["tokens_per_s"] = float(row.levels[LEVELS[50]])
    return {name: Times(**figures) for name, figures in found.items()}


def situation_of(last: str, place: Named, said: Situation) -> Situation:
    """What was said, with what the ledger tells in its place."""
    with book_since(last, place) as book:
        keys, vendors, teams, nusd, calls, failed, first, final = book.one(
            "SELECT count(DISTINCT key_id), count(DISTINCT provider),"
            " greatest(count(DISTINCT team), 1), coalesce(sum(cost_nusd), 0)::BIGINT,"
            " coalesce(sum(calls), 0), coalesce(sum(calls) FILTER (fault <> ''), 0),"
            " coalesce(min(at_us), 0), coalesce(max(at_us), 0) FROM book"
        )
    days = max(1.0, (final - first) / 86_400e6)
    return said._replace(
        keys=keys,
        vendors=vendors,
        teams=teams,
        monthly_nusd=round(nusd / days * 30),
        failing_share=failed / calls if calls else 0.0,
    )
