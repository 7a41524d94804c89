"""Decides whether a model answers in time: its first token, and the whole of it.

Rule 1: work that nobody waits for has no budget: the dearer, faster model gains nothing there.
Rule 2: where no time of the whole answer was measured, it is the time to the first token and
that of writing the tokens; where one of them is not known, the model is refused only if the
other alone takes too long, and it is said.
Rule 3: a budget is held by the slow calls, not by the median.
"""

from __future__ import annotations

from typing import NamedTuple

WHOLE = "the whole answer"


class Times(NamedTuple):
    """What is known of a model's times; 0: not known."""

    ttft_p50_s: float = 0.0
    ttft_slow_s: float = 0.0
    whole_p50_s: float = 0.0
    whole_slow_s: float = 0.0
    tokens_per_s: float = 0.0
    calls: int = 0
    """how many they were measured on; 0: they were entered"""


class Budget(NamedTuple):
    """What callers wait for at most, in seconds; 0: no matter."""

    ttft_s: float = 0.0
    whole_s: float = 0.0
    background: bool = False
    """nobody waits"""


class Pace(NamedTuple):
    """How one model stands against the budget."""

    ttft_s: float
    """of the slow calls; 0: unknown"""
    whole_s: float
    in_time: bool | None
    """None: not known"""
    why: str


def keep(times: Times, budget: Budget, output_tokens: float) -> Pace:
    """Does a model with these times keep the budget for answers of that length."""
    first = times.ttft_slow_s or times.ttft_p50_s
    writing = output_tokens / times.tokens_per_s if times.tokens_per_s > 0 else 0.0
    reckoned = first + writing if first and writing else 0.0
    whole = times.whole_slow_s or reckoned or times.whole_p50_s
    least = max(first, writing)
    if budget.background or not (budget.ttft_s or budget.whole_s):
        return Pace(first, whole, in_time=True, why="")
    late, unknown = [], []
    for name, took, most in (
        ("the first token", first, budget.ttft_s),
        (WHOLE, whole, budget.whole_s),
    ):
        if not most:
            continue
        if not took and name == WHOLE and least > most:
            late.append(f"{name} takes {least:,.2f} s or more, and {most:,.2f} s are allowed")
        elif not took:
            unknown.append(f"nobody measured when {name} comes")
        elif took > most:
            late.append(f"{name} comes after {took:,.2f} s, and {most:,.2f} s are allowed")
    if late:
        return Pace(first, whole, in_time=False, why="; ".join(late))
    return Pace(first, whole, None if unknown else True, "; ".join(unknown))
