"""How limits and budgets are stored with a key, a team or an organisation: JSON of what is set.

Rule 1: what is not set is not written, so that a later default reaches it.
"""

from __future__ import annotations

import json
from typing import Any

from headgate.policy.cap import NO_CAPS, WARN_AT, Budget, Caps, Limits

PLAIN = "{}"


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
