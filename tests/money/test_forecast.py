"""A month's cost adds up, grows with the traffic, and counts caching as it is billed."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.forecast import (
    Extra,
    Forecast,
    Offer,
    break_even,
    forecast,
    lifetime,
    review_labour,
    share_needed,
)
from headgate.money.pattern import Caching, Part, Pattern
from headgate.wire.model import STANDARD

F = Fraction
USD = 10**9
DAY = datetime(2026, 11, 21, tzinfo=UTC)
CATALOG = Catalog.load(PriceRules(ceiling=False))
MODELS = ["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-7", "gpt-6.1-terra", "gpt-4o"]

shares = st.fractions(0, 1, max_denominator=100)
counts = st.integers(0, 10_000).map(F)


def offer(model: str, minimum: int | None = None) -> Offer:
    return Offer(model, CATALOG.rates("", model, DAY), minimum=minimum)


def pattern(**more: Any) -> Pattern:
    usual: dict[str, Any] = {"requests": F(1_000_000), "input": F(10_000), "output": F(500)}
    return Pattern(**{**usual, **more})


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    input = draw(st.integers(2_000, 300_000).map(F))
    caching = Caching(
        draw(st.integers(0, int(input)).map(F)),
        hit=draw(shares | st.none()),
        heads=draw(st.integers(1, 50)),
        ttl=draw(st.sampled_from(["", "5m", "1h", "30m", "12h"])),
        readable_s=draw(st.integers(0, 10).map(F)),
    )
    return Pattern(
        requests=draw(st.integers(1, 10**7).map(F)),
        input=input,
        output=draw(counts),
        caching=draw(st.sampled_from([caching, None])),
        batch=draw(shares),
        reasoning=draw(shares),
        searches=draw(st.integers(0, 3).map(F)),
        growth=draw(st.fractions(-F(1, 2), F(1, 2), max_denominator=100)),
    )


@settings(max_examples=25)
@given(patterns(), st.sampled_from(MODELS))
def test_lines_add_up_to_the_month_and_twelve_months_to_the_year(
    it: Pattern, model: str
) -> None:
    found = forecast(it, offer(model), (Extra("fee", 500 * USD),))
    assert found.monthly_nusd == sum(line.nusd for line in found.lines)
    assert found.vendor_nusd == found.monthly_nusd - 500 * USD
    grown = sum(((1 + it.growth) ** month for month in range(12)), F(0)) * found.vendor_nusd
    assert abs(found.yearly_nusd - 6_000 * USD - grown) <= 1


@settings(max_examples=25)
@given(patterns(), st.sampled_from(MODELS), st.integers(2, 9))
def test_so_many_times_the_requests_cost_so_many_times_as_much(
    it: Pattern, model: str, times: int
) -> None:
    more = {name: getattr(it, name) for name in it.__slots__} | {
        "requests": it.requests * times
    }
    if it.caching is not None and it.caching.hit is None:
        more["caching"] = None
        it = Pattern(**{**{name: getattr(it, name) for name in it.__slots__}, "caching": None})
    one, many = forecast(it, offer(model)), forecast(Pattern(**more), offer(model))
    assert abs(many.monthly_nusd - times * one.monthly_nusd) <= times * len(one.lines)


@settings(max_examples=25)
@given(patterns(), st.sampled_from(MODELS))
def test_a_cache_never_saves_more_than_reading_the_whole_prefix_every_time(
    it: Pattern, model: str
) -> None:
    found = forecast(it, offer(model))
    if found.shares is None or it.caching is None:
        assert found.saved_by_cache_nusd == 0
        return
    rates = found.offer.rates.table(STANDARD).rates(int(it.input))
    best = it.requests * it.caching.prefix * (rates[0] - rates[1]) / 10**9
    assert found.saved_by_cache_nusd <= best + len(found.lines)


@settings(max_examples=25)
@given(shares, shares, st.sampled_from(MODELS))
def test_more_hits_never_cost_more(some: Fraction, others: Fraction, model: str) -> None:
    few, many = sorted((some, others))
    bills = [
        forecast(pattern(caching=Caching(F(6_000), hit=hit)), offer(model)).vendor_nusd
        for hit in (few, many)
    ]
    assert bills[1] <= bills[0]


def by_name(found: Forecast) -> dict[str, int]:
    return {line.name: line.nusd for line in found.lines}


def test_every_miss_of_a_marked_request_pays_for_writing() -> None:
    found = forecast(
        pattern(caching=Caching(F(6_000), hit=F(3, 4))), offer("claude-sonnet-5-5")
    )
    assert by_name(found) == {
        "fresh input": 8_000 * USD,  # 4,000 tokens, a million times, $2 per million
        "cache reads": 450 * USD,  # 4,500 x $0.10
        "cache writes, 5m": 3_750 * USD,  # 1,500 x $2.50
        "output": 5_000 * USD,
    }
    assert found.uncached_nusd == 25_000 * USD
    assert found.saved_by_cache_nusd == 7_800 * USD
    assert found.dominant == "input"


def test_a_prefix_below_the_minimum_is_never_cached_and_that_is_said() -> None:
    it = pattern(caching=Caching(F(800), hit=F(7, 10)))
    found = forecast(it, offer("claude-sonnet-4-6"))
    assert found.shares is None
    assert found.vendor_nusd == found.uncached_nusd
    assert "800 tokens are below the minimum of 1,024" in found.notes[0]
    assert forecast(it, offer("claude-sonnet-4-6", minimum=0)).shares is not None


def test_a_cache_that_loses_is_told_with_the_share_it_would_take() -> None:
    it = pattern(caching=Caching(F(6_000), hit=F(1, 10)))
    found = forecast(it, offer("claude-opus-4-7"))
    assert found.saved_by_cache_nusd < 0
    assert any("10.0% of requests read it, and it takes 21.7%" in note for note in found.notes)


@pytest.mark.parametrize(
    ("model", "ttl", "needed"),
    [
        ("claude-opus-4-7", "5m", F(25, 115)),
        ("claude-opus-4-7", "1h", F(100, 190)),
        ("claude-sonnet-5-5", "5m", F(25, 120)),
        ("claude-sonnet-5-5", "1h", F(100, 195)),
        ("gpt-4o", "30m", F(0)),
        ("gpt-4-turbo", "30m", None),
    ],
)
def test_the_share_from_which_a_cache_pays_follows_from_its_prices(
    model: str, ttl: str, needed: Fraction | None
) -> None:
    assert share_needed(offer(model).rates, ttl, 1_000) == needed


def test_long_prompts_are_priced_each_by_its_own_size() -> None:
    sizes = (Part(F(9, 10), F(50_000)), Part(F(1, 10), F(150_000)))
    spread = forecast(
        pattern(requests=F(1_000), input=F(60_000), output=F(0), sizes=sizes),
        offer("claude-haiku-5-5"),
    )
    even = forecast(
        pattern(requests=F(1_000), input=F(60_000), output=F(0)), offer("claude-haiku-5-5")
    )
    assert spread.monthly_nusd == (900 * 50_000 * 100) + (100 * 150_000 * 500)
    assert even.monthly_nusd == 1_000 * 60_000 * 100
    assert "no request has more than 100,000 input tokens, where its price rises" in even.notes


def test_requests_shorter_than_the_prefix_carry_no_mark() -> None:
    sizes = (Part(F(1, 2), F(4_000)), Part(F(1, 2), F(16_000)))
    fixed = pattern(sizes=sizes, caching=Caching(F(6_000), hit=F(1)))
    found = forecast(fixed, offer("claude-sonnet-5-5"))
    assert found.online.read == 3_000
    assert "requests shorter than the prefix carry no mark" in found.notes
    grows = pattern(sizes=sizes, caching=Caching(F(6_000), hit=F(1), scales=True))
    assert forecast(grows, offer("claude-sonnet-5-5")).online.read == 6_000


def test_of_prompts_that_repeat_in_proportion_only_those_long_enough_are_cached() -> None:
    sizes = (Part(F(1, 2), F(2_000)), Part(F(1, 2), F(18_000)))
    caching = Caching(F(5_000), hit=F(1), scales=True)
    found = forecast(pattern(sizes=sizes, caching=caching), offer("claude-haiku-4-5"))
    tokens = {line.name: line.quantity for line in found.lines}
    # half as much as the prompt repeats: 1,000 tokens are below 4,096, and 9,000 are not
    assert tokens["cache reads"] == 500_000 * 9_000
    assert tokens["fresh input"] == 500_000 * 2_000 + 500_000 * 9_000
    assert "what repeats of short requests is below the minimum of 4,096" in found.notes


def test_a_batch_is_half_price_and_marks_a_prefix_only_where_that_pays() -> None:
    half = forecast(pattern(batch=F(1, 2)), offer("claude-sonnet-5-5"))
    assert by_name(half)["batch discount"] == -6_250 * USD
    caching = Caching(F(6_000), hit=F(9, 10))
    marked = forecast(pattern(batch=F(1), caching=caching), offer("claude-sonnet-5-5"))
    assert by_name(marked)["cache reads"] == 180 * USD  # 30 % of them
    assert any("30% of batched requests" in note for note in marked.notes)
    hour = Caching(F(6_000), hit=F(9, 10), ttl="1h")
    bare = forecast(pattern(batch=F(1), caching=hour), offer("claude-sonnet-5-5"))
    assert by_name(bare)["cache reads"] == 0
    assert any("carry no cache mark" in note for note in bare.notes)


def test_tokens_counted_by_another_model_are_converted_and_that_is_said() -> None:
    same = forecast(pattern(), offer("claude-opus-4-7"))
    more = forecast(pattern(counted_with="claude-sonnet-4-6"), offer("claude-opus-4-7"))
    assert more.monthly_nusd == same.monthly_nusd * F(13, 10)
    assert "tokens x 1.30" in more.notes[0]


def test_what_does_not_fit_the_window_says_so() -> None:
    assert (
        "window of 200,000"
        in forecast(pattern(input=F(199_900)), offer("claude-haiku-4-5")).unfit
    )
    assert (
        "more than 64,000"
        in forecast(pattern(output=F(70_000)), offer("claude-haiku-4-5")).unfit
    )
    assert forecast(pattern(), offer("claude-haiku-4-5")).unfit == ""


def test_reasoning_is_shown_as_the_part_of_output_it_is() -> None:
    found = by_name(forecast(pattern(reasoning=F(3, 4)), offer("claude-sonnet-5-5")))
    assert found["output, reasoning"] == 3 * found["output, answers"] == 3_750 * USD


def test_searches_are_charged_each() -> None:
    found = forecast(pattern(requests=F(1_000), searches=F(2)), offer("claude-sonnet-5-5"))
    assert by_name(found)["web searches"] == 20 * USD


def test_a_year_grows_by_the_month_and_fees_do_not() -> None:
    extras = (Extra("fee", 100 * USD), review_labour(F(100), F(6), 90 * USD))
    found = forecast(pattern(growth=F(1, 10)), offer("claude-sonnet-5-5"), extras)
    assert by_name(found)["review labour"] == 900 * USD
    growing = sum(F(11, 10) ** month for month in range(12)) * (25_900 * USD)
    assert found.yearly_nusd == round(growing) + 1_200 * USD


def test_what_is_fixed_is_cheaper_from_a_certain_volume_on() -> None:
    found = forecast(pattern(), offer("claude-sonnet-5-5"))
    assert found.request_nusd == F(25_000_000)  # $0.025
    assert break_even(found, 5_000 * USD) == 200_000
    assert break_even(found, 5_000 * USD, F(20_000_000)) == 1_000_000
    assert break_even(found, 1, F(25_000_000)) is None


def test_each_vendor_has_its_own_lifetimes() -> None:
    assert lifetime(offer("claude-sonnet-5-5"), "") == "5m"
    assert lifetime(offer("claude-sonnet-5-5"), "12h") == "1h"
    assert lifetime(offer("gpt-6.1-terra"), "5m") == "30m"
    assert lifetime(offer("gpt-6.1-terra"), "1h") == "12h"


def test_a_model_without_a_price_says_so() -> None:
    found = forecast(pattern(), offer("nobody-knows-it"))
    assert "nobody lists a price" in found.notes[0]
