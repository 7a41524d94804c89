"""Writes that nobody reads are found, and caches that pay are left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from headgate.audit.finding import Finding
from headgate.audit.rules.caching_loses import RULE
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

MINUTE_US = 60_000_000


def judged(rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    return found_of(RULE, rows, **more)


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_writes_for_an_hour_every_two_hours_lose_their_premium() -> None:
    """What is claimed is what was paid beyond the plain price."""
    (found,) = judged(RULE.fires_on())
    assert found.saving_nusd == 40 * 10_000 * 2_000
    assert "cache_control" in found.change
    assert found.confidence == "measured"


def test_a_cache_that_is_read_is_left_alone() -> None:
    assert judged(RULE.silent_on()) == []


def test_marks_of_the_gateway_are_switched_off_there() -> None:
    (found,) = judged([row | {"cache_plan": "on system:1h"} for row in RULE.fires_on()])
    assert found.change == "headgate keys update ci --prompt-cache off"


def test_a_vendor_that_writes_unasked_is_judged_by_what_was_paid() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * 60 * MINUTE_US,
            "provider": "openai",
            "model_sent": "gpt-5.6-terra",
            "key_id": "ci",
            "cache_write_30m": 20_000,
            "output": 10,
        }
        for n in range(40)
    ]
    (found,) = judged(rows)
    assert found.saving_nusd == pytest.approx(found.figures["uncached_nusd"] / 4)
    assert found.change.startswith("headgate keys update ci --prompt-cache on")
    read = [row | {"cache_write_30m": 0, "cache_read": 20_000} for row in rows]
    assert judged(read) == []


def test_an_hour_that_conversations_do_not_need_is_told_by_its_tokens() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * 180 * MINUTE_US,
            "source": "claude-code",
            "project": "shop",
            "session": "long",
            "input_fresh": 3,
            "cache_write_1h": 20_000 + n,
            "output": 10,
        }
        for n in range(30)
    ]
    (found,) = judged(rows)
    assert "100 % not at all" in found.what
