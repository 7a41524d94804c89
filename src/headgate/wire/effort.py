"""How hard a model shall think: the levels of one vendor, the token budgets of the other.

Rule 1: a level that a model does not know becomes the next lower one it knows; only where
there is none, the next higher one.
Rule 2: thinking is never switched off by rounding.
"""

from __future__ import annotations

from collections.abc import Collection

from headgate.wire.ability import EFFORTS
from headgate.wire.meaning import Ask

LEAST_BUDGET = 1024
"""what Anthropic accepts at least"""

_BUDGETS = {
    "minimal": 1024,
    "low": 2048,
    "medium": 4096,
    "high": 8192,
    "xhigh": 16384,
    "max": 32000,
}
_FROM_BUDGET = ((4096, "high"), (2048, "medium"), (1024, "low"))


def budget_of(effort: str) -> int:
    """The tokens of thinking that stand for a level; those of `high` when it is unknown."""
    return _BUDGETS.get(effort, _BUDGETS["high"])


def of_budget(tokens: int) -> str:
    """The level that stands for so many tokens of thinking."""
    for least, effort in _FROM_BUDGET:
        if tokens >= least:
            return effort
    return "minimal"


def nearest(effort: str, known: Collection[str]) -> str:
    """The known level to ask for instead; empty when none is known."""
    if effort in known:
        return effort
    thinking = [level for level in EFFORTS[1:] if level in known]
    if not thinking:
        return "none" if "none" in known else ""
    wanted = EFFORTS.index(effort) if effort in EFFORTS else EFFORTS.index("high")
    below = [level for level in thinking if EFFORTS.index(level) <= wanted]
    return below[-1] if below else thinking[0]


def asked(ask: Ask) -> str:
    """The level an Ask wants, in whichever words it says so; empty when it leaves it open."""
    thinking = ask.thinking
    if thinking is not None and thinking.mode == "off":
        return "none"
    if ask.effort or thinking is None:
        return ask.effort
    if thinking.mode == "between_tools":
        return "low"
    return "" if thinking.budget is None else of_budget(thinking.budget)
