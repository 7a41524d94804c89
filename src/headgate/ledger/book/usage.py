"""Tells what a workload looked like: how much was asked, how long, how bursty, what came again.

Rule 1: only calls that a provider answered count: what was refused or given again cost nothing.
Rule 2: what caches read and wrote is as it was billed; where nothing was cached, pauses between
requests that begin alike tell what would have been read.
Rule 3: calls to the simulator count only where there are no others.
"""

from __future__ import annotations

from typing import NamedTuple

from headgate.ledger.book.book import Book
from headgate.ledger.book.columns import TOKENS_IN, TOKENS_WRITTEN

EDGES = (32_000, 64_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000)
"""where prices of long prompts are known to rise, and between: sizes are told apart there"""

LIVES_S = {"5m": 300, "30m": 1_800, "1h": 3_600, "12h": 43_200}
SECOND_US = 1_000_000


class Size(NamedTuple):
    """Calls between two edges."""

    calls: int
    tokens: int
    """of all of them"""


class Head(NamedTuple):
    """Requests that begin with the same tools and system prompt."""

    calls: int
    tokens: float
    """that they begin with, on average"""
    per_hour: float
    """while they came; 0: for less than an hour, which tells nothing"""


class Usage(NamedTuple):
    """What was seen."""

    calls: int
    first_us: int
    last_us: int
    tokens_in: int
    output: int
    reasoning: int
    searches: int
    batched: int
    """calls in batches"""
    read: int
    """tokens that were read from caches"""
    written: int
    percentiles: tuple[float, float, float]
    """of the tokens of a request: half, 95 and 99 of 100 have no more"""
    peak_minute: int
    peak_second: int
    sizes: tuple[Size, ...]
    heads: tuple[Head, ...]
    """the busiest first"""
    beginnings: int
    """how many different ones there are"""
    in_time: tuple[tuple[str, int], ...]
    """for each lifetime: calls that came within it after one that began alike; empty: caches
    tell what was read"""
    headed: int
    """calls of which it is known how they begin"""
    head_tokens: float
    """that all those begin with"""
    models: tuple[tuple[str, int], ...]
    """model and its calls, the most first"""
    simulated: bool


def observe(book: Book, where: str = "TRUE") -> Usage | None:
    """What the rows that a condition names looked like; None: there are none."""
    book.rows(
        f"CREATE OR REPLACE TEMP VIEW seen AS SELECT *, calls AS n, {TOKENS_IN} AS tokens,"  # noqa: S608 - the caller's SQL
        f" {TOKENS_WRITTEN} AS written FROM book WHERE usage_from <> 'none' AND calls > 0"
        f" AND answered_from = '' AND surface <> 'count_tokens' AND ({where})"
    )
    sums = book.rows(
        "SELECT simulated = 1, sum(n), min(at_us), max(at_us + span_us), sum(tokens),"
        " sum(output), sum(reasoning_of_output), sum(web_searches),"
        " sum(CASE WHEN tier = 'batch' OR batch_id <> '' THEN n ELSE 0 END),"
        " sum(cache_read), sum(written) FROM seen GROUP BY 1 ORDER BY 1"
    )
    if not sums:
        return None
    simulated, *whole = sums[0]
    if len(sums) > 1:
        book.rows("CREATE OR REPLACE TEMP VIEW real AS SELECT * FROM seen WHERE simulated = 0")
    return _told(book, "real" if len(sums) > 1 else "seen", whole, bool(simulated))


def _told(book: Book, seen: str, whole: list[int], simulated: bool) -> Usage:
    calls, first_us, last_us, *sums = (int(value) for value in whole)
    tokens_in, output, reasoning, searches, batched, read, written = sums
    heads, beginnings, headed, head_tokens = _heads(book, seen)
    peak_minute, peak_second = _peaks(book, seen)
    return Usage(
        calls=calls,
        first_us=first_us,
        last_us=last_us,
        tokens_in=tokens_in,
        output=output,
        reasoning=reasoning,
        searches=searches,
        batched=batched,
        read=read,
        written=written,
        percentiles=_percentiles(book, seen),
        peak_minute=peak_minute,
        peak_second=peak_second,
        sizes=_sizes(book, seen),
        heads=heads,
        beginnings=beginnings,
        in_time=() if read + written else _in_time(book, seen),
        headed=headed,
        head_tokens=head_tokens,
        models=_models(book, seen),
        simulated=simulated,
    )


def _models(book: Book, seen: str) -> tuple[tuple[str, int], ...]:
    rows = book.rows(
        f"SELECT model_sent, sum(n) AS calls FROM {seen} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608 - our own names
    )
    return tuple((str(model), int(calls)) for model, calls in rows)


def _percentiles(book: Book, seen: str) -> tuple[float, float, float]:
    ((found,),) = book.rows(
        f"SELECT approx_quantile(tokens / n, [0.5, 0.95, 0.99]) FROM {seen} WHERE span_us = 0"  # noqa: S608 - our own names
    )
    half, most, nearly = found or (0.0, 0.0, 0.0)
    return float(half), float(most), float(nearly)


def _peaks(book: Book, seen: str) -> tuple[int, int]:
    """The most calls of a minute, and of a second; batches are nobody's peak."""
    found = book.one(
        "SELECT coalesce(max(calls), 0), coalesce(max(most), 0) FROM"  # noqa: S608 - our own names
        " (SELECT sum(calls) AS calls, max(calls) AS most FROM (SELECT sum(n) AS calls,"
        f" at_us // {SECOND_US} AS second FROM {seen}"
        " WHERE span_us = 0 AND tier <> 'batch' AND batch_id = '' GROUP BY 2)"
        " GROUP BY second // 60)"
    )
    return int(found[0]), int(found[1])


def _sizes(book: Book, seen: str) -> tuple[Size, ...]:
    whens = " ".join(f"WHEN tokens <= n * {edge} THEN {edge}" for edge in EDGES)
    rows = book.rows(
        f"SELECT CASE {whens} ELSE -1 END AS edge, sum(n), sum(tokens) FROM {seen}"  # noqa: S608 - numbers
        " GROUP BY 1 ORDER BY min(tokens / n)"
    )
    return tuple(Size(int(calls), int(tokens)) for _, calls, tokens in rows)


def _heads(book: Book, seen: str) -> tuple[tuple[Head, ...], int, int, float]:
    """The busiest beginnings, how many there are, on how many calls, and how long."""
    rows = book.rows(
        "SELECT sum(n) AS calls, avg(head_bytes * tokens / request_bytes),"  # noqa: S608 - our own names
        " (max(at_us) - min(at_us)) / 3.6e9, count(*) OVER (), sum(sum(n)) OVER (),"
        " sum(sum(n * (head_bytes * tokens / request_bytes))) OVER ()"
        f" FROM {seen} WHERE head <> 0 AND request_bytes > 0 GROUP BY head, model_sent"
        " ORDER BY calls DESC LIMIT 5"
    )
    if not rows:
        return (), 0, 0, 0.0
    heads = tuple(
        Head(int(calls), float(tokens), (calls - 1) / hours if hours >= 1 else 0.0)
        for calls, tokens, hours, *_ in rows
    )
    count, calls, tokens = rows[0][3:]
    return heads, int(count), int(calls), float(tokens) / int(calls)


def _in_time(book: Book, seen: str) -> tuple[tuple[str, int], ...]:
    counts = ", ".join(
        f"count(*) FILTER (gap_us < {life * SECOND_US})" for life in LIVES_S.values()
    )
    found = book.one(
        f"SELECT {counts} FROM (SELECT at_us - lag(at_us) OVER"  # noqa: S608 - numbers
        " (PARTITION BY head, hash(provider, model_sent) ORDER BY at_us) AS gap_us"
        f" FROM {seen} WHERE head <> 0 AND request_bytes > 0 AND span_us = 0)"
    )
    return tuple(zip(LIVES_S, (int(value) for value in found), strict=True))
