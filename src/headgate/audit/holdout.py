"""Decides which use of a cache would have been cheaper, chosen by one half of the calls and
claimed by the other.

Rule 1: a policy is chosen on the first half of a caller's time and judged on the second; what
it saves there is claimed for both, in proportion to what the prompts hold, and never more than
it would have saved in both.
Rule 2: what is compared with is what was paid. Where a cache is used already it is the less of
that and of a replay of its use: what else spoils it would not be mended by another policy.
Rule 3: who does as well already, within STAY, is left alone.
Rule 4: what something spoils is compared with what was paid, whatever its marks.
Rule 5: calls of one half only prove nothing: what they show is a hypothesis.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from headgate.audit import rhythm
from headgate.audit.asked import Whose, is_marked, where, whose
from headgate.audit.evidence import Evidence
from headgate.audit.rhythm import Sums
from headgate.policy.replay import POLICIES, Policy

Current = Literal["none", "5m", "1h", "auto"]
"""auto: the vendor caches by itself, and nothing can be chosen"""
USED_SHARE = 0.05
"""a cache that touches less of the tokens is not used"""
STAY = 0.02


class Part(NamedTuple):
    """Heads, or turns, in one half."""

    plain: float
    paid: float
    five: float
    hour: float

    def cost(self, policy: Policy) -> float:
        return {"none": self.plain, "5m": self.five, "1h": self.hour}[policy]

    def now(self, current: Current) -> float:
        """What another policy is compared with."""
        if current in ("none", "auto"):
            return self.paid
        return min(self.paid, self.cost("1h" if current == "1h" else "5m"))

    def choose(self, current: Current) -> Policy:
        """The cheapest policy; the current one where none is clearly cheaper."""
        best = min(POLICIES, key=self.cost)
        stays = current != "auto" and self.cost(best) >= (1 - STAY) * self.now(current)
        return next(it for it in POLICIES if it == current) if stays else best


class Change(NamedTuple):
    """What another policy does about heads, or turns."""

    part: Literal["heads", "turns"]
    policy: Policy
    seen: float
    """what it would have saved in the half it was chosen by"""
    held: float
    """and in the other"""
    scale: float
    """how much more both halves hold than the other; 0: the other is empty"""
    costs: float
    """what heads or turns would have cost with it, in both"""

    @property
    def saving(self) -> float:
        if not self.scale:
            return self.seen
        return min(self.held * self.scale, self.seen + self.held)


class Verdict(NamedTuple):
    """What is right for calls that are judged together."""

    whose: Whose
    where: str
    current: Current
    changes: tuple[Change, ...]
    """the larger first; empty: all is well, or nothing can be chosen"""
    halves: tuple[Sums, Sums]

    @property
    def saving(self) -> float:
        return sum(it.saving for it in self.changes)

    @property
    def held(self) -> float:
        return sum(it.held for it in self.changes)

    @property
    def is_measured(self) -> bool:
        """Was every change judged by calls that it was not chosen by?"""
        return all(it.scale for it in self.changes)

    def total(self, name: str) -> float:
        """A sum over both halves."""
        return float(sum(getattr(it, name) for it in self.halves))

    @property
    def advice(self) -> str:
        """The policies, such as: heads 1h, turns 5m."""
        return ", ".join(f"{it.part} {it.policy}" for it in self.changes)


def verdicts(evidence: Evidence) -> list[Verdict]:
    """Of all units, those with the largest saving first."""
    counted = rhythm.sums(evidence)
    units = whose(evidence)
    found = []
    for unit in units:
        first, second = (counted.get((unit.number, n), Sums(unit.number, n)) for n in (0, 1))
        if first.calls + second.calls == 0:
            continue
        current = _current(unit, first, second)
        changes = _changes("none" if unit.is_spoilt else current, first, second)
        if current == "auto":
            changes = ()
        found.append(Verdict(unit, where(unit, units), current, changes, (first, second)))
    return sorted(found, key=lambda it: (-it.saving, it.whose.number))


def _current(unit: Whose, first: Sums, second: Sums) -> Current:
    got, put, put_1h, tokens = (
        getattr(first, name) + getattr(second, name)
        for name in ("got", "put", "put_1h", "tokens")
    )
    if not is_marked(unit.model):
        return "auto"
    if got + put < USED_SHARE * tokens:
        return "none"
    return "1h" if 2 * put_1h >= put > 0 else "5m"


def _changes(current: Current, first: Sums, second: Sums) -> tuple[Change, ...]:
    found = [
        _change("heads", current, _heads(first), _heads(second)),
        _change("turns", current, _turns(first), _turns(second)),
    ]
    real = [it for it in found if it is not None]
    return tuple(sorted(real, key=lambda it: -it.saving))


def _heads(it: Sums) -> Part:
    return Part(it.head_plain, it.head_paid, it.head_5m, it.head_1h)


def _turns(it: Sums) -> Part:
    return Part(it.turns_plain, it.turns_paid, it.turns_5m, it.turns_1h)


def _change(
    part: Literal["heads", "turns"], current: Current, first: Part, second: Part
) -> Change | None:
    """None: it is best left as it is. Where only the second half has calls, it chooses."""
    chooser = first if first.plain else second
    if not chooser.plain:
        return None
    policy = chooser.choose(current)
    if policy == current:
        return None
    both = first.plain + second.plain
    return Change(
        part,
        policy,
        seen=chooser.now(current) - chooser.cost(policy),
        held=second.now(current) - second.cost(policy) if first.plain else 0.0,
        scale=both / second.plain if first.plain and second.plain else 0.0,
        costs=first.cost(policy) + second.cost(policy),
    )
