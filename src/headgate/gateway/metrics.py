"""GET /metrics: the engine's counters as Prometheus text, made when the page is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from headgate.engine import Meters
from headgate.engine.meter import LATENCY_S, Histogram

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

NUSD = 1_000_000_000

_COUNTERS = (
    ("headgate_calls_total", "Calls, by how they ended.", "calls", "ending"),
    ("headgate_faults_total", "Tries that failed, by kind of fault.", "faults", "kind"),
    ("headgate_tokens_total", "Tokens, by disjoint class.", "tokens", "class"),
)
_OF_CACHES = (
    (
        "headgate_cache_miss_total",
        "Calls that read less from the vendor's cache than they should have.",
        "cache_missed",
        "cause",
        1,
    ),
    (
        "headgate_cache_miss_dollars_total",
        "What those cost beyond what reading would have.",
        "cache_missed_nusd",
        "cause",
        NUSD,
    ),
    (
        "headgate_cache_saved_dollars_total",
        "What reading prompts from the vendor's cache, or answers from ours, saved.",
        "cache_saved_nusd",
        "from",
        NUSD,
    ),
)
"""by provider only: so many causes of so many models would be a page nobody can scrape"""
_SINGLE = (
    ("headgate_retries_total", "Tries of the same target after the first.", "retries"),
    ("headgate_fallbacks_total", "Calls passed on to the next target.", "fallbacks"),
    ("headgate_canned_total", "Calls answered with the canned reply.", "canned"),
)
_HISTOGRAMS = (
    ("headgate_call_seconds", "Whole calls.", "latency"),
    ("headgate_ttft_seconds", "Time to the first content.", "ttft"),
)


def page(
    meters: Meters,
    refused: Mapping[str, int],
    gauges: Iterable[tuple[str, str, float]],
    more: Iterable[str] = (),
) -> bytes:
    """`gauges` are (name, help, value) of what has no provider or model; `more` are lines."""
    lines = [*_of_meters(meters), *_of_caches(meters), *_of_house(refused, gauges), *more]
    return ("\n".join(lines) + "\n").encode()


def _of_house(
    refused: Mapping[str, int], gauges: Iterable[tuple[str, str, float]]
) -> Iterator[str]:
    name = "headgate_refused_total"
    yield from _head(name, "Requests turned away before they became calls.", "counter")
    for kind, count in refused.items():
        yield f'{name}{{kind="{kind}"}} {count}'
    for name, said, gauge in gauges:
        yield from _head(name, said, "gauge")
        yield f"{name} {gauge:g}"


def _of_meters(meters: Meters) -> Iterator[str]:
    rows = [(_labels(provider, model), meter) for provider, model, meter in meters]
    for name, said, field, label in _COUNTERS:
        yield from _head(name, said, "counter")
        for labels, meter in rows:
            for value, count in getattr(meter, field).items():
                yield f'{name}{{{labels},{label}="{value}"}} {count}'
    for name, said, field in _SINGLE:
        yield from _head(name, said, "counter")
        for labels, meter in rows:
            yield f"{name}{{{labels}}} {getattr(meter, field)}"
    yield from _head("headgate_cost_dollars_total", "What the calls cost.", "counter")
    for labels, meter in rows:
        yield f"headgate_cost_dollars_total{{{labels}}} {meter.cost_nusd / 1e9:.9f}"
    for name, said, field in _HISTOGRAMS:
        yield from _head(name, said, "histogram")
        for labels, meter in rows:
            yield from _histogram(name, labels, getattr(meter, field))


def _of_caches(meters: Meters) -> Iterator[str]:
    for name, said, field, label, unit in _OF_CACHES:
        sums: dict[tuple[str, str], int] = {}
        for provider, _, meter in meters:
            for value, count in getattr(meter, field).items():
                sums[provider, value] = sums.get((provider, value), 0) + count
        yield from _head(name, said, "counter")
        for (provider, value), count in sums.items():
            yield f'{name}{{provider="{_safe(provider)}",{label}="{value}"}} {count / unit:.9g}'
    name, premiums = "headgate_cache_premium_dollars_total", dict[str, int]()
    for provider, _, meter in meters:
        premiums[provider] = premiums.get(provider, 0) + meter.cache_premium_nusd
    yield from _head(
        name, "What writing to the vendor's cache cost beyond plain input.", "counter"
    )
    for provider, nusd in premiums.items():
        yield f'{name}{{provider="{_safe(provider)}"}} {nusd / NUSD:.9g}'


def _histogram(name: str, labels: str, it: Histogram) -> Iterator[str]:
    count = 0
    for bound, here in zip(LATENCY_S, it.counts, strict=False):
        count += here
        yield f'{name}_bucket{{{labels},le="{bound:g}"}} {count}'
    count += it.counts[-1]
    yield f'{name}_bucket{{{labels},le="+Inf"}} {count}'
    yield f"{name}_sum{{{labels}}} {it.total:.6f}"
    yield f"{name}_count{{{labels}}} {count}"


def _head(name: str, said: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {said}"
    yield f"# TYPE {name} {kind}"


def _labels(provider: str, model: str) -> str:
    return f'provider="{_safe(provider)}",model="{_safe(model)}"'


def _safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
