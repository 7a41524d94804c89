"""Spend: what calls cost, by whom or what, in the whole time or by hour or day.

Rule 1: hours and days are those of UTC, as the providers' own reports have them.
Rule 2: a call with several tags counts under each of them: those sums overlap.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.question import DAY_US, HOUR_US, SUM_WRITTEN, Cut, Question
from headgate.ledger.book.tongue import Tongue

GROUPS = {
    "model": "model_sent",
    "key": "key_id",
    "team": "team",
    "organisation": "organisation",
    "cost-centre": "cost_centre",
    "tag": "tags",
    "project": "project",
    "provider": "provider",
    "source": "source",
    "route": "route",
    "agent": "agent",
    "surface": "surface",
    "credential": "credential",
}
"""what sums can be of, and its column"""
STEPS = {"": 0, "hour": HOUR_US, "day": DAY_US}


class Spend(NamedTuple):
    at_us: int
    """when the hour or day began; 0: the whole time"""
    name: str
    """empty: it has none"""
    calls: int
    input_fresh: int
    cache_read: int
    written: int
    """to caches"""
    output: int
    cost_nusd: int

    @property
    def tokens_in(self) -> int:
        return self.input_fresh + self.cache_read + self.written

    @property
    def read_share(self) -> float:
        """Of the input, what a cache held."""
        return self.cache_read / self.tokens_in if self.tokens_in else 0.0


_SUMS = (
    f"sum(calls) AS n, sum(input_fresh) AS fresh, sum(cache_read) AS read,"
    f" {SUM_WRITTEN} AS written, sum(output) AS out, sum(cost_nusd) AS cost"
)
_AGAIN = "sum(n), sum(fresh), sum(read), sum(written), sum(out), sum(cost)"


def _sql(tongue: Tongue, cut: Cut, where: str) -> str:
    column = GROUPS[cut.by or "model"]
    step = STEPS[cut.step]
    at = f"{tongue.whole('at_us', step)} * {step}" if step else "0"
    sums = (
        f"SELECT {at} AS began, {column} AS name, {_SUMS} FROM book WHERE {where} GROUP BY 1, 2"  # noqa: S608 - texts of ours
    )
    if cut.by == "tag":
        each = tongue.words("name", ",")
        apart = f"SELECT began, {each} AS tag, n, fresh, read, written, out, cost FROM ({sums})"  # noqa: S608 - the same
        sums = f"SELECT began, tag, {_AGAIN} FROM ({apart}) GROUP BY 1, 2"  # noqa: S608 - the same
    return f"{sums} ORDER BY 1, 8 DESC, 2"


SPEND = Question("spend", "What calls cost", Spend, _sql)
