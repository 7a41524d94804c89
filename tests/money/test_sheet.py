"""Terms change prices as listed, or by the family's documented multiplier, and they stack."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.pricing import CLASSES, Table
from headgate.money.sheet import (
    Prices,
    Sheet,
    Variant,
    compile_table,
    flat,
    fraction,
)
from headgate.wire.model import Terms

usd = st.decimals(0, 1000, places=6).map(fraction)


def prices(**given: str) -> Prices:
    return {key: flat(Fraction(text)) for key, text in given.items()}


def sheet(family: str, listed: Prices, *variants: Variant, own: Prices | None = None) -> Sheet:
    return Sheet({**listed, **(own or {})}, listed, variants, family)


def usd_of(table: Table, name: str, band: int = -1) -> Decimal:
    """A class's price in dollars per million tokens."""
    return Decimal(table.bands[band].rates[CLASSES.index(name)]) / 10**12


ONE = prices(input_mtok="1", output_mtok="5", cache_read_mtok="0.1")


@pytest.mark.parametrize(
    ("family", "terms", "factor"),
    [
        ("claude", Terms(tier="batch"), "0.5"),
        ("claude", Terms(speed="fast"), "2"),
        ("claude", Terms(geo="us"), "1.1"),
        ("claude", Terms(tier="batch", geo="us"), "0.55"),
        ("claude", Terms(speed="fast", geo="us"), "2.2"),
        ("claude", Terms(tier="batch", speed="fast", geo="us"), "1.1"),
        ("claude", Terms(tier="standard", speed="standard", geo="global"), "1"),
        ("openai", Terms(tier="batch"), "0.5"),
        ("openai", Terms(tier="flex"), "0.5"),
        ("openai", Terms(tier="priority"), "2"),
        ("openai", Terms(tier="fast"), "2"),
        ("openai", Terms(tier="fast", speed="fast"), "2"),
        ("openai", Terms(tier="default"), "1"),
    ],
)
def test_a_familys_multipliers_stack_on_every_token_class(
    family: str, terms: Terms, factor: str
) -> None:
    standard = compile_table(sheet(family, ONE), Terms())
    table = compile_table(sheet(family, ONE), terms)
    assert table.ignored == ()
    for name in CLASSES:
        assert usd_of(table, name) == usd_of(standard, name) * Decimal(factor)


@pytest.mark.parametrize(
    ("family", "terms", "ignored"),
    [
        ("claude", Terms(tier="priority"), ("tier priority",)),
        ("claude", Terms(tier="flex"), ("tier flex",)),
        ("openai", Terms(tier="scale", geo="us"), ("tier scale", "geo us")),
        ("", Terms(tier="batch"), ("tier batch",)),
        ("unknown", Terms(tier="batch"), ("tier batch",)),
        ("claude", Terms(geo="mars"), ("geo mars",)),
    ],
)
def test_terms_without_a_known_price_are_standard_and_named(
    family: str, terms: Terms, ignored: tuple[str, ...]
) -> None:
    table = compile_table(sheet(family, ONE), terms)
    assert table.ignored == ignored
    assert table.bands == compile_table(sheet(family, ONE), Terms()).bands


def test_a_ceiling_is_raised_by_surcharges_and_lowered_by_nothing() -> None:
    unknown = sheet("unknown", prices(input_mtok="15", output_mtok="75"))
    assert usd_of(compile_table(unknown, Terms(tier="priority")), "output") == 150
    assert usd_of(compile_table(unknown, Terms(tier="batch")), "output") == 75


def test_a_listed_price_for_the_terms_beats_the_multiplier() -> None:
    """gpt-4.1 on priority costs 1.75 times the standard price, not twice."""
    priority = Variant(
        (("service_tier", "priority"),), prices(input_mtok="1.75", output_mtok="8.75")
    )
    table = compile_table(sheet("openai", ONE, priority), Terms(tier="priority"))
    assert usd_of(table, "input") == Decimal("1.75")
    assert usd_of(table, "output") == Decimal("8.75")
    assert usd_of(table, "cache_read") == Decimal("0.1"), "unlisted there: stays standard"


def test_the_first_of_several_listed_prices_holds() -> None:
    first = Variant((("processing", "batch"),), prices(input_mtok="0.4"))
    later = Variant((("processing", "batch"),), prices(input_mtok="0.3", output_mtok="2"))
    table = compile_table(sheet("claude", ONE, first, later), Terms(tier="batch"))
    assert (usd_of(table, "input"), usd_of(table, "output")) == (Decimal("0.4"), Decimal(2))


def test_a_listed_row_without_prices_says_that_the_standard_ones_hold() -> None:
    """gpt-3.5-turbo-1106 costs the same in a batch."""
    same = Variant((("processing", "batch"),), {})
    table = compile_table(sheet("openai", ONE, same), Terms(tier="batch"))
    assert usd_of(table, "input") == 1
    assert table.ignored == ()


def test_listed_prices_for_two_terms_stack_by_their_ratios() -> None:
    batch = Variant((("processing", "batch"),), prices(input_mtok="0.5", output_mtok="2.5"))
    fast = Variant((("speed", "fast"),), prices(input_mtok="3", output_mtok="15"))
    table = compile_table(
        sheet("claude", ONE, batch, fast), Terms(tier="batch", speed="fast", geo="us")
    )
    assert usd_of(table, "input") == Decimal("1.65")
    assert usd_of(table, "output") == Decimal("8.25")


def test_the_operators_own_price_takes_a_listed_discount_as_a_ratio() -> None:
    batch = Variant((("processing", "batch"),), prices(input_mtok="0.5"))
    own = prices(input_mtok="0.8")
    table = compile_table(sheet("claude", ONE, batch, own=own), Terms(tier="batch"))
    assert usd_of(table, "input") == Decimal("0.4")


def test_bands_of_all_classes_and_of_listed_terms_are_joined() -> None:
    listed = {
        **ONE,
        "input_mtok": ((-1, Fraction(1)), (200, Fraction(2))),
        "output_mtok": ((-1, Fraction(5)), (100, Fraction(10))),
    }
    priority = Variant((("service_tier", "priority"),), prices(input_mtok="3"))
    table = compile_table(sheet("openai", listed), Terms())
    assert [band.above for band in table.bands] == [200, 100, -1]
    assert [usd_of(table, "input", n) for n in range(3)] == [2, 1, 1]
    assert [usd_of(table, "output", n) for n in range(3)] == [10, 10, 5]
    special = compile_table(sheet("openai", listed, priority), Terms(tier="priority"))
    assert [usd_of(special, "input", n) for n in range(2)] == [3, 3]


def test_claude_writes_cost_a_premium_even_where_none_is_listed() -> None:
    table = compile_table(sheet("claude", ONE), Terms())
    assert usd_of(table, "cache_write_5m") == Decimal("1.25")
    assert usd_of(table, "cache_write_1h") == Decimal(2)


def test_other_models_pay_no_premium_for_writes_that_are_not_listed() -> None:
    """Written tokens are input all the same: they cost what input costs."""
    table = compile_table(sheet("openai", ONE), Terms())
    for name in CLASSES:
        if "write" in name:
            assert usd_of(table, name) == 1


def test_a_listed_write_price_holds_for_every_lifetime_without_its_own() -> None:
    listed = {**ONE, **prices(cache_write_mtok="1.3", cache_write_1h_mtok="2.6")}
    table = compile_table(sheet("openai", listed), Terms())
    written = {name: usd_of(table, name) for name in CLASSES if "write" in name}
    assert written.pop("cache_write_1h") == Decimal("2.6")
    assert set(written.values()) == {Decimal("1.3")}


@given(usd, st.sampled_from(["claude", "openai", "unknown", ""]))
def test_what_is_not_listed_is_never_cheaper_than_input(price: Fraction, family: str) -> None:
    table = compile_table(sheet(family, {"input_mtok": flat(price)}), Terms())
    rates = table.bands[-1].rates
    assert min(rates) == rates[0]
    assert table.search == 10**16


def test_a_search_is_charged_as_listed_and_by_no_terms() -> None:
    listed = {**ONE, **prices(web_searches_kcount="5")}
    for terms in (Terms(), Terms(tier="batch", speed="fast", geo="us")):
        assert compile_table(sheet("claude", listed), terms).search == 5 * 10**15


def test_where_every_call_pays_for_its_search_a_search_is_not_charged_again() -> None:
    table = compile_table(sheet("", {**ONE, **prices(requests_kcount="12")}), Terms())
    assert (table.call, table.search) == (12 * 10**15, 0)


@given(usd, st.sampled_from(["batch", "priority", ""]), st.sampled_from(["us", ""]))
def test_modifiers_of_a_listed_price_lose_nothing(price: Fraction, tier: str, geo: str) -> None:
    table = compile_table(sheet("claude", {"input_mtok": flat(price)}), Terms(tier, "", geo))
    factor = (Fraction(1, 2) if tier == "batch" else 1) * (Fraction(11, 10) if geo else 1)
    assert Fraction(table.bands[-1].rates[0]) == price * factor * 10**12
