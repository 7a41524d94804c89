"""Writes that are not read raise an alarm, once they have lost enough to be worth a word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import Prices
from headgate.money.catalog import Catalog
from headgate.money.pricing import Cost
from headgate.policy.losing import (
    LEAST_NUSD,
    STEP_S,
    WINDOW_S,
    Balance,
    Windows,
    balance,
    needed,
)
from headgate.wire.model import STANDARD, Usage

PRICE = 2_000
TOKENS = st.integers(0, 10**6)


def call(fresh: int = 0, read: int = 0, written: int = 0) -> Balance | None:
    """One at 2 dollars per million, 0.1 times to read and 1.25 times to write."""
    usage = Usage(fresh, read, written)
    cost = Cost(fresh * PRICE, read * PRICE // 10, written * PRICE * 5 // 4, 0, 0)
    return balance(usage, cost, usage.input_total * PRICE)


def of(fresh: int = 0, read: int = 0, written: int = 0) -> Balance:
    found = call(fresh, read, written)
    assert found is not None
    return found


@given(TOKENS, TOKENS, TOKENS)
def test_what_was_lost_is_what_was_paid_beyond_the_plain_price(
    fresh: int, read: int, written: int
) -> None:
    found = call(fresh, read, written)
    if found is None:
        assert not read
        assert not written
        return
    paid = fresh * PRICE + read * PRICE // 10 + written * PRICE * 5 // 4
    assert found.lost_nusd == pytest.approx(paid - (fresh + read + written) * PRICE, abs=3)


def test_writes_nobody_reads_are_an_alarm_once_they_lost_a_dollar() -> None:
    windows = Windows()
    for n in range(100):
        if (found := windows.add("k", "m", of(written=100_000), float(n))) is not None:
            break
    else:
        pytest.fail("no alarm")
    assert found.lost_nusd >= LEAST_NUSD > found.lost_nusd - 100_000 * PRICE // 4
    assert found.read_share == 0


def test_a_cache_that_pays_for_itself_is_none() -> None:
    windows = Windows()
    for n in range(1000):
        one = of(written=100_000) if n % 4 == 0 else of(read=100_000)
        assert windows.add("k", "m", one, float(n)) is None


@pytest.mark.parametrize(
    ("model", "usage", "share"),
    [
        ("claude-sonnet-4-6", Usage(cache_write_5m=9_000), 0.217),
        ("claude-sonnet-4-6", Usage(cache_write_1h=9_000), 0.526),
        ("claude-sonnet-5-5", Usage(500, 100, cache_write_5m=9_000), 0.208),
        ("claude-sonnet-5-5", Usage(cache_read=9_000), 0.0),
    ],
)
def test_the_break_even_is_that_of_the_model_and_the_lifetime(
    model: str, usage: Usage, share: float
) -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    rates = Catalog.load(Prices().rules).rates("anthropic", model, at)
    found = needed(usage, rates.cost(usage), rates, STANDARD)
    assert found == pytest.approx(share, abs=0.001)


def test_losses_that_are_long_past_or_of_others_do_not_count() -> None:
    windows = Windows(most=2)
    for n in range(19):
        assert windows.add("k", "m", of(written=100_000), float(n)) is None
    assert windows.add("other", "m", of(written=100_000), 20.0) is None
    assert windows.add("k", "n", of(written=100_000), 20.0) is None
    assert windows.add("k", "m", of(written=100_000), WINDOW_S + STEP_S) is None


def test_a_small_share_of_a_large_bill_is_no_alarm() -> None:
    windows = Windows()
    for n in range(50):
        one = of(fresh=5_000_000, written=100_000)
        assert windows.add("k", "m", one, float(n)) is None


def test_no_more_than_a_bound_of_keys_is_remembered() -> None:
    windows = Windows(most=3)
    for n in range(9):
        windows.add(f"k{n}", "m", of(written=1), 0.0)
    assert len(windows._of) == 3
