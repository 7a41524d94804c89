"""Each variation differs in one thing, and says what the month would cost then."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.forecast import Extra, Forecast, Offer, forecast
from headgate.money.pattern import Caching, Part, Pattern
from headgate.money.whatif import variations

F = Fraction
USD = 10**9
DAY = datetime(2026, 11, 21, tzinfo=UTC)
RATES = Catalog.load(PriceRules(ceiling=False)).rates("", "claude-sonnet-5-5", DAY)


def month(**more: Any) -> Forecast:
    usual: dict[str, Any] = {"requests": F(1_000_000), "input": F(10_000), "output": F(500)}
    extras = (Extra("fee", 7 * USD),)
    return forecast(Pattern(**{**usual, **more}), Offer("claude-sonnet-5-5", RATES), extras)


def test_each_thing_is_varied_alone_and_fees_stay() -> None:
    found = month()
    changes = {one.what: one.change_nusd(found) for one in variations(found)}
    assert changes == {
        "half of it could wait for a batch": -6_250 * USD,
        "replies were a quarter shorter": -1_250 * USD,
        "prompts were a quarter shorter": -5_000 * USD,
        "there were twice as many requests": 25_000 * USD,
    }


def test_a_cache_is_left_out_read_more_often_and_kept_otherwise() -> None:
    found = month(caching=Caching(F(6_000), heads=1_000))
    what = {one.what: one for one in variations(found)}
    assert what["nothing were cached"].forecast.monthly_nusd == found.uncached_nusd + 7 * USD
    assert what["the prefix were kept for 1h"].forecast.ttl == "1h"
    often = what["90 % of requests read the prefix"].forecast.shares
    assert often is not None
    assert often.reads == F(9, 10)


def test_a_hit_that_was_stated_says_nothing_of_other_lifetimes() -> None:
    found = month(caching=Caching(F(6_000), hit=F(19, 20)))
    assert [one.what for one in variations(found)][:2] == [
        "nothing were cached",
        "half of it could wait for a batch",
    ]


def test_sizes_shrink_together() -> None:
    sizes = (Part(F(1, 2), F(4_000)), Part(F(1, 2), F(16_000)))
    what = {one.what: one.forecast for one in variations(month(sizes=sizes))}
    assert what["prompts were a quarter shorter"].pattern.longest == 12_000


def test_replies_that_are_empty_cannot_be_shorter() -> None:
    assert not any("replies" in one.what for one in variations(month(output=F(0))))
