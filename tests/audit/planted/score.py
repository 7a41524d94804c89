"""Lays out ledgers with planted waste, audits them, and counts what was found rightly.

Rule 1: a claim is right if its rows are of a key on which that waste was planted; a hypothesis
counts only for rules that never claim.
Rule 2: what can be saved is the bill of what was sent less the bill of what a changed caller
would have sent, both simulated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from headgate.audit.finding import Finding, Rule
from headgate.audit.joint import joint
from tests.audit.ledgers import evidence_of
from tests.audit.planted.healthy import HEALTHY, MORE_WASTES
from tests.audit.planted.plants import WASTES, Ground, Plant
from tests.audit.planted.traffic import bill, rows

TOLD = ("daily_spike",)
"""rules that never claim"""
SHARE = 0.3
"""of the kinds of waste, in each ledger"""
_KEYS = "SELECT DISTINCT key_id FROM book WHERE "
WELL = 6
"""healthy keys beside them"""


class Ledger(NamedTuple):
    """A ledger, and what is known of it."""

    seed: int
    rows: list[dict[str, Any]]
    planted: tuple[Plant, ...]
    realisable_nusd: int
    bill_nusd: int


@dataclass(slots=True)
class Score:
    """What audits of some ledgers came to."""

    told: Counter[str] = field(default_factory=Counter)
    """claims"""
    right: Counter[str] = field(default_factory=Counter)
    """and those that are about waste which was planted"""
    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    ratios: list[float] = field(default_factory=list)
    """claimed of what could be saved, of every ledger"""
    claimed_nusd: int = 0
    realisable_nusd: int = 0
    bill_nusd: int = 0
    notes: list[str] = field(default_factory=list)
    """what was wrong or missed"""

    def precision(self, rule: str) -> float:
        return self.right[rule] / self.told[rule] if self.told[rule] else 1.0

    def recall(self, rule: str) -> float:
        return self.found[rule] / self.planted[rule] if self.planted[rule] else 1.0

    @property
    def share(self) -> float:
        """Claimed of what could be saved, in all ledgers together."""
        return self.claimed_nusd / self.realisable_nusd if self.realisable_nusd else 1.0

    @property
    def rules(self) -> list[str]:
        return sorted({*self.told, *self.planted})

    def add(self, other: Score) -> None:
        for name in ("told", "right", "planted", "found"):
            getattr(self, name).update(getattr(other, name))
        self.ratios += other.ratios
        self.notes += other.notes
        self.claimed_nusd += other.claimed_nusd
        self.realisable_nusd += other.realisable_nusd
        self.bill_nusd += other.bill_nusd


def ledger(seed: int) -> Ledger:
    """The ledger of a seed: some wastes, and healthy traffic that looks like others."""
    ground = Ground(seed)
    every = {**WASTES, **MORE_WASTES}
    kinds = [name for name in every if ground.dice.random() < SHARE]
    kinds = kinds or [ground.dice.choice([*every])]
    well = ground.dice.sample([*HEALTHY], WELL)
    made = [every[name](ground, f"k_{name}") for name in kinds]
    made += [HEALTHY[name](ground, f"k_{name}") for name in well]
    asks = [it for one in made for it in one.asks]
    sent = rows(asks)
    before = sum(row["cost_nusd"] for row in sent)
    after = bill(it for one in made for it in one.changed)
    return Ledger(seed, sent, tuple(made), before - after, before)


def score(one: Ledger, rules: Sequence[Rule]) -> Score:
    """Audit a ledger, and compare with what is known of it."""
    with evidence_of(one.rows, **_more(one)) as evidence:
        found = [replace(it, rule=rule.name) for rule in rules for it in rule.judge(evidence)]
        told = [it for it in found if it.confidence != "hypothesis" or it.rule in TOLD]
        total = joint(evidence, found).total_nusd
        keys = [{key for (key,) in evidence.book.rows(_KEYS + _rows(it))} for it in told]
    whole = Score(
        claimed_nusd=total, realisable_nusd=one.realisable_nusd, bill_nusd=one.bill_nusd
    )
    if one.realisable_nusd:
        whole.ratios.append(total / one.realisable_nusd)
    known = {rule.name for rule in rules}
    wanted = {(rule, it.key) for it in one.planted for rule in it.rules if rule in known}
    seen = set()
    for finding, whose in zip(told, keys, strict=True):
        hits = {(finding.rule, key) for key in whose} & wanted
        whole.told[finding.rule] += 1
        whole.right[finding.rule] += bool(hits)
        seen |= hits
        if not hits:
            whole.notes.append(
                f"seed {one.seed}: {finding.rule} about {finding.subject} is wrong:"
                f" {finding.what}"
            )
    for rule, key in sorted(wanted):
        whole.planted[rule] += 1
        whole.found[rule] += (rule, key) in seen
        if (rule, key) not in seen:
            whole.notes.append(f"seed {one.seed}: {rule} about {key} was missed")
    return whole


def _rows(finding: Finding) -> str:
    """Where a fee stands in no row: the calls that it is paid for."""
    return finding.scope if finding.where == "FALSE" else finding.where


def _more(one: Ledger) -> dict[str, Any]:
    """What the auditor is told beside the rows."""
    told: dict[str, Any] = {}
    for it in one.planted:
        for name, values in (it.more or {}).items():
            told[name] = (*told.get(name, ()), *values)
    return told
