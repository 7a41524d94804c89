"""Decides what all claims save together: one total, of which overlapping claims have shares.

Rule 1: caching, a cheaper model and batches compete for the same calls: where several hold, a
call takes the cheapest combination, and the saving is what that leaves of its cost.
Rule 2: of several claims that pull the same lever on the same calls only the best counts there.
Rule 3: a claim that stands alone saves of those calls only what the levers leave of their cost,
and the larger of two such claims comes first.
Rule 4: hypotheses have no part in any of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding, Lever
from headgate.audit.groups import (
    BATCH,
    BATCH_PRICE,
    CACHE,
    DOWNSHIFT,
    Group,
    Spend,
    batched,
    groups,
)
from headgate.policy import lattice

LEVERS: tuple[Lever, ...] = ("cache", "downshift", "batch")
"""also the order of the waterfall: what costs nobody anything comes first"""
MOST_CLAIMS = 180
"""more than so many are counted by the largest alone; rules hand over ten or so each"""


@dataclass(frozen=True, slots=True)
class Joint:
    """What the claims of an audit come to."""

    total_nusd: int
    """of all claims"""
    ceiling_nusd: int
    """the same with perfect foresight; never less than the total"""
    shares: dict[Lever, int]
    """the levers' parts of the total (Shapley); under "" those of claims that stand alone"""
    alone: dict[Lever, int]
    """what each lever would save were it the only one: not to be added up"""
    waterfall: tuple[tuple[Lever, int], ...]
    """what each lever adds to those before it"""
    counted: tuple[tuple[Finding, int], ...]
    """every claim, and what it adds to the total"""

    @property
    def overlap_nusd(self) -> int:
        """By how much a sum of the claims would have been too high."""
        return sum(claim.saving_nusd for claim, _ in self.counted) - self.total_nusd

    def reduced(self, claim: Finding) -> str:
        """How much of a claim is already in others, in words; empty: nothing is."""
        counts = next((nusd for it, nusd in self.counted if it is claim), claim.saving_nusd)
        if counts >= claim.saving_nusd:
            return ""
        share = 1 - counts / claim.saving_nusd
        return f"{share:.0%} of it is in what other changes save on the same calls"


class _Ledger:
    """The claims' groups, and what they have saved in them."""

    def __init__(self, claims: Sequence[Finding], found: Sequence[Group], best: bool) -> None:
        self.claims = claims
        self.groups = found
        self.best = best
        self.amounts = [max(it.saving_nusd, it.ceiling_nusd if best else 0) for it in claims]
        self.weights = [
            sum(self._weight(n, it.spend) for it in found if n in it.claims)
            for n in range(len(claims))
        ]

        self.shares = [self._share(n) for n in range(len(claims))]

    def _share(self, number: int) -> float:
        """How much of what batches would save on its calls a claim claims."""
        if self.claims[number].lever != BATCH:
            return 1.0
        there = [it.spend for it in self.groups if number in it.claims]
        most = sum(max(0.0, spend.total - batched(spend)) for spend in there)
        return min(1.0, self.amounts[number] / most) if most > 0 else 0.0

    def _weight(self, number: int, spend: Spend) -> float:
        return spend.paid if self.claims[number].lever == CACHE else spend.total

    def part(self, number: int, spend: Spend) -> float:
        """What a claim saves in one of its groups."""
        weight = self.weights[number]
        return self.amounts[number] * self._weight(number, spend) / weight if weight else 0.0

    def chosen(self, group: Group, lever: Lever) -> int | None:
        """The best claim that pulls a lever there."""
        fit = [n for n in sorted(group.claims) if self.claims[n].lever == lever]
        return max(fit, key=lambda n: self.part(n, group.spend), default=None)

    def ways(self, group: Group) -> dict[frozenset[str], float]:
        """What the group costs with every combination of levers that claims allow."""
        spend = group.spend
        cache, down, batch = (self.chosen(group, lever) for lever in LEVERS)
        cached = max(0.0, spend.paid - self.part(cache, spend)) if cache is not None else 0.0
        found: dict[frozenset[str], float] = {frozenset(): spend.total}
        if cache is not None:
            found[frozenset((CACHE,))] = cached + spend.output
        if batch is not None:
            share = self.shares[batch]
            found[frozenset((BATCH,))] = _partly(spend.total, batched(spend), share)
            if cache is not None and self.best:
                both = cached + spend.output
                found[frozenset((CACHE, BATCH))] = _partly(both, BATCH_PRICE * both, share)
        if down is not None:
            factor = self._factor(down, spend)
            found |= {levers | {DOWNSHIFT}: cost * factor for levers, cost in found.items()}
        return found

    def _factor(self, number: int, spend: Spend) -> float:
        """What a cheaper model leaves of a cost."""
        return max(0.0, 1 - self.part(number, spend) / spend.total) if spend.total else 1.0


def _partly(now: float, then: float, share: float) -> float:
    """A cost of which only that share changes."""
    return now + share * (then - now)


def joint(evidence: Evidence, findings: Iterable[Finding]) -> Joint:
    """What they come to together."""
    claims = [it for it in findings if it.confidence != "hypothesis" and it.saving_nusd > 0]
    claims = sorted(claims, key=lambda it: -it.saving_nusd)[:MOST_CLAIMS]
    found = groups(evidence, claims)
    ledger = _Ledger(claims, found, best=False)
    saved = lattice.savings((ledger.ways(it) for it in found), LEVERS)
    parts = _parts(ledger)
    total = round(sum(parts))
    counted = lattice.whole(parts, total)
    shares: dict[Lever, int] = dict.fromkeys((*LEVERS, ""), 0)
    for claim, nusd in zip(claims, counted, strict=True):
        shares[claim.lever] += nusd
    steps = lattice.waterfall(saved, LEVERS)
    return Joint(
        total,
        max(total, round(sum(_parts(_Ledger(claims, found, best=True))))),
        shares,
        {lever: round(saved[frozenset((lever,))]) for lever in LEVERS},
        tuple((lever, round(step)) for lever, step in zip(LEVERS, steps, strict=True)),
        tuple(zip(claims, counted, strict=True)),
    )


def _parts(ledger: _Ledger) -> list[float]:
    """What every claim adds to the total."""
    parts = [0.0] * len(ledger.claims)
    for group in ledger.groups:
        ways = ledger.ways(group)
        shares = lattice.shapley(lattice.savings([ways], LEVERS), LEVERS)
        for lever in LEVERS:
            number = ledger.chosen(group, lever)
            if number is not None:
                parts[number] += shares[lever]
        spend = group.spend
        left = lattice.cheapest(ways, frozenset(LEVERS))
        for number in sorted(group.claims):  # the largest first, as they were sorted
            if not ledger.claims[number].lever and spend.total > 0:
                taken = min(left, left * ledger.part(number, spend) / spend.total)
                parts[number] += taken
                left -= taken
    return parts
