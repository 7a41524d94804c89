"""How limits and budgets are stored with a key, a team or an organisation: JSON of what is set.

Rule 1: what is not set is not written, so that a later default reaches it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from headgate.policy.cap import NO_CAPS, PERIODS, WARN_AT, Budget, Caps, Kind, Limits, Period

PLAIN = "{}"
TAKEN = 0
"""the amount of a limit or budget that is taken away"""


@dataclass(frozen=True, slots=True)
class CapChanges:
    """New values for some limits and budgets; what is not named stays as it is."""

    limits: tuple[tuple[str, int], ...] = ()
    budgets: tuple[tuple[Period, int], ...] = ()
    """(period, nano-dollars)"""
    kind: Kind | None = None
    """of the budgets named here, or of all where none is"""
    lower_output: bool | None = None
    warn_at: tuple[float, ...] | None = None
    no_limits: bool = False
    """first take all of them away"""
    no_budgets: bool = False

    def of(self, caps: Caps) -> Caps:
        """The caps with these changes."""
        if self.no_limits:
            caps = caps._replace(limits=NO_CAPS.limits)
        if self.no_budgets:
            caps = caps._replace(
                budgets=(), lower_output=NO_CAPS.lower_output, warn_at=NO_CAPS.warn_at
            )
        return Caps(
            caps.limits._replace(**dict(self.limits)),
            self._budgets(caps.budgets),
            caps.lower_output if self.lower_output is None else self.lower_output,
            caps.warn_at if self.warn_at is None else self.warn_at,
        )

    def _budgets(self, before: tuple[Budget, ...]) -> tuple[Budget, ...]:
        found = {budget.period: budget for budget in before}
        for period, nusd in self.budgets:
            old = found.get(period)
            found[period] = Budget(nusd, period, self.kind or (old.kind if old else "hard"))
        if self.kind is not None and not self.budgets:
            found = {period: it._replace(kind=self.kind) for period, it in found.items()}
        return tuple(found[it] for it in PERIODS if it in found and found[it].nusd != TAKEN)

    def told(self) -> dict[str, Any]:
        """What is changed, for the log of administrators."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value not in ((), None, False)}


def stored(caps: Caps) -> str:
    """As the column holds it."""
    return PLAIN if caps == NO_CAPS else json.dumps(facts(caps))


def facts(caps: Caps) -> dict[str, Any]:
    """What is set, as people and programs read it."""
    found: dict[str, Any] = {}
    limits = {name: value for name, value in caps.limits._asdict().items() if value}
    if limits:
        found["limits"] = limits
    if caps.budgets:
        found["budgets"] = [budget._asdict() for budget in caps.budgets]
    if caps.lower_output:
        found["lower_output"] = True
    if caps.warn_at != WARN_AT:
        found["warn_at"] = list(caps.warn_at)
    return found


def read(text: str) -> Caps:
    """Caps as they were stored."""
    if text == PLAIN:
        return NO_CAPS
    found = json.loads(text)
    return Caps(
        Limits(**found.get("limits", {})),
        tuple(Budget(**budget) for budget in found.get("budgets", [])),
        found.get("lower_output", False),
        tuple(found.get("warn_at", WARN_AT)),
    )
