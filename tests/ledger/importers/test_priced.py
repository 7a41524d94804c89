"""A staged draft costs to the nano-dollar what the gateway would have counted for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.priced import SLOT_US, Asked, spans
from headgate.wire.model import Terms, Usage
from tests.ledger.importers.books import NOW_US, booked, catalog, draft

MODELS = ("claude-opus-5-5", "claude-haiku-5-5", "gpt-5-codex", "deepseek-chat", "nobody-knows")
TOKENS = st.one_of(st.integers(0, 5), st.integers(0, 300_000), st.integers(0, 100_000_000))
CLASSES = ("input_fresh", "cache_read", "cache_write_5m", "cache_write_1h", "output")
COUNTS = st.fixed_dictionaries(dict.fromkeys(CLASSES, TOKENS))
DRAFTS = st.lists(
    st.tuples(
        st.sampled_from(MODELS),
        st.integers(NOW_US - 400 * 86_400_000_000, NOW_US),
        COUNTS,
        st.sampled_from(("", "batch", "priority", "odd")),
        st.sampled_from(("", "fast")),
        st.sampled_from(("", "us")),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=60,
)


def expected(it: Draft) -> tuple[int, ...]:
    at = datetime.fromtimestamp(it.at_us // SLOT_US * SLOT_US / 1e6, UTC)
    rates = catalog().rates(it.provider, it.model, at)
    usage = Usage(
        *(it.input_fresh, it.cache_read, it.cache_write_5m, it.cache_write_1h, 0, 0),
        output=it.output,
        web_searches=it.web_searches,
    )
    terms = Terms(it.tier, it.speed, it.geo)
    return (*rates.cost(usage, terms), rates.uncached_nusd(usage.input_total, terms))


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(told=DRAFTS)
def test_every_line_of_every_cost_is_what_the_gateway_counts(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[str, int, dict[str, int], str, str, str, int]],
) -> None:
    drafts = []
    for n, (model, at_us, counts, tier, speed, geo, web) in enumerate(told):
        terms: dict[str, Any] = {"tier": tier, "speed": speed, "geo": geo}
        more: dict[str, Any] = counts | terms | {"model": model, "web_searches": web}
        drafts.append(draft(f"m{n}", at_us, **more))
    with booked(tmp_path_factory.mktemp("p"), {"a": drafts}) as (duck, _):
        found = duck.execute(
            "SELECT id, input_nusd, cache_read_nusd, cache_write_nusd, output_nusd,"
            " search_nusd, uncached_nusd FROM ready"
        ).fetchall()
    assert {row[0]: row[1:] for row in found} == {it.id: expected(it) for it in drafts}


def test_prices_of_the_day_are_taken(tmp_path: Path) -> None:
    day = 86_400_000_000
    october = 1_790_812_800_000_000  # 2026-10-01: a read of Sonnet 5.5's cache costs twice that
    drafts = [
        draft(id, at_us, model="claude-sonnet-5-5", cache_read=1_000_000, output=0)
        for id, at_us in (("before", october), ("after", october + 20 * day))
    ]
    with booked(tmp_path, {"a": drafts}) as (duck, _):
        found = dict(duck.execute("SELECT id, cost_nusd FROM ready").fetchall())
    assert found == {"before": 200_000_000, "after": 100_000_000}


def test_an_unknown_model_costs_the_ceiling_and_says_so(tmp_path: Path) -> None:
    drafts = [draft("a", model="nobody-knows", input_fresh=1_000_000, output=0)]
    with booked(tmp_path, {"a": drafts}) as (duck, counts):
        found = duck.execute("SELECT cost_nusd, priced_by FROM ready").fetchall()
    assert found == [(15 * 10**9, "ceiling")]
    assert counts.unpriced == {"nobody-knows": 1}


@pytest.mark.parametrize(
    ("more", "dear"),
    [
        ({"calls": 1}, True),
        ({"calls": 100, "span_us": 1}, False),
        ({"calls": 0, "span_us": 1}, False),
        ({"calls": 0, "span_us": 1, "each_input": 200_000}, True),
        ({"calls": 2}, True),
    ],
)
def test_a_long_prompts_price_is_chosen_by_one_calls_input(
    tmp_path: Path, more: dict[str, int], dear: bool
) -> None:
    told = draft("a", model="claude-haiku-5-5", input_fresh=1_000_000, output=0, **more)
    with booked(tmp_path, {"a": [told]}) as (duck, _):
        ((cost,),) = duck.execute("SELECT cost_nusd FROM ready").fetchall()
    assert cost == (500_000_000 if dear else 100_000_000)


def test_prices_are_laid_down_once_for_as_long_as_they_hold() -> None:
    october = 1_790_812_800_000_000 // SLOT_US
    asked = [
        Asked("anthropic", "claude-sonnet-5-5", "", "", "", october + n)
        for n in range(0, 576, 48)
    ]
    found = list(spans(asked, catalog()))
    assert [(it.asked.slot, it.last) for it in found] == [
        (october, october + 48 * 5),
        (october + 48 * 6, october + 48 * 11),
    ]


def test_nothing_staged_makes_nothing(tmp_path: Path) -> None:
    with booked(tmp_path, {"a": []}) as (duck, counts):
        assert duck.execute("SELECT count(*) FROM ready").fetchall() == [(0,)]
    assert (counts.calls, counts.cost_nusd) == (0, 0)


@pytest.mark.parametrize(
    "more",
    [
        {"output": 0},
        {"output": 0, "span_us": 86_400_000_000, "calls": 0},
        {"model": "nobody-knows", "input_fresh": 1_000, "cache_read": 2_000},
    ],
)
def test_without_tokens_or_a_listed_price_the_stated_cost_counts(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    told = draft("a", stated_nusd=12_500_000_000, **more)
    with booked(tmp_path, {"a": [told]}) as (duck, counts):
        found = duck.execute(
            "SELECT input_nusd, cache_read_nusd, cache_write_nusd, output_nusd, search_nusd,"
            " uncached_nusd, cost_nusd, priced_by, price_version FROM ready"
        ).fetchall()
    cost = 12_500_000_000
    assert found == [(0, 0, 0, 0, cost, 0, cost, "stated", "the source")]
    assert (counts.stated, counts.unpriced, counts.cost_nusd) == (1, {}, cost)


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({"stated_nusd": 7}, "catalog"),
        ({"stated_nusd": 0, "output": 0}, "catalog"),
        ({"stated_nusd": 0, "model": "nobody-knows"}, "ceiling"),
        ({"model": "nobody-knows"}, "ceiling"),
    ],
)
def test_a_listed_price_beats_what_is_stated_and_a_stated_nothing_is_no_cost(
    tmp_path: Path, more: dict[str, Any], by: str
) -> None:
    with booked(tmp_path, {"a": [draft("a", **more)]}) as (duck, counts):
        ((priced_by, cost, stated),) = duck.execute(
            "SELECT priced_by, cost_nusd, stated_nusd FROM ready"
        ).fetchall()
    assert (priced_by, counts.stated) == (by, 0)
    assert (cost == 0) == (more.get("output") == 0)
    assert stated == more.get("stated_nusd")
