"""What processes that share limits and budgets ask of the one place that knows them all.

Rule 1: of a pot nobody gets more than is left: what is spent, and what every living process
holds, never exceed the cap together. A process that dies gives back what it held and not spent.
Rule 2: a flow fills by time alone; what was taken from it is gone until time has brought it.
Rule 3: a bank blocks: it is asked from a thread, for many accounts at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from headgate.policy.cap import Span

ALWAYS = Span(-1, -1)
"""the span of a pot of which nothing is ever spent: calls at once"""


class BankError(Exception):
    """The bank cannot be asked now: why, in plain words.

    `why` is the reason without the place, for those who should not learn where the store lies.
    """

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what)
        self.why = why or "the store cannot be reached"


class OwnerGone(BankError):
    """This process counts as dead: what it held is given back, and it needs a new number."""


class Stock(NamedTuple):
    """Asks to hold so much of a pot: dollars of one span of days, or calls at once."""

    pot: str
    """its name: `key:k_1 day`, `house month`, `team:t_1 concurrent`"""
    account: str
    """whose spend in the span counts against it, as in the ledger; empty: nothing is spent"""
    span: Span
    cap: int
    hold: int
    """how much this process wishes to hold in all: what it has spent of it in this span, what
    it has set aside for running calls, and a cushion. Less than before gives the rest back"""
    least: int
    """a smaller hold than this would be of no use: then it stays at what it was"""


class Flow(NamedTuple):
    """Takes from a bucket that time fills, or gives back to it."""

    account: str
    """its name: `key:k_1 requests`"""
    per_minute: int
    burst: int
    """what a full bucket holds"""
    take: int
    """below 0: give back"""
    least: int
    """fewer than this would be of no use. More than the burst is granted of a full bucket,
    which is in debt then"""


class Answer(NamedTuple):
    """What became of one of them."""

    granted: int
    """of a stock: all that is held now; of a flow: what was taken"""
    free: int
    """what nobody has taken yet; below 0: it is overdrawn"""
    spent: int = 0
    """of a stock: what was spent in the span by everybody, as far as it is committed"""
    wait_s: float = 0.0
    """of a flow: when `least` could be had, at the soonest; 0: it was granted"""


class Bank(Protocol):
    """Grants shares to one process; another has a bank of its own, on the same store."""

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        """An answer for each, in their order, decided at one moment. BankError: none was, as
        far as is known: of a stock count on the smaller of what was held and what was asked."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
