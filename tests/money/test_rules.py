"""The operator's price rules: every mistake at once, with its path and remedy."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.rules import KEYS, PriceRules, check
from headgate.money.sheet import flat


def over(*classes: tuple[str, str], model: str = "m") -> PriceRules:
    return PriceRules(overrides=((model, classes),))


def test_the_rules_as_they_come_hold() -> None:
    rules = check(PriceRules())
    assert (rules.ceiling_input, rules.ceiling_output) == (
        flat(Fraction(15)),
        flat(Fraction(75)),
    )
    assert rules.override(("openai",), ("gpt-4o",)) is None


@given(st.decimals(0, 1_000_000, places=10), st.sampled_from(sorted(KEYS)))
def test_a_price_written_as_decimal_text_is_kept_exactly(usd: Decimal, name: str) -> None:
    prices = check(over((name, str(usd)))).override(("",), ("m",))
    assert prices is not None
    assert set(prices) == set(KEYS[name])
    assert all(price == flat(Fraction(usd)) for price in prices.values())


def test_the_providers_own_override_beats_the_one_for_every_provider() -> None:
    rules = check(
        PriceRules(
            overrides=(
                ("GPT-4o", (("input", "1"),)),
                ("openai:gpt-4o", (("input", "2"),)),
            )
        )
    )
    for provider, name, usd in (("openai", "gpt-4o", 2), ("azure", "Gpt-4O", 1)):
        prices = rules.override((provider,), (name,))
        assert prices is not None
        assert prices["input_mtok"] == flat(Fraction(usd))


def test_one_lifetimes_price_replaces_the_one_for_all_writes() -> None:
    prices = check(over(("cache_write_1h", "6"), ("cache_write", "3"))).override(("",), ("m",))
    assert prices is not None
    assert prices["cache_write_1h_mtok"] == flat(Fraction(6))
    assert prices["cache_write_5m_mtok"] == flat(Fraction(3))


@pytest.mark.parametrize("text", ["", "three", "-1", "NaN", "Infinity", "1e9", "0.00000000001"])
def test_what_is_no_price_is_refused_with_the_form_it_needs(text: str) -> None:
    with pytest.raises(ValueError, match="decimal text") as refusal:
        check(over(("input", text)))
    assert 'prices.overrides."m".input' in str(refusal.value)


def test_a_ceiling_of_zero_is_refused_with_its_remedy() -> None:
    with pytest.raises(ValueError, match="free = true"):
        check(PriceRules(ceiling_output_mtok="0"))


def test_all_mistakes_are_told_at_once_with_what_was_meant() -> None:
    rules = PriceRules(
        ceiling_input_mtok="cheap",
        ceiling_output_mtok="0.0",
        overrides=(("a", (("inptu", "1"), ("output", "x"))), ("b", ())),
    )
    with pytest.raises(ValueError, match="did you mean input") as refusal:
        check(rules)
    lines = str(refusal.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "prices.ceiling_input_mtok",
        "prices.ceiling_output_mtok",
        'prices.overrides."a".inptu',
        'prices.overrides."a".output',
        'prices.overrides."b"',
    ]
