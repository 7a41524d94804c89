"""Which limits and budgets can be kept, and what is wrong with those that cannot.

Rule 1: every mistake is named, with its remedy; a cap that could never bind is one too.
Rule 2: money is whole nano-dollars: what is finer is refused, not rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, get_args

from headgate.policy.cap import Budget, Caps, Kind, Limits, Period

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=@+-]{0,39}")
"""what a tag may be"""
TAG_HINT = (
    "a tag has up to 40 letters, digits or . _ : / = @ + - and no space or comma,"
    " such as project=atlas"
)
MOST_USD = 1_000_000_000
MOST_AMOUNT = 1_000_000_000
"""of anything in a minute, or at once"""
MOST_WARNINGS = 10
NANO = 10**9


class Unsound(NamedTuple):
    """What is wrong with a part of some caps."""

    at: str
    """the name of a limit, a period, or warn_at"""
    what: str
    hint: str


def unsound(caps: Caps) -> list[Unsound]:
    """Everything about these caps that could not be kept."""
    return [*_limits(caps.limits), *_budgets(caps.budgets), *_warnings(caps.warn_at)]


def _limits(limits: Limits) -> Iterable[Unsound]:
    for name, value in zip(Limits._fields, limits, strict=True):
        if not 0 <= value <= MOST_AMOUNT:
            what = f"is {value}, but must be from 1 to {MOST_AMOUNT}"
            yield Unsound(name, what, "what is not named is not limited")
    if limits.burst and not limits.requests:
        hint = "say requests, which a burst is a part of"
        yield Unsound("burst", "says how many of a minute's requests may come at once, but"
                      " requests are not limited", hint)  # fmt: skip


def _budgets(budgets: tuple[Budget, ...]) -> Iterable[Unsound]:
    seen: set[str] = set()
    for it in budgets:
        if it.period in seen:
            hint = "one budget of each period is kept: leave one out"
            yield Unsound(it.period, f"has two budgets a {it.period}", hint)
        seen.add(it.period)
        if it.period not in get_args(Period):
            hint = f"choose one of {', '.join(get_args(Period))}"
            yield Unsound(it.period, f"'{it.period}' is no period", hint)
        if it.kind not in get_args(Kind):
            hint = f"choose one of {', '.join(get_args(Kind))}"
            yield Unsound("kind", f"'{it.kind}' is no kind of budget", hint)
        if not 0 < it.nusd <= MOST_USD * NANO:
            hint = "to let nothing through, revoke or archive; to cap nothing, leave it out"
            what = f"must be more than $0 and at most ${MOST_USD:,}"
            yield Unsound(it.period, what, hint)


def _warnings(warn_at: tuple[float, ...]) -> Iterable[Unsound]:
    if len(warn_at) > MOST_WARNINGS:
        yield Unsound("warn_at", f"names {len(warn_at)} shares", f"{MOST_WARNINGS} at most")
    for share in warn_at:
        if not 0 < share <= 1:
            hint = "write shares of the budget, such as 0.75 and 0.95"
            yield Unsound("warn_at", f"{share:g} is no share above 0 and up to 1", hint)
    if list(warn_at) != sorted(set(warn_at)):
        hint = "write each once, from the smallest to the largest"
        yield Unsound("warn_at", "is not in order", hint)


def usd(nusd: int) -> str:
    """As decimal text without an exponent: 20, 0.5."""
    text = f"{Decimal(nusd) / NANO:.9f}"
    return text.rstrip("0").rstrip(".")


def nusd(usd: str) -> int:
    """Dollars as decimal text, in nano-dollars; ValueError says why they are none."""
    try:
        amount = Decimal(usd.strip().removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{usd!r} is no amount of dollars") from None
    if not amount.is_finite() or not 0 < amount <= MOST_USD:
        raise ValueError(f"${usd} is not more than $0 and at most ${MOST_USD:,}")
    if amount * NANO % 1:
        raise ValueError(f"{usd} has more than nine decimals")
    return int(amount * NANO)
