"""Writes what interpreters came to as one file of HTML that needs no other.

Rule 1: what has to be known before the numbers, such as that a vendor was simulated, stands
before them.
Rule 2: the terminal says the same words: both take them from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from headgate.bench.interpreter.figures import Findings, Latency, Level, Phase, Point, Standing
from headgate.bench.report.figures import Rate
from headgate.bench.report.words import dollars, interval
from headgate.draw.html import items, table
from headgate.draw.html import page as whole
from headgate.draw.ranges import Range, ranges

RUN_HEADS = ("place", "runs", "right", "p50", "p99", "code p50", "a success")
LEVEL_HEADS = ("place", "at once", "right", "fails at most", "a second", "p50", "p99")


def page(found: Findings) -> str:
    """The whole page."""
    parts = [
        "<h1>Interpreters: right answers, waiting and cost</h1>",
        f'<p class="soft">{found.workloads} workloads whose answers are known</p>',
        items(warnings(found), "warn"),
        *_success(found.places),
        *_tables(found),
    ]
    return whole("Interpreters", parts)


def warnings(found: Findings) -> Iterator[str]:
    """What has to be known before the numbers are read."""
    for it in found.places:
        if it.told:
            yield f"{it.place}: {it.told}"
    if found.is_capped:
        yield "--max-cost ended it: not every run was begun"
    yield from found.notes


def _success(places: Sequence[Standing]) -> Iterator[str]:
    judged = [(it.place, it.success) for it in places if it.success is not None]
    if judged:
        yield "<h2>Right answers</h2>"
        rows = [Range(name, it.share, it.low, it.high, interval(it)) for name, it in judged]
        yield ranges("Right answers at each place, with 95 % intervals over workloads", rows)


def _tables(found: Findings) -> Iterator[str]:
    for title, heads, rows in tables(found):
        yield f"<h2>{escape(title)}</h2>"
        yield table(heads, rows, numbers=())
    yield items(notes(found))


def tables(found: Findings) -> Iterator[tuple[str, Sequence[str], list[list[str]]]]:
    """Each with its title and heads."""
    places = found.places
    yield (
        "Cold: a place made for each run",
        RUN_HEADS,
        [_run(it.place, it.cold) for it in places],
    )
    if any(it.warm.latency for it in places):
        rows = [_run(it.place, it.warm) for it in places if it.warm.latency]
        yield "Warm: a place that stood ready", RUN_HEADS, rows
    rows = [_level(it.place, one) for it in places for one in it.levels]
    if rows:
        yield "Several at once", LEVEL_HEADS, rows
    names = list(dict.fromkeys(name for it in places for name in it.families))
    if names:
        rows = [[name, *(_rate(it.families.get(name)) for it in places)] for name in names]
        yield "Right, by family", ("family", *(it.place for it in places)), rows
    rows = [[it.place, w.workload, w.why, str(w.times)] for it in places for w in it.wrong]
    if rows:
        yield "What went wrong", ("place", "workload", "why", "times"), rows


def notes(found: Findings) -> Iterator[str]:
    """What stands below the numbers."""
    for it in found.places:
        both = it.cold.latency, it.warm.latency
        if both[0] is not None and both[1] is not None and both[1].p50.ms:
            times = both[0].p50.ms / both[1].p50.ms
            yield f"{it.place}: a cold run takes {times:.1f} times as long as a warm one (p50)"
        yield f"{it.place}: {it.price}; {dollars(it.total_nusd)} in all"
    yield (
        "intervals of 95 %: of success over workloads, of quantiles by ranks, of runs a second "
        "over five parts of a level; an end that so few runs cannot bound is a question mark"
    )


def _run(place: str, it: Phase) -> list[str]:
    runs = str(it.latency.runs) if it.latency else "0"
    return [place, runs, _rate(it.success), *_took(it.latency), dollars(it.per_success_nusd)]


def _rate(it: Rate | None) -> str:
    return interval(it) if it is not None else "not judged"


def _took(it: Latency | None) -> list[str]:
    if it is None:
        return ["-", "-", "-"]
    return [_point(it.p50), _point(it.p99), f"{it.code_p50_ms:,.0f} ms"]


def _point(it: Point) -> str:
    low = "?" if it.low_ms is None else f"{it.low_ms:,.0f}"
    high = "?" if it.high_ms is None else f"{it.high_ms:,.0f}"
    return f"{it.ms:,.0f} ms ({low} to {high})"


def _level(place: str, it: Level) -> list[str]:
    pace = f"{it.per_s:.2f}"
    if it.per_s_low is not None and it.per_s_high is not None:
        pace += f" ({it.per_s_low:.2f} to {it.per_s_high:.2f})"
    return [
        place,
        str(it.at_once),
        f"{it.right} of {it.judged}" if it.judged else "not judged",
        f"{it.failed_high:.1%}" if it.judged else "-",
        pace,
        *_took(it.latency)[:2],
    ]
