"""What was learned of a target: whether it is cooling, until when and why.

Rule 1: one success reopens; cooling always ends; a fault of the client's making never cools.
Rule 2: what the provider asked for stands: a later, lesser fault does not shorten a cooling.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.wire.model import FAULTS, Kind

AUTH_S = 60.0
LIMITED_S = 5.0
LONGEST_S = 30.0
ASKED_LONGEST_S = 3600.0
COUNTED = frozenset((Kind.TRUNCATED, Kind.IDLE))
"""one cut stream says little about a target; three in a row say something"""
COUNTED_STREAK = 3


class Health(NamedTuple):
    cool_until: float = 0.0
    streak: int = 0
    """failures since the last success"""
    why: str = ""

    def cooling(self, now: float) -> bool:
        return now < self.cool_until


WELL = Health()


def learn(state: Health, kind: Kind | None, retry_after: float | None, now: float) -> Health:
    """The new state after a try; `kind` is None after a success."""
    if kind is None:
        return WELL
    if not FAULTS[kind].cools:
        return state
    streak = state.streak + 1
    if kind in COUNTED and streak < COUNTED_STREAK:
        return Health(state.cool_until, streak, kind)
    until = now + _cool_s(kind, retry_after, streak)
    return Health(max(state.cool_until, until), streak, kind)


def _cool_s(kind: Kind, retry_after: float | None, streak: int) -> float:
    if kind is Kind.UPSTREAM_AUTH:
        return AUTH_S
    asked = min(max(retry_after or 0.0, 0.0), ASKED_LONGEST_S)
    if kind is Kind.UPSTREAM_LIMITED:
        return asked if retry_after is not None else LIMITED_S
    return max(min(2.0 ** min(streak - 1, 10), LONGEST_S), asked)
