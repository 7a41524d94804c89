"""Prompts just above a band are told with what one token less would save."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.rules.band_cliffs import RULE
from tests.audit.ledgers import MONDAY_US, priced
from tests.audit.rules.judged import found, keeps_its_word


def call(n: int, size: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + n * 60_000_000,
        "key_id": "k",
        "model_sent": "claude-haiku-5-5",
        "input_fresh": size,
        "output": 400,
        **more,
    }


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


@pytest.mark.parametrize("tier", ["", "batch"])
def test_the_saving_is_the_price_of_the_same_call_at_the_start_of_the_band(tier: str) -> None:
    (it,) = found(RULE, [call(n, 110_000, tier=tier) for n in range(20)])
    above = priced(call(0, 110_000, tier=tier))["cost_nusd"]
    below = priced(call(0, 100_000, tier=tier))["cost_nusd"]
    assert it.saving_nusd == pytest.approx(20 * (above - below), rel=1e-6)
    assert it.figures["above"] == 100_000


def test_prompts_out_of_reach_are_counted_and_not_claimed() -> None:
    rows = [call(n, 110_000) for n in range(20)] + [call(n, 150_000) for n in range(7)]
    (it,) = found(RULE, rows)
    assert it.figures["far"] == 7
    assert it.rows == 20
    assert "7 more are too far above it" in it.what


def test_another_vendor_has_its_cliff_elsewhere() -> None:
    rows = [
        call(n, 280_000, model_sent="gpt-5.6-sol", provider="openai", surface="chat")
        for n in range(10)
    ]
    (it,) = found(RULE, rows)
    assert it.figures["above"] == 272_000


def test_a_model_without_bands_has_no_cliff() -> None:
    rows = [call(n, 110_000, model_sent="claude-sonnet-5-5") for n in range(20)]
    assert not found(RULE, rows)


def test_tokens_from_a_cache_count_for_the_band() -> None:
    rows = [call(n, 5_000, cache_read=100_000) for n in range(300)]
    (it,) = found(RULE, rows)
    assert it.figures["size"] == 105_000
