"""The metrics page: valid text, by provider and model, and never longer than its bound."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine import Meters
from headgate.engine.meter import LONGEST_BYTES, OTHER, SERIES_KEPT
from headgate.engine.settle import TOKEN_CLASSES
from headgate.gateway import metrics
from headgate.wire.model import Ending, Kind
from tests.kit import message, running

LINE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
    r"(?P<value>-?[0-9.e+-]+|\+Inf|NaN)"
)
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
TYPES = {"counter", "gauge", "histogram"}
Page = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Page:
    """Prometheus text, strictly: a sample of an unannounced name or a repeated one fails."""
    found: Page = {}
    announced: dict[str, str] = {}
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            assert word in ("HELP", "TYPE")
            if word == "TYPE":
                assert rest in TYPES
                assert name not in announced, f"{name} is announced twice"
                announced[name] = rest
            continue
        match = LINE.fullmatch(line)
        assert match is not None, line
        name = match["name"]
        stem = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in announced or announced.get(stem) == "histogram", line
        labels = frozenset(
            (key, re.sub(r'\\[\\"n]', lambda hit: UNESCAPED[hit[0]], value))
            for key, value in LABEL.findall(match["labels"] or "")
        )
        assert (name, labels) not in found, f"repeated: {line}"
        found[name, labels] = float(match["value"])
    return found


def pick(page: Page, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (n, have), value in page.items() if n == name and wanted <= have)


@given(st.text(), st.text(), st.integers(0, 10**12), st.floats(0, 1e6))
def test_whatever_a_model_is_called_the_page_parses_and_gives_its_name_back(
    provider: str, model: str, cost: int, seconds: float
) -> None:
    meters = Meters()
    meter = meters.of(provider, model)
    meter.calls["complete"] = 3
    meter.cost_nusd = cost
    meter.latency.observe(seconds)
    text = metrics.page(meters, {"invalid": 2}, [("headgate_running_calls", "Calls.", 1.0)])
    page = parse(text.decode())
    shown = model if len(model.encode()) <= LONGEST_BYTES else OTHER
    labels = {"provider": provider, "model": shown}
    assert pick(page, "headgate_calls_total", ending="complete", **labels) == 3
    dollars = pick(page, "headgate_cost_dollars_total", **labels)
    assert dollars == pytest.approx(cost / 1e9, abs=1e-9)
    assert pick(page, "headgate_call_seconds_count", **labels) == 1
    assert pick(page, "headgate_call_seconds_bucket", le="+Inf", **labels) == 1
    assert pick(page, "headgate_refused_total", kind="invalid") == 2
    assert pick(page, "headgate_running_calls") == 1


def test_misses_savings_and_premiums_are_told_by_cause_and_source() -> None:
    meters = Meters()
    meter = meters.of("p", "m")
    meter.cache_missed["expired"] = 3
    meter.cache_missed_nusd["expired"] = 1_500_000_000
    meter.cache_saved_nusd["prompt"] = 7
    meter.cache_premium_nusd = 250_000_000
    meters.of("p", "n").cache_missed["expired"] = 4
    page = parse(metrics.page(meters, {}, []).decode())
    assert pick(page, "headgate_cache_miss_total", cause="expired") == 7
    assert pick(page, "headgate_cache_miss_dollars_total", cause="expired") == 1.5
    assert pick(page, "headgate_cache_saved_dollars_total", **{"from": "prompt"}) == 7e-9
    assert pick(page, "headgate_cache_premium_dollars_total", provider="p") == 0.25


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_buckets_never_decrease_and_the_last_one_counts_all(seen: list[float]) -> None:
    meters = Meters()
    for seconds in seen:
        meters.of("p", "m").latency.observe(seconds)
    if not seen:
        meters.of("p", "m")
    page = parse(metrics.page(meters, {}, []).decode())
    buckets = [
        (float(dict(labels)["le"]), value)
        for (name, labels), value in page.items()
        if name == "headgate_call_seconds_bucket"
    ]
    assert [v for _, v in sorted(buckets)] == sorted(v for _, v in buckets)
    for bound, value in buckets:
        assert value == sum(seconds <= bound for seconds in seen)


def test_the_number_of_series_is_bounded() -> None:
    meters = Meters()
    for n in range(SERIES_KEPT * 2):
        meters.of("p", f"model-{n}", answered=True).calls["complete"] = 1
    page = parse(metrics.page(meters, {}, []).decode())
    models = {dict(labels)["model"] for _, labels in page if "model" in dict(labels)}
    assert len(models) == SERIES_KEPT + 1
    assert "other" in models


@pytest.mark.parametrize("length", [25, LONGEST_BYTES])
def test_a_page_with_every_series_it_may_have_stays_small_enough_to_scrape(
    length: int,
) -> None:
    """Names as long as the longest one for sale, and names as long as any may be."""
    meters = Meters()
    for n in range(SERIES_KEPT * 2):
        meter = meters.of("anthropic", f"{n:03}".ljust(length, "x"), answered=True)
        meter.calls = dict.fromkeys(Ending, 123456)
        meter.faults = dict.fromkeys(("overloaded", "upstream_limited", "timeout"), 123_456)
        meter.tokens = dict.fromkeys(TOKEN_CLASSES, 123_456_789_012)
        meter.cache_missed = dict.fromkeys(("expired", "not_ready"), 123_456)
        meter.cache_missed_nusd = dict.fromkeys(("expired", "not_ready"), 123_456_789_012)
        meter.cache_saved_nusd = {"prompt": 123_456_789_012}
        for histogram in (meter.latency, meter.ttft):
            histogram.counts = [1_234_567] * len(histogram.counts)
            histogram.total = 123_456.789
    refused = {kind.value: 123_456 for kind in Kind}
    page = metrics.page(meters, refused, [("headgate_running_calls", "Calls.", 1.0)])
    assert len(page) < 300_000
    parse(page.decode())


@pytest.mark.slow
async def test_the_page_tells_calls_faults_retries_fallbacks_canned_tokens_cost_and_times() -> (
    None
):
    toml = """
[retry]
waits_s = [0.01]
[models]
pair = ["anthropic:claude-sonnet-5-5 x2", "anthropic:claude-haiku-5-5"]
safe = { ladder = ["openai:gpt-6-luna"], canned = "Sorry." }
"""
    async with running(toml) as field:
        field.sim.next("529", "529", "")
        assert (await field.post("/v1/messages", message("pair"))).status == 200
        assert (await field.post("/v1/messages", message("pair", stream=True))).status == 200
        chat = {"model": "safe", "messages": [{"role": "user", "content": "hi"}]}
        got = await field.post("/v1/chat/completions", chat, {"x-headgate-sim": "529"})
        assert got.headers["x-headgate-canned"] == "true"
        rows = await field.rows(3)
        answer = await field.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        page = parse(answer.body.decode())
    haiku = {"provider": "anthropic", "model": "claude-haiku-5-5"}
    sonnet = {"provider": "anthropic", "model": "claude-sonnet-5-5"}
    luna = {"provider": "openai", "model": "gpt-6-luna"}
    assert pick(page, "headgate_calls_total", ending="complete", **haiku) == 2
    assert pick(page, "headgate_faults_total", kind="overloaded", **sonnet) == 2
    assert pick(page, "headgate_retries_total", **sonnet) == 1
    assert pick(page, "headgate_fallbacks_total", **haiku) == 1
    assert pick(page, "headgate_canned_total", **luna) == 1
    told = [row for row in rows if row["model_sent"] == "claude-haiku-5-5"]
    assert len(told) == 2
    tokens = pick(page, "headgate_tokens_total", **{"class": "output"}, **haiku)
    assert tokens == sum(row["output"] for row in told) > 0
    fresh = pick(page, "headgate_tokens_total", **{"class": "input_fresh"}, **haiku)
    assert fresh == sum(row["input_fresh"] for row in told)
    cost = pick(page, "headgate_cost_dollars_total", **haiku)
    assert cost == pytest.approx(sum(row["cost_nusd"] for row in told) / 1e9, abs=1e-8)
    assert pick(page, "headgate_call_seconds_count", **haiku) == 2
    assert pick(page, "headgate_ttft_seconds_count", **haiku) == 2
    assert pick(page, "headgate_running_calls") == 0
    assert pick(page, "headgate_ledger_trouble") == 0
