"""Hours: when in the week calls are made, and what they cost then.

Rule 1: hours are those of UTC; a row that stands for a longer span than an hour has none.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.question import DAY_US, HOUR_US, Cut, Question
from headgate.ledger.book.tongue import Tongue

_MONDAY = 3
"""1970 began on a Thursday"""


class Hour(NamedTuple):
    weekday: int
    """0: Monday"""
    hour: int
    calls: int
    tokens: int
    """in and out"""
    cost_nusd: int


def _sql(tongue: Tongue, cut: Cut, where: str) -> str:
    del cut
    # Hours of the calendar first: there are few of them, and rows are many.
    sums = (
        f"SELECT {tongue.whole('at_us', HOUR_US)} AS h, sum(calls) AS n,"  # noqa: S608 - texts of ours
        " sum(input_fresh) + sum(cache_read) + sum(cache_write_5m) + sum(cache_write_1h)"
        " + sum(cache_write_30m) + sum(cache_write_12h) + sum(output) AS tokens,"
        f" sum(cost_nusd) AS cost FROM book WHERE span_us <= {HOUR_US} AND {where} GROUP BY 1"
    )
    weekday = f"({tongue.whole('h', DAY_US // HOUR_US)} + {_MONDAY}) % 7"
    return (
        f"SELECT {weekday} AS weekday, h % 24 AS hour, sum(n), sum(tokens), sum(cost)"  # noqa: S608 - the same
        f" FROM ({sums}) GROUP BY 1, 2 ORDER BY 1, 2"
    )


HOURS = Question("hours", "When in the week", Hour, _sql)
