"""What is paid for in advance is compared with what its calls would have cost."""

from __future__ import annotations

from typing import Any

from headgate.audit.rules.reserved_capacity import RULE
from headgate.config.model import Commitment
from tests.audit.ledgers import DAY_US, MONDAY_US
from tests.audit.rules.judged import USD, found, keeps_its_word

PRIORITY = Commitment("anthropic", "priority", "3041.67")
"""a hundred dollars a day"""


def day(number: int, **more: Any) -> dict[str, Any]:
    row = {"tier": "priority", "model_sent": "claude-opus-5-5", "cost_nusd": 40 * USD}
    return {"at_us": MONDAY_US + number * DAY_US, **row, **more}


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_what_the_fee_buys_beyond_its_use_is_waste() -> None:
    (it,) = found(RULE, [day(n) for n in range(5)], commitments=(PRIORITY,))
    assert abs(it.saving_nusd - 300 * USD) < USD / 1_000
    assert it.confidence == "strong"
    assert "5 days of anthropic priority cost $500.00" in it.what
    assert "$1,216.67 a month would be even" in it.change


def test_a_fee_that_is_earned_is_none() -> None:
    rows = [day(n, cost_nusd=120 * USD) for n in range(5)]
    assert not found(RULE, rows, commitments=(PRIORITY,))


def test_only_the_calls_it_serves_count() -> None:
    rows = [day(n) for n in range(5)]
    rows += [day(n, tier="", cost_nusd=500 * USD) for n in range(5)]
    rows += [day(n, provider="openai", cost_nusd=500 * USD) for n in range(5)]
    sonnet = Commitment("anthropic", "priority", "3041.67", ("claude-sonnet-*",))
    used, unused, *_ = found(RULE, rows, commitments=(PRIORITY, sonnet))
    assert abs(used.saving_nusd - 300 * USD) < USD / 1_000
    assert abs(unused.saving_nusd - 500 * USD) < USD / 1_000


def test_a_reserved_tier_without_a_price_asks_for_it() -> None:
    (it,) = found(RULE, [day(n) for n in range(5)])
    assert (it.saving_nusd, it.confidence) == (0, "hypothesis")
    assert "[[commitments]]" in it.change
