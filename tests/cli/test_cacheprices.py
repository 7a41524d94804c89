"""Break-evens are those of the price list, whatever the operator calls the provider."""

from __future__ import annotations

import pytest

from headgate.cli.cacheprices import factors, rates_of


def test_a_models_factors_give_its_break_even() -> None:
    short, long = factors("claude-sonnet-4-6", "anthropic")
    assert (short.ttl, short.write, short.read) == ("5m", 1.25, 0.1)
    assert short.reads_needed == pytest.approx(0.278, abs=0.001)
    assert short.share_needed == pytest.approx(0.217, abs=0.001)
    assert short.longest_pause_s == pytest.approx(62.5 * 60)
    assert long.share_needed == pytest.approx(0.526, abs=0.001)


def test_a_provider_by_another_name_is_looked_up_by_the_models_maker() -> None:
    assert factors("claude-sonnet-4-6", "our-own") == factors("claude-sonnet-4-6", "anthropic")
    assert [it.ttl for it in factors("gpt-5.6-terra", "azure-2")] == ["30m", "12h"]


def test_of_a_model_that_nobody_knows_nothing_is_said() -> None:
    assert factors("nobody-s-model") == []
    assert rates_of("nobody", "nobody-s-model") is None
