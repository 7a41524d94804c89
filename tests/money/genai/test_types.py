"""The row shapes read what genai-prices writes, and match names as it does."""

from __future__ import annotations

from decimal import Decimal

import genai_prices.types as package
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.genai import types

NAMES = st.text(alphabet="acg-5.", max_size=8)
LEAVES = ("Equals:equals", "StartsWith:starts_with", "EndsWith:ends_with", "Contains:contains")


@given(name=NAMES, part=NAMES)
def test_a_clause_matches_what_the_packages_clause_matches(name: str, part: str) -> None:
    for leaf in LEAVES:
        kind, _, field = leaf.partition(":")
        ours = getattr(types, f"Clause{kind}")(**{field: part.upper()})
        theirs = getattr(package, f"Clause{kind}")(**{field: part.upper()})
        assert ours.is_match(name) == theirs.is_match(name)


@pytest.mark.parametrize("name", ["claude-x", "claude-x-20260101", "gpt-claude-x", ""])
def test_clauses_combine(name: str) -> None:
    start = types.ClauseStartsWith(starts_with="claude")
    dated = types.ClauseRegex(regex=r"-\d{8}$")
    either, both = types.ClauseOr(or_=[start, dated]), types.ClauseAnd(and_=[start, dated])
    assert either.is_match(name) == (start.is_match(name) or dated.is_match(name))
    assert both.is_match(name) == (start.is_match(name) and dated.is_match(name))


def test_fields_that_pricing_does_not_read_are_dropped() -> None:
    """Two thirds of the data file are texts, links and usage paths."""
    model = types.ModelInfo(
        id="m", match=types.ClauseEquals(equals="m"), description="long", price_comments="long"
    )
    provider = types.Provider(
        id="p",
        name="P",
        models=[model],
        extractors=[types.UsageExtractor(root="usage", mappings=[])],
    )
    assert not hasattr(model, "description")
    assert not hasattr(provider, "extractors")


def test_a_tiered_price_keeps_its_fields() -> None:
    tier = types.Tier(start=10, price=Decimal(2))
    fields = vars(types.TieredPrices(base=Decimal(1), tiers=[tier]))
    assert fields == {"base": Decimal(1), "tiers": [tier]}
