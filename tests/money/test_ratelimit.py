"""A peak is held against what a tier takes, and every excess comes with what helps."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.forecast import Forecast, Offer, forecast
from headgate.money.pattern import Caching, Pattern, Peak
from headgate.money.ratelimit import Fit, fit
from headgate.money.tiers import Limit, read, tiers_of

F = Fraction
CATALOG = Catalog.load(PriceRules(ceiling=False))
DAY = datetime(2026, 11, 21, tzinfo=UTC)
MODEL = "claude-sonnet-5-5"
TIERS = tiers_of(MODEL, read())


def month(rpm: int = 0, burst: int = 0, **more: Any) -> Forecast:
    usual: dict[str, Any] = {"requests": F(10_000), "input": F(1_000), "output": F(100)}
    peak = Peak(F(rpm), F(burst), F(2))
    pattern = Pattern(**{**usual, "peak": peak, **more})
    return forecast(pattern, Offer(MODEL, CATALOG.rates("", MODEL, DAY)))


def texts(found: Fit) -> list[str]:
    return [excess.text for excess in found.excesses]


def test_an_excess_names_peak_limit_tier_and_what_helps() -> None:
    found = fit(month(rpm=8_500, input=F(450), output=F(50)), TIERS, "build")
    assert texts(found) == [
        "8,500 requests/min at the peak exceed the 5,000 of Build: raise the tier to Scale; "
        "or move 42 % of the peak to batch; or spread the busiest minute over 102 s"
    ]
    assert found.fits is False
    assert found.enough == "Scale"


def test_input_that_is_read_from_a_cache_does_not_count() -> None:
    plain = fit(month(rpm=3_000), TIERS, "Start")
    assert any(
        "cache: read 34 % of the input, which does not count" in it for it in texts(plain)
    )
    prefix = fit(month(rpm=3_000, caching=Caching(F(600), hit=F(0))), TIERS, "Start")
    assert any("(the prefix is 60 % of it)" in it for it in texts(prefix))
    cached = month(rpm=900, input=F(10_000), caching=Caching(F(9_000), hit=F(1)))
    assert fit(cached, TIERS, "Start").fits is True
    counted = Limit("Start", rpm=1_000, itpm=2_000_000, reads_count=True)
    found = fit(cached, (counted,))
    assert found.fits is False
    assert not any("cache:" in it for it in texts(found))


def test_the_lowest_tier_that_carries_everything_is_named_or_none() -> None:
    lowest = fit(month(rpm=500), TIERS)
    assert lowest.enough == "Start"
    assert lowest.limit == TIERS[0]
    assert lowest.used == F(1, 2)
    assert fit(month(rpm=4_000), TIERS).enough == "Build"
    nowhere = fit(month(rpm=20_000), TIERS)
    assert nowhere.enough == ""
    assert "ask the vendor for more" in texts(nowhere)[0]


def test_a_month_beyond_the_spend_cap_needs_a_higher_tier() -> None:
    found = fit(month(rpm=10, requests=F(300_000)), TIERS, "Start")
    assert texts(found) == [
        "$900 a month are more than the $500 of Start: raise the tier to Build"
    ]


def test_tokens_counted_together_are_held_against_their_own_limit() -> None:
    found = fit(month(rpm=100), (Limit("T", tpm=100_000),))
    assert found.used == F(11, 10)
    assert "110,000 tokens/min at the peak exceed the 100,000 of T" in texts(found)[0]


def test_where_nothing_is_known_nothing_is_claimed() -> None:
    assert fit(month(rpm=100), ()).fits is None
    assert fit(month(), TIERS).fits is None
    assert fit(month(rpm=100), (Limit("T", spend_nusd=10**15),)).fits is None


def test_a_tier_that_is_none_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there are Start, Build, Scale"):
        fit(month(rpm=1), TIERS, "gold")


def test_a_burst_fits_into_a_full_bucket_and_may_be_refused_by_the_second() -> None:
    limit = (Limit("T", rpm=600),)
    assert fit(month(rpm=600, burst=20), limit).excesses == ()
    perhaps = fit(month(rpm=600, burst=120), limit)
    assert [it.certain for it in perhaps.excesses] == [False]
    assert perhaps.fits is True
    assert "the steady pace is 20 on T: let 100 of them wait up to 10 s" in texts(perhaps)[0]
    over = fit(month(rpm=600, burst=700), limit)
    assert over.fits is False
    assert over.enough == ""
    assert "a burst of 700 requests is more than 620 on T" in texts(over)[0]


@settings(max_examples=25)
@given(st.integers(1, 50_000), st.integers(1, 50_000))
def test_a_lighter_peak_never_needs_a_higher_tier(one: int, other: int) -> None:
    order = [it.tier for it in TIERS] + [""]
    light, heavy = (fit(month(rpm=rpm), TIERS).enough for rpm in sorted((one, other)))
    assert order.index(light) <= order.index(heavy)
