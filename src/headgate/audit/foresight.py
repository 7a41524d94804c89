"""What caching could have saved at most, had somebody known every call in advance.

Rule 1: it is a ceiling, told beside a claim and never added to one.
Rule 2: it is reckoned exactly for the first SAMPLE calls of the second half, so that an audit
ends; the others are taken to fall short of it by the same share.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from headgate.audit import rhythm
from headgate.audit.asked import PARTS, judged
from headgate.audit.evidence import Evidence
from headgate.audit.holdout import Change, Verdict
from headgate.policy.cacheprice import Worth
from headgate.policy.replay import Access, follow, optimum
from headgate.policy.segments import Asked, Segment, segments

SAMPLE = 800
MOST_ACCESSES = 4_000

_ROWS = f"""
SELECT {{head}}, head_tokens, hash(session, agent), session <> '' AS talks, tokens,
  at_us / 1e6, ready_us / 1e6
FROM ({PARTS} WHERE {{where}}) ORDER BY at_us LIMIT {SAMPLE}
"""
_PRICE = (
    "SELECT write_5m, write_1h, read FROM audit_price WHERE who = ? ORDER BY day DESC LIMIT 1"
)


class Ceiling(NamedTuple):
    """What can be saved at most."""

    nusd: float
    calls: int
    """that were replayed"""


def ceiling(evidence: Evidence, verdict: Verdict) -> Ceiling:
    """Of the same heads and turns as the verdict's changes."""
    middle, last = rhythm.middle_us(evidence, verdict.whose.who)
    # Rows lie in the order of time: only as much of it is read as so many calls took.
    calls = verdict.halves[1].calls
    until = last + 1
    if calls > SAMPLE:
        until = middle + 2 * (last - middle) * SAMPLE // calls
    rows = evidence.book.rows(
        _ROWS.format(
            head="0::UBIGINT" if verdict.whose.is_spoilt else "head",
            where=f"{verdict.where} AND at_us >= {middle} AND at_us < {until}"
            f" AND {judged(evidence)}",
        )
    )
    if not rows:
        return Ceiling(verdict.saving, 0)
    worth = Worth(*evidence.book.one(_PRICE, [verdict.whose.who]))
    more = 0.0
    for change in verdict.changes:
        made = _heads(rows) if change.part == "heads" else _turns(rows)
        more += change.costs * (1 - _left(made, change, worth))
    return Ceiling(verdict.saving + more, len(rows))


def _left(requests: Iterable[Asked], change: Change, worth: Worth) -> float:
    """Which share of a policy's costs remains with foresight."""
    static = best = 0.0
    for size, accesses in _within(segments(requests)):
        static += size * follow(accesses, change.policy, worth)
        best += size * optimum(accesses, worth)
    return min(1.0, best / static) if static else 1.0


def _within(found: list[Segment]) -> Iterable[Segment]:
    accesses = 0
    for segment in found:
        accesses += len(segment.accesses)
        if accesses > MOST_ACCESSES:
            return
        yield segment


def _heads(rows: list[tuple[Any, ...]]) -> Iterable[Asked]:
    for head, tokens, _, _, _, at, ready, *_ in rows:
        if tokens:
            yield Asked(Access(at, ready), [(head, tokens)])


def _turns(rows: list[tuple[Any, ...]]) -> Iterable[Asked]:
    """A conversation's prompts, each longer than the one before; a shorter one begins anew."""
    chains: dict[int, list[tuple[int, float]]] = {}
    for turn, (_, head, talk, talks, tokens, at, ready, *_) in enumerate(rows):
        size = tokens - head
        if not talks:
            continue
        chain = chains.get(talk, [])
        if chain and size < chain[-1][1]:
            chain = []
        chains[talk] = [*chain, (turn, size)]
        yield Asked(Access(at, ready), chains[talk])
