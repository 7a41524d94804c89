"""What a cache has to earn: the exact break-evens, by price and lifetime."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import About, Band, Rates, Table
from headgate.policy.cacheprice import (
    Worth,
    longest_pause_s,
    reads_needed,
    share_needed,
    worth,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("write", "read", "reads", "share"),
    [
        (1.25, 0.1, 0.278, 0.217),
        (2.0, 0.1, 1.111, 0.526),
        (1.25, 0.05, 0.263, 0.208),
        (2.0, 0.05, 1.053, 0.513),
        (2.0, 0.025, 1.026, 0.506),
    ],
)
def test_the_break_even_is_exact_for_every_price(
    write: float, read: float, reads: float, share: float
) -> None:
    assert reads_needed(write, read) == pytest.approx(reads, abs=6e-4)
    assert share_needed(write, read) == pytest.approx(share, abs=6e-4)


def test_a_free_write_needs_no_read_and_a_read_that_saves_nothing_repays_none() -> None:
    assert reads_needed(1.0, 0.5) == share_needed(1.0, 0.5) == 0
    assert reads_needed(1.25, 1.0) == share_needed(1.25, 1.0) == inf


def test_keeping_a_short_entry_alive_pays_up_to_an_hour_and_two_minutes() -> None:
    assert longest_pause_s(1.25, 0.1, 300) == 62.5 * 60
    assert longest_pause_s(1.25, 0.0, 300) == inf


@given(st.floats(1.01, 3), st.floats(0.0, 0.9))
def test_at_the_break_even_share_a_mark_costs_what_none_costs(
    write: float, read: float
) -> None:
    it = Worth(write, write, read)
    assert it.expected("5m", it.share_needed("5m")) == pytest.approx(1)
    assert it.share_needed("1h") == pytest.approx(
        it.reads_needed("1h") / (1 + it.reads_needed("1h"))
    )


def test_proportions_come_from_the_prices_of_the_band_that_holds_the_request() -> None:
    bands = (Band(100, (50, 5, 100, 200, 0, 0, 9)), Band(-1, (10, 1, 12, 20, 0, 0, 9)))
    rates = Rates(About("v", "override"), lambda terms: Table(bands))
    assert worth(rates, 100) == Worth(1.2, 2.0, 0.1)
    assert worth(rates, 101) == Worth(2.0, 4.0, 0.1)


def test_what_costs_nothing_has_no_proportions() -> None:
    free = Table((Band(-1, (0, 0, 0, 0, 0, 0, 0)),))
    assert worth(Rates(About("free", "free"), lambda terms: free), 5) is None


def test_the_price_list_states_the_read_prices_of_todays_models() -> None:
    catalog = Catalog.load(PriceRules())
    found = {
        model: worth(catalog.rates("anthropic", model, NOW), 5000)
        for model in ("claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5-2")
    }
    assert found == {
        "claude-haiku-5-5": pytest.approx(Worth(1.25, 2.0, 0.1)),
        "claude-opus-5-5": pytest.approx(Worth(1.25, 2.0, 0.05)),
        "claude-fable-5-2": pytest.approx(Worth(1.25, 2.0, 0.025)),
    }
