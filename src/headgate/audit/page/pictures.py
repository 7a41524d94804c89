"""Decides what the page's charts show: the figures of each, read from the book.

Rule 1: what is beyond the named ones is summed under "others": a chart shows all the money.
Rule 2: a chart that rows cannot fill, such as sessions of a bill by the day, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import TOKENS_IN

HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
BY_THE_HOUR_US = 10 * DAY_US
"""longer windows are drawn by the day"""
MOST_STEPS = 400
NAMED = 6
OTHERS = "others"
BINS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""upper ends of a session's cost, in dollars"""


class Spending(NamedTuple):
    """Dollars over time, by model."""

    step_us: int
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    by_hour: tuple[float, ...]
    """of each hour of the day (UTC), in all days; none: rows are of whole days"""


class Economy(NamedTuple):
    """What caches did for one model, in nano-dollars."""

    model: str
    fresh: int
    read: int
    write: int
    uncached: int
    """what all of its input would have cost without a cache"""

    @property
    def saved(self) -> int:
        return self.uncached - self.fresh - self.read - self.write


class Session(NamedTuple):
    name: str
    project: str
    calls: int
    nusd: int
    first_us: int
    last_us: int
    largest_input: int


class Sessions(NamedTuple):
    """How conversations are spread by what they cost, and the dearest."""

    counts: tuple[int, ...]
    """for each of BINS, and one more beyond the last"""
    total: int
    median_nusd: int
    top: tuple[Session, ...]


def spending(book: Book, since_us: int, until_us: int) -> Spending:
    """Spend by the hour, or by the day where the window is long."""
    step = HOUR_US if until_us - since_us <= BY_THE_HOUR_US else DAY_US
    first = since_us // step
    steps = min(MOST_STEPS, max(1, -(-until_us // step) - first))
    rows = book.rows(
        f"SELECT at_us // {step} - {first} AS step, model_sent, sum(cost_nusd)::DOUBLE / 1e9"
        " FROM book GROUP BY ALL HAVING sum(cost_nusd) > 0"
    )
    totals: dict[str, float] = {}
    for _, model, usd in rows:
        totals[model] = totals.get(model, 0.0) + usd
    named = sorted(totals, key=lambda name: -totals[name])[:NAMED]
    drawn = {
        name: [0.0] * steps for name in (*named, *([OTHERS] if len(totals) > NAMED else []))
    }
    for at, model, usd in rows:
        if 0 <= at < steps:
            drawn[model if model in named else OTHERS][at] += usd
    shape = "%d %b %H:00" if step == HOUR_US else "%d %b"
    labels = tuple(
        datetime.fromtimestamp((first + at) * step / 1e6, UTC).strftime(shape)
        for at in range(steps)
    )
    series = tuple((name or "(no model)", tuple(values)) for name, values in drawn.items())
    return Spending(step, labels, series, _by_hour(book))


def _by_hour(book: Book) -> tuple[float, ...]:
    rows = book.rows(
        f"SELECT at_us // {HOUR_US} % 24, sum(cost_nusd)::DOUBLE / 1e9 FROM book"
        f" WHERE span_us <= {HOUR_US} GROUP BY 1"
    )
    spent = dict(rows)
    return tuple(spent.get(hour, 0.0) for hour in range(24)) if spent else ()


def economy(book: Book) -> list[Economy]:
    """The models whose prompts cost the most."""
    rows = book.rows(
        "SELECT model_sent, sum(input_nusd)::BIGINT, sum(cache_read_nusd)::BIGINT,"
        " sum(cache_write_nusd)::BIGINT, sum(uncached_nusd)::BIGINT FROM book"
        " WHERE uncached_nusd > 0 GROUP BY 1"
        f" ORDER BY sum(input_nusd + cache_read_nusd + cache_write_nusd) DESC LIMIT {NAMED}"
    )
    return [Economy(str(row[0]), *map(int, row[1:])) for row in rows]


def sessions(book: Book) -> Sessions | None:
    """None: no row says which conversation it belongs to."""
    book.duck.execute(
        "CREATE OR REPLACE TEMP TABLE one_session AS SELECT session, any_value(project) AS"
        " project, sum(calls)::BIGINT AS calls, sum(cost_nusd)::BIGINT AS nusd,"
        f" min(at_us) AS first_us, max(at_us) AS last_us, max({TOKENS_IN})::BIGINT AS largest"
        " FROM book WHERE session <> '' AND span_us = 0 GROUP BY session"
    ).fetchall()
    total, median = book.one("SELECT count(*), median(nusd) FROM one_session")
    if not total:
        return None
    ends = ", ".join(str(round(end * 1e9)) for end in BINS)
    counted = dict(
        book.rows(
            f"SELECT len(list_filter([{ends}], lambda it: it < nusd)), count(*)"
            " FROM one_session GROUP BY 1"
        )
    )
    top = book.rows("SELECT * FROM one_session ORDER BY nusd DESC, session LIMIT 10")
    counts = tuple(int(counted.get(at, 0)) for at in range(len(BINS) + 1))
    return Sessions(counts, int(total), int(median), tuple(_session(row) for row in top))


def _session(row: Sequence[object]) -> Session:
    name, project, *figures = row
    return Session(str(name), str(project), *(int(str(it)) for it in figures))
