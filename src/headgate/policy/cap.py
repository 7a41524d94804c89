"""What may be capped, for whom and over which span: limits per minute, budgets in dollars.

Rule 1: an account is a text that names whose use is counted: `house`, `organisation:ID`,
`team:ID`, `key:ID`, `tag:NAME`, `model:PATTERN` or `upstream:PROVIDER/ACCOUNT`.
Rule 2: 0 means that nothing is capped; a cap of nothing at all is not said here.
Rule 3: days, weeks and months are those of UTC; a week begins on Monday.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

HOUSE = "house"
EPOCH = date(1970, 1, 1)
FOREVER = 2**31 - 1
"""the last day of a budget that never begins anew"""
FEWEST_AT_ONCE = 10
"""calls that may come at once under any limit that allows as many in a minute"""
WARN_AT = (0.75, 0.95)

Period = Literal["day", "week", "month", "total"]
PERIODS: tuple[Period, ...] = ("day", "week", "month", "total")
Kind = Literal["hard", "soft", "watch"]
KINDS: tuple[Kind, ...] = ("hard", "soft", "watch")


class Limits(NamedTuple):
    """How much may be asked for in a minute, and at once. 0: as much as one likes."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    concurrent: int = 0
    burst: int = 0
    """calls that may come at once; 0: a quarter of a minute's, and not fewer than ten"""

    def at_once(self) -> int:
        """How many calls a full bucket holds."""
        if self.burst:
            return self.burst
        return min(self.requests, max(FEWEST_AT_ONCE, self.requests // 4))


class Budget(NamedTuple):
    """How many dollars may be spent in a span of time."""

    nusd: int
    period: Period
    kind: Kind = "hard"
    """hard: what a call may cost at the worst is set aside; soft: what it probably will;
    watch: nothing is refused, only told"""


class Caps(NamedTuple):
    """All that is capped for one account."""

    limits: Limits = Limits()
    budgets: tuple[Budget, ...] = ()
    lower_output: bool = False
    """may a call's own bound on output be lowered to what a hard budget has left"""
    warn_at: tuple[float, ...] = WARN_AT
    """shares of a budget at which a warning is due"""


NO_CAPS = Caps()


class Span(NamedTuple):
    """The days of one period, both included, in days since 1970."""

    first: int
    last: int

    def ends_us(self) -> int:
        """The moment at which it is over; 0: never."""
        return 0 if self.last == FOREVER else (self.last + 1) * 86_400_000_000


def span(period: Period, day: int) -> Span:
    """The span of the period that holds the day."""
    if period == "day":
        return Span(day, day)
    if period == "total":
        return Span(0, FOREVER)
    today = EPOCH + timedelta(day)
    if period == "week":
        monday = day - today.weekday()
        return Span(monday, monday + 6)
    first = today.replace(day=1)
    following = (first + timedelta(31)).replace(day=1)
    return Span((first - EPOCH).days, (following - EPOCH).days - 1)


ADJECTIVES = {"day": "daily", "week": "weekly", "month": "monthly", "total": "total"}


def resets(ends_us: int) -> str:
    """For a sentence: `resets 2026-11-22 00:00 UTC`, or that it never does."""
    if not ends_us:
        return "never resets"
    at = datetime.fromtimestamp(ends_us // 1_000_000, UTC)
    return f"resets {at:%Y-%m-%d %H:%M} UTC"


def merged(default: Caps, own: Caps) -> Caps:
    """An account's own caps, and what all of its sort have where it says nothing."""
    if default == NO_CAPS:
        return own
    periods = {budget.period for budget in own.budgets}
    limits = [mine or usual for mine, usual in zip(own.limits, default.limits, strict=True)]
    return Caps(
        Limits(*limits),
        (*own.budgets, *(it for it in default.budgets if it.period not in periods)),
        own.lower_output or default.lower_output,
        default.warn_at if own.warn_at == WARN_AT else own.warn_at,
    )
