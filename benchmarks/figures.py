"""What the rounds of a run amount to: medians, ratios, a table, and each missed figure.

Rule 1: a ratio is taken inside a round, where both sides met the same machine, and then the
        median over the rounds is taken; absolute figures are medians and never asserted
        between machines.
Rule 2: a figure that could not be measured counts as missed, unless only a part was asked for.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

Json = dict[str, Any]
Round = dict[str, Json]
"""what one round found, by target"""
HOUSE = "headgate"


def reach(found: Json, path: str) -> float | None:
    """A number deep in the findings: reach(found, "highest/1k/per_second"); None: not there."""
    value: Any = found
    for name in path.split("/"):
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None else float(value)


def median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def over(value: float | None, other: float | None) -> float | None:
    return value / other if value is not None and other else None


def medians(rounds: list[Round], target: str, path: str) -> float | None:
    return median(reach(each.get(target, {}), path) for each in rounds)


def ratios(rounds: list[Round], path: str, other: str) -> float | None:
    """Headgate's number over another target's; None where one of them was not measured."""
    return median(
        over(reach(each.get(HOUSE, {}), path), reach(each.get(other, {}), path))
        for each in rounds
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure the gateway must reach."""

    name: str
    measure: Callable[[list[Round]], float | None]
    full: float
    quick: float
    """the generous bound of the short run, which must hold on any shared machine"""
    is_floor: bool = False
    """the figure must not be lower; else it must not be higher"""
    unit: str = ""
    needs: str = ""
    """a target without which the figure is not asked"""


def _ratio(path: str, other: str) -> Callable[[list[Round]], float | None]:
    return partial(ratios, path=path, other=other)


def _throughput(other: str, scale: float = 1) -> Callable[[list[Round]], float | None]:
    """Requests/s over another's, or what CPU per request says of it, whichever is less.

    Where other programs starve the load's core, the faster side is cut short and the ratio of
    requests/s flatters the slower one; the ratio of CPU does not.
    """

    def measure(rounds: list[Round]) -> float | None:
        values = []
        for each in rounds:
            mine, its = each.get(HOUSE, {}), each.get(other, {})
            asked = [reach(one, "highest/1k/per_second") for one in (mine, its)]
            spent = [reach(one, "highest/1k/cpu_us") for one in (its, mine)]
            shares = [over(*asked), over(*spent)]
            present = [share for share in shares if share is not None]
            values.append(min(present) if present else None)
        found = median(values)
        return None if found is None else found * scale

    return measure


def _own(path: str, scale: float = 1) -> Callable[[list[Round]], float | None]:
    def measure(rounds: list[Round]) -> float | None:
        found = medians(rounds, HOUSE, path)
        return None if found is None else found * scale

    return measure


def _tail(rate: str) -> Callable[[list[Round]], float | None]:
    def measure(rounds: list[Round]) -> float | None:
        added = [reach_all(each, f"rates/{rate}/added_us") for each in rounds]
        return median(over(each.get("p99_over_direct_p50"), each.get("p50")) for each in added)

    return measure


def reach_all(each: Round, path: str) -> dict[str, float]:
    """The numbers Headgate's findings hold at a path; none where it was not measured."""
    value: Any = each.get(HOUSE, {})
    for name in path.split("/"):
        value = value.get(name, {})
    return dict(value)


def _share_of_direct(rounds: list[Round]) -> float | None:
    rates = "streams/events_per_second", "streams/direct/events_per_second"
    found = (each.get(HOUSE, {}) for each in rounds)
    share = median(over(reach(one, rates[0]), reach(one, rates[1])) for one in found)
    return None if share is None else 100 * share


def _troubles(rounds: list[Round]) -> float | None:
    return float(
        sum(sum(count_errors(each[HOUSE]).values()) for each in rounds if HOUSE in each)
    )


def count_errors(found: Json) -> dict[str, int]:
    """Errors, unfinished exchanges and stalled streams of one target, by measurement."""
    runs = {f"highest {name}": run for name, run in found["highest"].items()}
    runs |= {f"rate {name}": run for name, run in found["rates"].items()}
    runs["streams"] = found["streams"]
    counts = {
        name: int(run["errors"]) + int(run.get("stalled", 0)) for name, run in runs.items()
    }
    for rate, run in found["rates"].items():
        counts[f"rate {rate}"] += int(run["unfinished"])
    return {name: count for name, count in counts.items() if count}


def _throughput_figures() -> list[Asked]:
    nginx, litellm = _throughput("nginx", 100), _throughput("litellm")
    cpu = "highest/{}/cpu_us"
    return [
        Asked("requests/s at 1 KB over nginx's", nginx, 17, 9, is_floor=True, unit="%"),
        Asked(
            "requests/s at 1 KB over LiteLLM's",
            litellm,
            60,
            60,
            is_floor=True,
            unit="x",
            needs="litellm",
        ),
        Asked(
            "CPU at 100 KB over nginx's", _ratio(cpu.format("100k"), "nginx"), 4, 10, unit="x"
        ),
        Asked("CPU at 1 MB over nginx's", _ratio(cpu.format("1m"), "nginx"), 4, 8, unit="x"),
    ]


def _latency_figures(rate: int) -> list[Asked]:
    added = _ratio(f"rates/{rate}/added_us/p50", "nginx")
    return [
        Asked(f"added p50 at {rate}/s over nginx's", added, 4.5, 10, unit="x"),
        Asked(f"added p99 over added p50 at {rate}/s", _tail(str(rate)), 4, 20, unit="x"),
    ]


def _stream_figures() -> list[Asked]:
    delay = _ratio("streams/delay_us/p50", "nginx")
    content = _own("streams/added_p50_us/first_content", 0.001)
    cpu = _ratio("streams/cpu_ms_per_1k_events", "nginx")
    held = _own("streams/most_open")
    share = _share_of_direct
    return [
        Asked("events/s of 200 streams over direct", share, 99, 95, is_floor=True, unit="%"),
        Asked("streams held at once", held, 200, 200, is_floor=True),
        Asked("event delay p50 over nginx's", delay, 4, 8, unit="x"),
        Asked("first content above direct at p50", content, 1, 3, unit=" ms"),
        Asked("CPU per 1,000 events over nginx's", cpu, 3, 6, unit="x"),
    ]


def _crossing_figures() -> list[Asked]:
    per_second, event = _own("highest/1k-across/per_second"), _own("crossing_us/slowest event")
    return [
        Asked(
            "requests/s at 1 KB between two dialects", per_second, 4_000, 2_500, is_floor=True
        ),
        Asked("CPU of an event said again in another dialect", event, 15, 25, unit=" us"),
    ]


def _process_figures() -> list[Asked]:
    return [
        Asked("first healthy reply after start", _own("start_s"), 1, 3, unit=" s"),
        Asked("resident memory at rest", _own("rss_rest_mb"), 80, 120, unit=" MB"),
        # Sixteen bodies of 1 MB in flight, three copies of each, beside what a worker rests at.
        Asked(
            "resident memory after all requests", _own("rss_loaded_mb"), 200, 300, unit=" MB"
        ),
        Asked("errors, stalls and unfinished calls", _troubles, 0, 0),
    ]


def asked(rates: list[int]) -> list[Asked]:
    latency = [figure for rate in rates for figure in _latency_figures(rate)]
    streams = [*_stream_figures(), *_crossing_figures()]
    return [*_throughput_figures(), *latency, *streams, *_process_figures()]


@dataclass(frozen=True, slots=True)
class Verdict:
    name: str
    bound: str
    measured: str
    value: float | None
    is_met: bool


def judge(
    rounds: list[Round], rates: list[int], *, is_quick: bool, is_part: bool
) -> list[Verdict]:
    present = {name for each in rounds for name in each}
    verdicts = []
    for figure in asked(rates):
        if figure.needs and figure.needs not in present:
            continue
        bound = figure.quick if is_quick else figure.full
        value = figure.measure(rounds)
        if value is None and is_part:
            continue
        is_met = value is not None and (value >= bound if figure.is_floor else value <= bound)
        sign = ">=" if figure.is_floor else "<="
        text = "not measured" if value is None else f"{value:.4g}{figure.unit}"
        verdicts.append(
            Verdict(figure.name, f"{sign} {bound:g}{figure.unit}", text, value, is_met)
        )
    return verdicts


COLUMNS = (
    ("1 KB rps", "highest/1k/per_second", ",.0f"),
    ("CPU us", "highest/1k/cpu_us", ".1f"),
    ("sdk rps", "highest/1k-sdk/per_second", ",.0f"),
    ("chat rps", "highest/chat-1k/per_second", ",.0f"),
    ("across rps", "highest/1k-across/per_second", ",.0f"),
    ("CPU us", "highest/1k-across/cpu_us", ".1f"),
    ("100 KB rps", "highest/100k/per_second", ",.0f"),
    ("CPU us", "highest/100k/cpu_us", ",.0f"),
    ("chat 100 KB CPU us", "highest/chat-100k/cpu_us", ",.0f"),
    ("1 MB rps", "highest/1m/per_second", ",.0f"),
    ("CPU us", "highest/1m/cpu_us", ",.0f"),
    ("gw cores", "highest/1k/gateway_cores", ".2f"),
    ("load core idle", "highest/1k/load_core_idle", ".2f"),
    ("foreign cores", "highest/1k/foreign_cores", ".2f"),
)
STREAM_COLUMNS = (
    ("events/s", "streams/events_per_second", ",.0f"),
    ("held", "streams/most_open", ".0f"),
    ("stalled", "streams/stalled", ".0f"),
    ("broken", "streams/broken", ".0f"),
    ("delay p50 us", "streams/delay_us/p50", ",.0f"),
    ("p99 us", "streams/delay_us/p99", ",.0f"),
    ("CPU ms/1k", "streams/cpu_ms_per_1k_events", ".1f"),
    ("first byte p50 us", "streams/first_byte_us/p50", ",.0f"),
    ("added content us", "streams/added_p50_us/first_content", ",.0f"),
    ("load core idle", "streams/load_core_idle", ".2f"),
    ("foreign cores", "streams/foreign_cores", ".2f"),
)
PROCESS_COLUMNS = (
    ("start s", "start_s", ".2f"),
    ("RSS rest MB", "rss_rest_mb", ".0f"),
    ("after requests", "rss_loaded_mb", ".0f"),
    ("after streams", "rss_streamed_mb", ".0f"),
)


def rate_columns(rates: list[int]) -> tuple[tuple[str, str, str], ...]:
    whole = tuple(
        (f"p50 at {rate}/s", f"rates/{rate}/latency_us/p50", ",.0f") for rate in rates
    )
    added = tuple(
        (f"added {share} {rate}/s", f"rates/{rate}/added_us/{share}", ",.0f")
        for rate in rates
        for share in ("p50", "p95", "p99")
    )
    return whole + added


def table(rounds: list[Round], columns: tuple[tuple[str, str, str], ...]) -> str:
    """One row per target, columns as wide as what stands in them."""
    names = list(dict.fromkeys(name for each in rounds for name in each))
    rows = [["", *(title for title, _, _ in columns)]]
    for name in names:
        cells = [name]
        for _, path, form in columns:
            value = medians(rounds, name, path)
            cells.append("-" if value is None else format(value, form))
        rows.append(cells)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not i else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


RATIOS = (
    ("requests/s, 1 KB", "highest/1k/per_second"),
    ("requests/s, 1 KB with an SDK's headers", "highest/1k-sdk/per_second"),
    ("requests/s, 1 KB, Chat Completions", "highest/chat-1k/per_second"),
    ("CPU per request, 1 KB", "highest/1k/cpu_us"),
    ("CPU per request, 100 KB", "highest/100k/cpu_us"),
    ("CPU per request, 1 MB", "highest/1m/cpu_us"),
    ("added p50 at 50/s", "rates/50/added_us/p50"),
    ("added p50 at 100/s", "rates/100/added_us/p50"),
    ("event delay p50", "streams/delay_us/p50"),
    ("CPU per event", "streams/cpu_ms_per_1k_events"),
    ("memory after requests", "rss_loaded_mb"),
)


def ratio_lines(rounds: list[Round]) -> str:
    """Headgate over each of the others, where both were measured."""
    lines = []
    for title, path in RATIOS:
        cells = []
        for other in ("nginx", "litellm"):
            value = ratios(rounds, path, other)
            if value is not None:
                cells.append(f"{value:.3g} x {other}")
        if cells:
            lines.append(f"  {title}: {', '.join(cells)}")
    return "\n".join(lines)


BUSY_CORES = 0.3


def foreign_cores(rounds: list[Round]) -> float:
    """What other programs took, in cores, at the median of all throughput runs."""
    runs = [run for each in rounds for one in each.values() for run in one["highest"].values()]
    return median(float(run["foreign_cores"]) for run in runs) or 0.0


def report(rounds: list[Round], rates: list[int]) -> str:
    titled = (
        ("Most requests a second on one core", COLUMNS),
        (
            "Latency in us at a low rate, 1 KB (added: above direct in the same stretch)",
            rate_columns(rates),
        ),
        ("200 streams of 50 events, 20 ms apart", STREAM_COLUMNS),
        ("The process", PROCESS_COLUMNS),
    )
    parts = [f"{title}\n{table(rounds, columns)}" for title, columns in titled]
    compared = ratio_lines(rounds)
    return "\n\n".join([*parts, f"Headgate over the others\n{compared}"] if compared else parts)
