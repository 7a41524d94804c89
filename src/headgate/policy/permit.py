"""Decides whether a key may ask for a model by a surface, and says who forbids it.

Rule 1: a level narrows what the level above it allows and can never widen it: all must agree.
Rule 2: a level that names no models, or no surfaces, leaves them as the level above has them.
Rule 3: the name is judged as the caller sent it, by the patterns that routes are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headgate.policy.glob import covers, matches, overlaps

KEPT = 1000
"""answers that are remembered: a caller chooses the names, so they are bounded"""
NAMED = 12
"""patterns that a refusal lists"""
SHOWN = 100
"""characters of a refused name that are repeated"""


class Grant(NamedTuple):
    """What one level allows. Empty: what the level above allows."""

    level: str
    """organisation, team or key"""
    name: str
    models: tuple[str, ...] = ()
    """names and patterns"""
    surfaces: tuple[str, ...] = ()


class Permit:
    """What a key may use: all that each of its grants allows. Answers are remembered."""

    __slots__ = ("_kept", "grants")

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grant for grant in grants if grant.models or grant.surfaces)
        """from the top down, those that narrow anything"""
        self._kept: dict[tuple[str, str], str] = {}

    def refusal(self, model: str, surface: str) -> str:
        """Why the call may not be made, with what may be; empty: it may.

        Without a surface: why the model may be asked for by none.
        """
        asked = (model, surface)
        answer = self._kept.get(asked)
        if answer is None:
            answer = self._judge(model, surface)
            if len(self._kept) < KEPT:
                self._kept[asked] = answer
        return answer

    def allows(self, model: str) -> bool:
        """May the model be asked for by any surface at all."""
        return all(_has(grant.models, model) for grant in self.grants)

    def models(self) -> tuple[str, ...]:
        """Names and patterns that leave nothing out that is allowed. Empty: every model.

        Where patterns of two levels only overlap the lower one is named: `refusal` is exact.
        """
        found: tuple[str, ...] = ()
        for grant in self.grants:
            if grant.models:
                found = _narrowed(found, grant.models) if found else grant.models
        return found

    def surfaces(self) -> tuple[str, ...]:
        """Empty: every surface there is, unless two levels have none in common."""
        found: tuple[str, ...] = ()
        for grant in self.grants:
            if grant.surfaces:
                shared = tuple(each for each in grant.surfaces if not found or each in found)
                found = shared or NOTHING
        return found

    def _judge(self, model: str, surface: str) -> str:
        for grant in self.grants:
            if surface and grant.surfaces and surface not in grant.surfaces:
                return (
                    f"{_whose(grant)} may not use the surface {surface}, which model"
                    f" {_short(model)!r} was asked for by; this key may use"
                    f" {listed(self.surfaces())}"
                )
            if not _has(grant.models, model):
                return (
                    f"{_whose(grant)} may not use model {_short(model)!r}; this key may use"
                    f" {listed(self.models())}"
                )
        return ""


NOTHING = ("",)
"""what two levels have in common that share nothing: no model and no surface has this name"""


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, at most NAMED of them."""
    if tuple(names) == NOTHING:
        return "none"
    shown = ", ".join(names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def beyond(wide: Sequence[str], narrow: Sequence[str]) -> list[str]:
    """Those of `narrow` that `wide` does not allow as a whole; an empty `wide` allows all."""
    if not wide:
        return []
    return [each for each in narrow if not any(covers(one, each) for one in wide)]


def _narrowed(above: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """What both allow, as far as patterns can say it."""
    shared = [
        one if covers(each, one) else each
        for each in below
        for one in above
        if overlaps(one, each)
    ]
    return tuple(dict.fromkeys(shared)) or NOTHING


def _has(patterns: Sequence[str], model: str) -> bool:
    return not patterns or any(matches(pattern, model) for pattern in patterns)


def _whose(grant: Grant) -> str:
    return f"{grant.level} {grant.name!r}"


def _short(model: str) -> str:
    return model if len(model) <= SHOWN else f"{model[:SHOWN]}…"
