"""The bill by purpose, before and after the changes that an audit proposes.

Rule 1: the buckets' spend is the bill and what is left after the changes is the bill less the
joint saving, both to the nano-dollar.
Rule 2: what a change saves is taken from the purposes of the calls it is about, in proportion
to what they cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from headgate.audit.about import quoted
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding
from headgate.audit.groups import costs
from headgate.audit.purpose import UNMAPPED, Purpose


class Bucket(NamedTuple):
    """What calls of one purpose cost."""

    name: str
    value: bool | None
    """has it business value; None: nobody has said"""
    calls: int
    spend_nusd: int
    after_nusd: int
    """the same with all changes made"""

    @property
    def saved_nusd(self) -> int:
        return self.spend_nusd - self.after_nusd


def buckets(
    evidence: Evidence, purposes: Sequence[Purpose], parts: Sequence[tuple[Finding, int]]
) -> list[Bucket]:
    """The dearest first, the unmapped rest last.

    `parts`: findings with what each of them saves of the joint total.
    """
    own = evidence.purpose if purposes else quoted(UNMAPPED)
    rows = evidence.book.rows(
        f"SELECT {own} AS purpose, sum(calls)::BIGINT, sum(cost_nusd)::BIGINT FROM book"
        " GROUP BY ALL ORDER BY ALL"
    )
    after = {row[0]: int(row[2]) for row in rows}
    taken = [(finding, nusd) for finding, nusd in parts if nusd > 0]
    # Without a map there is one bucket to take from: nobody need ask whose rows they are.
    weights = (
        costs(evidence, [it for it, _ in taken], own)
        if purposes
        else [dict(after)] * len(taken)
    )
    for (_, nusd), weight in zip(taken, weights, strict=True):
        spread(weight, nusd, after)
    value = {it.purpose: it.valuable for it in purposes if it.valuable is not None}
    found = [
        Bucket(name, value.get(name), int(calls), int(spend), after[name])
        for name, calls, spend in rows
    ]
    return sorted(found, key=lambda it: (it.name == UNMAPPED, -it.spend_nusd, it.name))


def spread(weights: Mapping[str, int], nusd: int, left: dict[str, int]) -> None:
    """Take so much from what is left, in proportion to the weights, and never below nothing."""
    whole = sum(weights.values())
    if not whole:
        weights, whole = dict(left), sum(left.values())
    taken = {name: nusd * weight // whole if whole else 0 for name, weight in weights.items()}
    for name in taken:
        taken[name] = min(taken[name], left[name])
        left[name] -= taken[name]
    rest = nusd - sum(taken.values())
    for name in sorted(left, key=lambda it: (-weights.get(it, 0), -left[it], it)):
        more = min(rest, left[name])
        left[name] -= more
        rest -= more
