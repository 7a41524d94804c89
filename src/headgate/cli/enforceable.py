"""Whether the limits and budgets that were given can be kept, and over whom they stand.

Rule 1: what a configuration is refused for is found here too for the budgets of keys and teams,
which it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from headgate.cli.capping import budgets_told, caps_shown, limits_told
from headgate.cli.checkup import Finding
from headgate.config import Config
from headgate.config.caps import enforces, objection, told
from headgate.policy.cap import NO_CAPS
from headgate.policy.sound import usd
from headgate.store.keys import Key

AREA = "caps"
LISTED = 6
"""owners of caps that are named"""


def caps(config: Config, keys: Sequence[Key], at: datetime) -> Iterator[Finding]:
    """What is capped, and what of it could not be kept."""
    everybody = _everybody(config)
    owners = _owners(keys)
    for who, what in everybody.items():
        yield Finding(AREA, "ok", f"{who}: {what}")
    if owners:
        more = f" and {len(owners) - LISTED} more" if len(owners) > LISTED else ""
        names = ", ".join(list(owners)[:LISTED])
        yield Finding(AREA, "ok", f"limits or budgets of its own has {names}{more}")
    if not (everybody or owners):
        hint = "headgate keys update NAME --budget 20/day, or [budgets.house] in headgate.toml"
        yield Finding(AREA, "info", "nothing is capped: any key may spend anything", hint)
        return
    refusing = [name for name, refuses in owners.items() if refuses]
    what, remedy = objection(config, at) if refusing else ("", "")
    if what:
        yield Finding(AREA, "fail", f"{refusing[0]}: {what}", remedy)
    if config.caps.when_unreachable == "open":
        allowed = usd(config.caps.open_allowance_nusd)
        yield Finding(
            AREA,
            "info",
            f"without its store each process lets capped calls spend ${allowed}",
            "limits.when_unreachable",
        )


def _everybody(config: Config) -> dict[str, str]:
    """Whom headgate.toml caps, and at what, in words."""
    shown = told(config.caps)
    found: dict[str, list[str]] = {}
    for who, limits in shown["limits"].items():
        if isinstance(limits, dict):
            found.setdefault(who, []).append(limits_told(limits))
    named = [(name, getattr(config.caps, name)) for name in ("house", "each_key", "each_team")]
    named += [(f"tag:{name}", each) for name, each in config.caps.tags]
    for who, each in named:
        if each.budgets:
            found.setdefault(who, []).append(budgets_told(caps_shown(each)["budgets"]))
    return {who: ", ".join(parts) for who, parts in found.items()}


def _owners(keys: Sequence[Key]) -> dict[str, bool]:
    """Who has caps of their own -> do they refuse calls for money."""
    found: dict[str, bool] = {}
    for key in keys:
        for level, name, traits in key.levels():
            if traits.caps != NO_CAPS:
                found[f"{level} {name!r}"] = enforces(traits.caps)
    return found
