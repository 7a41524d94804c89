"""All that an audit has to say, in one record: terminal, JSON and page are made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.audit.claims import Claim, Verified
from headgate.audit.run import Audit
from headgate.ledger.book.quick import Quick
from headgate.ledger.reconcile.verdict import Verdict

NOT_ASKED = Verdict(
    "no report",
    None,
    (),
    (),
    ("these are files: `headgate import` them to compare them with a provider's report",),
)
AT_LIST_PRICES = (
    "at list prices; on a subscription, what the same work would have cost by the API"
)
"""what the money of an agent's transcripts means"""
TRANSCRIPTS = ("claude-code", "codex")


class Reading(NamedTuple):
    """What was read of one kind of source that is not the ledger."""

    kind: str
    files: int
    lines: int
    calls: int
    twice: int
    malformed: int
    words: tuple[str, ...]
    """what a reader must know of it"""
    sums: int = 0
    """of `calls`: rows that stand for several"""
    of_sums: int = 0
    """calls that those stand for, as far as the source counts them"""


@dataclass(frozen=True, slots=True)
class Report:
    """One audit, as it is told."""

    audit: Audit
    quick: Quick
    reconciled: Verdict = NOT_ASKED
    readings: tuple[Reading, ...] = ()
    verified: tuple[tuple[Claim, Verified], ...] = ()
    """what came of savings that somebody has acted on"""
    unread: tuple[tuple[str, str], ...] = ()
    """files of the sources that were left out, and why"""
    names: dict[str, str] = field(default_factory=dict)
    """what keys are called, by their id"""
