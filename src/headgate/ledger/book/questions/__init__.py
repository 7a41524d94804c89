"""The named questions: a report, an audit and a dashboard ask the same ones."""

from __future__ import annotations

from typing import Any

from headgate.ledger.book.question import Question
from headgate.ledger.book.questions import (
    failures,
    health,
    hours,
    latency,
    prefixes,
    sessions,
    spend,
    spikes,
    tools,
)

ALL: tuple[Question[Any], ...] = (
    spend.SPEND,
    sessions.TOP,
    sessions.FACTS,
    sessions.SPREAD,
    sessions.HISTOGRAM,
    sessions.TURNS,
    sessions.BEGINNING,
    prefixes.REPEATED,
    prefixes.COSTS,
    prefixes.GAPS,
    prefixes.DISTINCT,
    tools.USING,
    tools.NAMES,
    latency.TOOK,
    latency.FIRST,
    latency.SPEED,
    hours.HOURS,
    spikes.DAYS,
    spikes.GROWTH,
    spikes.PAIRS,
    failures.FAILURES,
    health.EXTENT,
    health.UNPRICED,
)
