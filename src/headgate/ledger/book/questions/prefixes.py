"""Prefixes: which beginnings of prompts repeat, how far apart, and what caches hold of them.

Rule 1: a prefix is a head, tools and system prompt together, sent to one model.
Rule 2: its tokens are its bytes, by the bytes and tokens of the same calls: nobody has read it.
Rule 3: a gap is the time from one call with it to the next, where one cache can serve both:
with the same model and the same account.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from headgate.ledger.book.columns import HEADS, PER_CALL, TOKENS_IN
from headgate.ledger.book.question import ASKED, SUM_IN, Cut, Question
from headgate.ledger.book.tongue import Tongue

LIVES_S = (300, 1_800, 3_600)
"""how long caches keep a prefix"""
_NEEDS = frozenset((HEADS, PER_CALL))
_KNOWN = f"head <> 0 AND {ASKED}"


class Prefix(NamedTuple):
    head: int
    model: str
    bytes: int
    calls: int
    tokens: int
    """of the prefix alone, in all these calls together"""
    input: int
    """tokens of the whole prompts"""
    read: int
    """of them from caches"""
    reading: int
    """calls that read any"""

    @property
    def name(self) -> str:
        """The first of its hash's digits."""
        return f"{self.head:016x}"[:8]

    @property
    def hit_share(self) -> float:
        return self.reading / self.calls if self.calls else 0.0


def _repeated(tongue: Tongue, cut: Cut, where: str) -> str:
    size = "CASE WHEN sum(request_bytes) > 0 THEN sum(request_bytes) ELSE 1 END"
    size_of_head = tongue.whole("sum(head_bytes)", "count(*)")  # one hash, one size
    part = f"CAST(sum(head_bytes) AS DOUBLE) / ({size})"
    return (
        f"SELECT head, model_sent, {size_of_head}, count(*) AS n,"  # noqa: S608 - texts of ours
        f" CAST(round(({SUM_IN}) * {part}) AS BIGINT) AS tokens,"
        f" {SUM_IN}, sum(cache_read), count(*) FILTER (WHERE cache_read > 0),"
        f" FROM book WHERE {_KNOWN} AND {where} GROUP BY head, model_sent HAVING n > 1"
        f" ORDER BY tokens DESC, head, model_sent LIMIT {cut.limit:d}"
    )


class Cost(NamedTuple):
    """What the prompts with a prefix cost: asked of the few that are shown, because three sums
    of money over all rows take as long as all the rest."""

    head: int
    model: str
    input_nusd: int


def _costs(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue
    return (
        "SELECT head, model_sent,"  # noqa: S608 - texts of ours
        " sum(input_nusd) + sum(cache_read_nusd) + sum(cache_write_nusd) AS cost"
        f" FROM book WHERE {_KNOWN} AND {where} GROUP BY head, model_sent"
        f" ORDER BY cost DESC, head, model_sent LIMIT {cut.limit:d}"
    )


class Gaps(NamedTuple):
    head: int
    """0: all of them together"""
    model: str
    within_5m: int
    within_30m: int
    """longer than five minutes"""
    within_1h: int
    longer: int

    @property
    def all(self) -> int:
        return self.within_5m + self.within_30m + self.within_1h + self.longer


def _gaps(tongue: Tongue, cut: Cut, where: str) -> str:
    # Sorting each prefix's own times takes half as long as a window over all rows.
    times = (
        f"SELECT head, model_sent, {tongue.listed('at_us')} AS times FROM book"  # noqa: S608 - texts of ours
        f" WHERE {_KNOWN} AND {where} GROUP BY head, model_sent, credential"
    )
    each = f"SELECT head, model_sent, {tongue.gaps('times')} AS gap FROM ({times})"  # noqa: S608 - the same
    bounds = [-1, *(life * 1_000_000 for life in LIVES_S), 2**62]
    counts = ", ".join(
        f"count(*) FILTER (WHERE gap > {low} AND gap <= {high})"
        for low, high in pairwise(bounds)
    )
    if cut.by != "head":
        return f"SELECT 0, '', {counts} FROM ({each})"  # noqa: S608 - the same
    return (
        f"SELECT head, model_sent, {counts} FROM ({each}) GROUP BY head, model_sent"  # noqa: S608 - the same
        f" ORDER BY count(*) DESC, head, model_sent LIMIT {cut.limit:d}"
    )


class Told(NamedTuple):
    """How many distinct heads there are, against calls."""

    heads: int
    calls: int
    """whose head is known"""
    unknown: int
    """calls without one, or too short for it to matter"""
    input: int
    read: int


def _distinct(tongue: Tongue, cut: Cut, where: str) -> str:
    del tongue, cut
    seen = "FILTER (WHERE head <> 0)"
    tokens = " + ".join(f"sum({name}) {seen}" for name in TOKENS_IN.split(" + "))
    return (
        f"SELECT count(DISTINCT CASE WHEN head <> 0 THEN head END), count(*) {seen},"  # noqa: S608 - texts of ours
        f" count(*) FILTER (WHERE head = 0), {tokens}, sum(cache_read) {seen}"
        f" FROM book WHERE {ASKED} AND {where}"
    )


REPEATED = Question("prefixes", "Prefixes that repeat", Prefix, _repeated, _NEEDS)
COSTS = Question("prefix_costs", "What prompts with them cost", Cost, _costs, _NEEDS)
GAPS = Question("prefix_gaps", "How long it is till a prefix comes again", Gaps, _gaps, _NEEDS)
DISTINCT = Question("heads", "Distinct system prompts", Told, _distinct, _NEEDS)
