"""What each cost centre has to pay for a month.

Rule 1: the lines are the ledger's sum to the nano-dollar; the cents on the invoice are those of
the sum: what rounding leaves goes to the lines that lost most by it.
Rule 2: calls of nobody's cost centre are a line of their own, and never spread over others.
Rule 3: a month is a calendar month in UTC, as providers bill it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import TOKENS_IN

NOBODY = "(none)"
CENT = 10_000_000
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

_SUMS = f"""
SELECT cost_centre, sum(calls)::BIGINT, sum({TOKENS_IN})::BIGINT, sum(output)::BIGINT,
  count(DISTINCT key_id)::BIGINT, sum(cost_nusd)::BIGINT,
  coalesce(sum(cost_nusd) FILTER (simulated = 1), 0)::BIGINT
FROM book WHERE at_us >= ? AND at_us < ?
GROUP BY cost_centre ORDER BY 6 DESC, 1
"""  # noqa: S608 - constant text


class Share(NamedTuple):
    """One cost centre's month."""

    cost_centre: str
    """empty: nobody's"""
    calls: int
    input_tokens: int
    output_tokens: int
    keys: int
    cost_nusd: int
    simulated_nusd: int
    """the part of cost_nusd that nobody is billed for: the simulator answered"""
    cents: int = 0
    """on the invoice"""

    @property
    def name(self) -> str:
        return self.cost_centre or NOBODY


class Bill(NamedTuple):
    """A month."""

    month: str
    shares: tuple[Share, ...]

    @property
    def cost_nusd(self) -> int:
        return sum(it.cost_nusd for it in self.shares)

    @property
    def cents(self) -> int:
        return sum(it.cents for it in self.shares)

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "month": self.month,
            "timezone": "UTC",
            "currency": "USD",
            "cost_nusd": self.cost_nusd,
            "invoice_cents": self.cents,
            "rounding": ROUNDING,
            "cost_centres": [
                {**it._asdict(), "cost_centre": it.name, "invoice_cents": it.cents}
                for it in self.shares
            ],
        }


ROUNDING = "cents by largest remainder: they add up to the total, rounded half up"


def month_of(text: str) -> tuple[int, int] | None:
    """(its first microsecond, that of the next one); None: it is no month."""
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    try:
        first, last = datetime(year, month, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)
    except ValueError:
        return None
    return int(first.timestamp() * 1e6), int(last.timestamp() * 1e6)


def charge(book: Book, month: str, since_us: int, until_us: int) -> Bill:
    """The month's bill, the dearest cost centre first."""
    found = [Share(*row) for row in book.rows(_SUMS, (since_us, until_us))]
    return Bill(month, tuple(_rounded(found)))


def _rounded(shares: Sequence[Share]) -> list[Share]:
    """Whole cents that add up to the cents of the sum."""
    total = sum(it.cost_nusd for it in shares)
    left = (2 * total + CENT) // (2 * CENT) - sum(it.cost_nusd // CENT for it in shares)
    by_rest = sorted(range(len(shares)), key=lambda at: -(shares[at].cost_nusd % CENT))
    raised = set(by_rest[:left])
    return [
        it._replace(cents=it.cost_nusd // CENT + (at in raised)) for at, it in enumerate(shares)
    ]
