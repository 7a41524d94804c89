"""Owns the order of an audit: what there is, what each rule finds, one total, the buckets.

Rule 1: hypotheses are kept apart from claims, and are in no sum.
Rule 2: a rule sees only rows whose source can tell what it needs; what it did not see is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from headgate.audit.buckets import Bucket, buckets
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Rule
from headgate.audit.joint import Joint, joint
from headgate.config.model import Purpose
from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import SOURCES


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind."""

    name: str
    """empty: the gateway's own"""
    calls: int
    nusd: int
    first_us: int
    last_us: int
    ceiling_nusd: int
    """of models nobody knows the price of: counted at the ceiling"""
    simulated: int
    """calls that the simulator answered"""
    stated_nusd: int = 0
    """of imported rows without tokens or a listed price: counted at what their source states"""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a rule could not judge, because their source does not tell what it needs."""

    title: str
    source: str
    nusd: int
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found."""

    since_us: int
    until_us: int
    sources: tuple[Source, ...]
    claims: tuple[Finding, ...]
    """the largest first"""
    counted: tuple[tuple[Finding, int], ...]
    """what each claim adds to the one total"""
    hypotheses: tuple[Finding, ...]
    joint: Joint
    buckets: tuple[Bucket, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def nusd(self) -> int:
        return sum(it.nusd for it in self.sources)

    @property
    def calls(self) -> int:
        return sum(it.calls for it in self.sources)

    def adds(self, finding: Finding) -> int:
        """What a claim adds to the one total."""
        return sum(nusd for one, nusd in self.counted if one is finding)


def run(evidence: Evidence, rules: Sequence[Rule], purposes: Sequence[Purpose] = ()) -> Audit:
    """Judge the book by all rules."""
    sources = tuple(sources_of(evidence.book))
    found = [it for rule in rules for it in _judged(evidence, rule)]
    claims = sorted(
        (it for it in found if it.confidence != "hypothesis" and it.saving_nusd > 0),
        key=lambda it: (-it.saving_nusd, it.rule, it.subject),
    )
    guesses = sorted(
        (it for it in found if it.confidence == "hypothesis"),
        key=lambda it: (-it.saving_nusd, it.rule, it.subject),
    )
    evidence.say("what the savings come to together")
    whole = joint(evidence, claims)
    return Audit(
        evidence.since_us,
        evidence.until_us,
        sources,
        tuple(claims),
        tuple(whole.counted),
        tuple(guesses),
        whole,
        tuple(buckets(evidence, purposes, whole.counted)),
        tuple(_left_out(rules, sources)),
    )


def _judged(evidence: Evidence, rule: Rule) -> list[Finding]:
    evidence.say(rule.title)
    return [replace(it, rule=rule.name) for it in rule.judge(evidence)]


def sources_of(book: Book) -> Iterable[Source]:
    """Where the rows come from, the dearest first."""
    rows = book.rows(
        "SELECT source, sum(calls), sum(cost_nusd)::BIGINT, min(at_us), max(at_us),"
        " coalesce(sum(cost_nusd) FILTER (priced_by = 'ceiling'), 0)::BIGINT,"
        " coalesce(sum(calls) FILTER (simulated = 1), 0),"
        " coalesce(sum(cost_nusd) FILTER (priced_by = 'stated'), 0)::BIGINT"
        " FROM book GROUP BY source ORDER BY 3 DESC, 1"
    )
    return [Source(str(row[0]), *map(int, row[1:])) for row in rows]


def _left_out(rules: Sequence[Rule], sources: Sequence[Source]) -> Iterable[LeftOut]:
    for rule in rules:
        for it in sources:
            lacks = rule.needs - SOURCES.get(it.name, frozenset())
            if lacks:
                yield LeftOut(rule.title, it.name, it.nusd, tuple(sorted(lacks)))
