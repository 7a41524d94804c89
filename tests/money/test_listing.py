"""Names and dates resolve as genai-prices resolves them; windows end where prices change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import genai_prices.types as package
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.facts import Correction
from headgate.money.genai import rows
from headgate.money.genai.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    TimeOfDateConstraint,
)
from headgate.money.listing import (
    FIRST,
    LAST,
    Listing,
    holds,
    prices_of,
    standard,
    variants,
    window,
)

LISTING = Listing(rows.read()[1])
SNAPSHOT = get_snapshot()
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)

moments = st.integers(0, 3 * 365 * 86_400).map(
    lambda second: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
)
every_model = st.sampled_from(
    [
        (provider.id, model.id)
        for provider in LISTING.providers.values()
        for model in provider.models
    ]
)


def package_finds(provider: str, model: str) -> str | None:
    try:
        return SNAPSHOT.find_provider_model(model, None, provider, None)[1].id
    except LookupError:
        return None


def ours_finds(provider: str, model: str) -> str | None:
    found = LISTING.find(provider, model)
    return None if found is None else found.model.id


@given(every_model, st.sampled_from(["", "-20260101", "-2026-01-01", "@20260101", "-latest"]))
def test_a_name_means_the_row_the_package_says(named: tuple[str, str], suffix: str) -> None:
    provider, model = named
    assert ours_finds(provider, model + suffix) == package_finds(provider, model + suffix)


@pytest.mark.parametrize(
    ("provider", "model", "row"),
    [
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "Claude-Opus-4.8", "claude-opus-4-8"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("azure", "gpt-5.4", "gpt-5.4"),
        ("", "claude-opus-5-5", "claude-opus-5-5"),
        ("", "gpt-4o", "gpt-4o"),
        ("", "anthropic/claude-opus-5-5", "claude-opus-5-5"),
        ("amazon", "amazon.nova-lite-v1:0", "nova-lite-v1:0"),
        ("anthropic", "gpt-4o", None),
        ("nobody", "gpt-4o", None),
        ("", "nobody/has-this", None),
        ("", "", None),
    ],
)
def test_dated_names_aliases_and_makers_resolve(
    provider: str, model: str, row: str | None
) -> None:
    found = ours_finds(provider, model)
    assert found == row or (row is not None and found is not None and row in found)


def test_a_resold_models_special_terms_are_not_its_resellers() -> None:
    found = LISTING.find("azure", "claude-opus-5-5")
    assert found is not None
    assert (found.provider, found.resold) == ("azure", True)


def test_models_are_those_with_a_price_per_token() -> None:
    assert "claude-opus-5-5" in LISTING.models("anthropic")
    assert "text-embedding-3-small" in LISTING.models("openai")
    assert "whisper-1" not in LISTING.models("openai")
    assert LISTING.models("nobody") == []


@given(every_model, moments)
def test_standard_prices_are_the_packages_at_every_moment(
    named: tuple[str, str], at: datetime
) -> None:
    provider, model = named
    [ours] = [row for row in LISTING.providers[provider].models if row.id == model]
    [owner] = [other for other in SNAPSHOT.providers if other.id == provider]
    [theirs] = [row for row in owner.models if row.id == model]
    listed = vars(theirs.get_prices(at)).items()
    expected = {key: usd for key, usd in listed if usd is not None}
    held = standard(ours, at)
    assert held.keys() == expected.keys()
    for key, usd in expected.items():
        steps = (
            [(-1, usd)]
            if not isinstance(usd, package.TieredPrices)
            else [(-1, usd.base), *((tier.start, tier.price) for tier in usd.tiers)]
        )
        assert list(held[key]) == steps


@given(every_model, moments, moments)
def test_prices_are_the_same_throughout_their_window(
    named: tuple[str, str], at: datetime, other: datetime
) -> None:
    found = LISTING.find(*named)
    if found is None:  # a few catalogue ids are no names that the provider's rows match
        return
    model = found.model
    since, until = window(model, (), at)
    assert since <= at < until
    inside = min(max(other, since), until - timedelta(microseconds=1))
    assert standard(model, inside) == standard(model, at)
    assert variants(model, inside) == variants(model, at)


@given(
    moments,
    st.times(),
    st.times(),
    st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours))),
)
def test_a_constraint_holds_when_the_packages_holds(
    at: datetime, start: time, end: time, zone: timezone
) -> None:
    day = date(2026, 3, 13)
    assert holds(StartDateConstraint(day), at.astimezone(zone)) == (
        package.StartDateConstraint(day).active(at)
    )
    ours = TimeOfDateConstraint(start.replace(tzinfo=zone), end.replace(tzinfo=zone))
    theirs = package.TimeOfDateConstraint(ours.start_time, ours.end_time)
    assert holds(ours, at) == theirs.active(at)
    assert holds(None, at)


def priced(**keys: str) -> ModelPrice:
    return ModelPrice(**{key: Decimal(usd) for key, usd in keys.items()})


def test_an_off_peak_price_ends_on_the_minute() -> None:
    night = TimeOfDateConstraint(time(16, 30, tzinfo=UTC), time(0, 30, tzinfo=UTC))
    model = ModelInfo(
        "m",
        ClauseEquals("m"),
        prices=[
            ConditionalPrice(prices=priced(input_mtok="2")),
            ConditionalPrice(night, prices=priced(input_mtok="1")),
        ],
    )
    before, after = AT.replace(hour=16, minute=29), AT.replace(hour=16, minute=30)
    assert standard(model, before) == prices_of(priced(input_mtok="2"))
    assert standard(model, after) == prices_of(priced(input_mtok="1"))
    assert window(model, (), before) == (AT.replace(hour=0, minute=30), after)
    midnight = AT.replace(hour=0) + timedelta(days=1)
    assert window(model, (), after) == (after, midnight + timedelta(minutes=30))


def test_windows_know_variants_and_corrections() -> None:
    day = date(2026, 10, 14)
    variant = PriceVariant({"processing": "batch"}, priced(), StartDateConstraint(day))
    model = ModelInfo("m", ClauseEquals("m"), prices=priced(), price_variants=[variant])
    corrections = [Correction("p", "m", day, "page", (), until=date(2026, 10, 7))]
    seventh, fourteenth = (datetime(2026, 10, n, tzinfo=UTC) for n in (7, 14))
    assert window(model, corrections, seventh - timedelta(seconds=1)) == (FIRST, seventh)
    assert window(model, corrections, seventh) == (seventh, fourteenth)
    assert window(model, corrections, AT) == (fourteenth, LAST)
    assert variants(model, seventh) == ()
    assert [v.when for v in variants(model, fourteenth)] == [(("processing", "batch"),)]
