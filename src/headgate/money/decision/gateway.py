"""Decides whether a gateway pays, or the direct API does: by what is there, and by the money.

Rule 1: each reason for it is named with the figure it rests on; so is each against it.
Rule 2: where nothing speaks for it, or it costs more than the bill itself, the advice is to
stay with the direct API.
"""

from __future__ import annotations

from typing import NamedTuple

KEYS, MONTHLY_NUSD = 3, 500_000_000_000
"""up to so many keys and so much money a month nobody misses one"""
HOURS_MONTHLY = 2.0
"""to keep one running: an assumption that may be told otherwise"""


class Situation(NamedTuple):
    """Who asks."""

    keys: int = 1
    monthly_nusd: int = 0
    vendors: int = 1
    teams: int = 1
    """that want to see each other's figures apart"""
    interactive_budget_s: float = 0.0
    """the time to the first token that is allowed; 0: no matter"""
    added_s: float = 0.0005
    """what the gateway adds to a call"""
    failing_share: float = 0.0
    """of calls that fail at the provider now"""
    saving_share: float = 0.0
    """of the bill that caching and repeats would save, where it is known"""
    hourly_nusd: int = 0
    """what an hour of those who keep it costs; 0: not counted"""
    infrastructure_nusd: int = 0
    """what it runs on, a month"""


class Advice(NamedTuple):
    take_it: bool
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    net_nusd: int
    """what it saves a month beyond what it costs, as far as money is known"""


def advise(it: Situation) -> Advice:
    """Stay with the direct API, or put a gateway before it."""
    reasons = [
        f"{it.keys} keys: more than {KEYS} are handed round, leak, and are not told apart"
        if it.keys > KEYS
        else "",
        f"{_usd(it.monthly_nusd)} a month: above {_usd(MONTHLY_NUSD)} it is worth knowing"
        " what it is spent on"
        if it.monthly_nusd > MONTHLY_NUSD
        else "",
        f"{it.teams} teams want their figures apart" if it.teams > 1 else "",
        f"{it.vendors} vendors: one base URL, and one falls back to another"
        if it.vendors > 1
        else "",
        f"{it.failing_share:.1%} of calls fail: a ladder tries another target"
        if it.failing_share >= 0.01
        else "",
    ]
    saves = round(it.monthly_nusd * it.saving_share)
    costs = it.infrastructure_nusd + round(it.hourly_nusd * HOURS_MONTHLY)
    if saves > costs and it.saving_share:
        reasons.append(f"it would save {_usd(saves - costs)} a month beyond what it costs")
    against = [
        f"it costs {_usd(costs)} a month to run, and saves {_usd(saves)}"
        if costs > saves and costs
        else "",
        "it adds more to the first token than is allowed"
        if it.interactive_budget_s and it.added_s > it.interactive_budget_s / 20
        else "",
        "one more thing between you and the provider that can fail",
    ]
    found = tuple(filter(None, reasons))
    dear = costs - saves > it.monthly_nusd > 0
    if dear:
        against.insert(0, "it costs more than the whole bill that it would look after")
    return Advice(bool(found) and not dear, found, tuple(filter(None, against)), saves - costs)


def _usd(nusd: int) -> str:
    return f"${nusd / 1e9:,.0f}"
