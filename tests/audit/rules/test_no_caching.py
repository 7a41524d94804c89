"""Prompts that come again and are never marked are found, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from headgate.audit.finding import Finding
from headgate.audit.rules.no_caching import RULE
from tests.audit.ledgers import DAY_US, MONDAY_US
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

MINUTE_US = 60_000_000


def judged(rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    return found_of(RULE, rows, **more)


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_a_prompt_that_comes_every_minute_is_found_with_the_command() -> None:
    (found,) = judged(RULE.fires_on(), names={"ci": "Build farm"})
    assert found.change == "headgate keys update 'Build farm' --prompt-cache on"
    assert found.confidence == "measured"
    assert "key Build farm" in found.subject
    assert found.lever == "cache"


def test_the_claim_is_what_a_cache_would_have_saved_in_both_halves() -> None:
    """119 of 120 reads at a twentieth, and one write: the second half begins with the entry of
    the first alive, so that twice what it saves would be too much."""
    (found,) = judged(RULE.fires_on())
    head = 10_000 * 2_000
    assert found.saving_nusd == pytest.approx(119 * 0.95 * head - 0.25 * head)
    assert found.figures["held_out_nusd"] * 2 > found.saving_nusd


def test_pauses_of_hours_and_short_prompts_are_left_alone() -> None:
    assert judged(RULE.silent_on()) == []


def test_conversations_that_nobody_marks_are_found_without_heads() -> None:
    """As in a source that knows no system prompts."""
    rows = [
        {
            "at_us": MONDAY_US + day * DAY_US + turn * MINUTE_US,
            "source": "claude-code",
            "project": "shop",
            "session": f"day {day}",
            "input_fresh": 9_000 + 500 * turn,
            "output": 100,
        }
        for day in range(4)
        for turn in range(20)
    ]
    (found,) = judged(rows)
    assert found.figures["policy"] == {"turns": "5m"}
    assert "Headgate" in found.change
    assert "cache_control" in found.change
    assert "the last message" in found.change


def test_calls_of_one_half_of_the_time_are_a_hypothesis() -> None:
    """Policies are judged on calls that they were not chosen by: here are none."""
    late = [dict(row) for row in RULE.fires_on()]
    early = {"at_us": MONDAY_US - 9 * DAY_US, "input_fresh": 10, "key_id": "ci"}
    (found,) = judged([early, *late])
    assert found.confidence == "hypothesis"
    assert "another time" in found.needs


def test_each_callers_own_time_has_two_halves() -> None:
    """What others did before, and sums of whole days, say nothing of this one."""
    others = [
        {"at_us": MONDAY_US - 9 * DAY_US, "input_fresh": 10, "key_id": "other"},
        {"at_us": MONDAY_US + 9 * DAY_US, "source": "anthropic-console", "span_us": DAY_US},
    ]
    (found,) = judged([*others, *RULE.fires_on()])
    assert found.confidence == "measured"


def test_vendors_that_cache_unasked_are_left_alone() -> None:
    rows = [row | {"provider": "openai", "model_sent": "gpt-5.1"} for row in RULE.fires_on()]
    assert judged(rows) == []


def test_what_is_paid_less_for_already_is_not_claimed_again() -> None:
    rows = [dict(row) for row in RULE.fires_on()]
    whole = judged(rows)[0].saving_nusd
    for row in rows[::25]:
        row |= {"input_fresh": 2_000, "cache_read": 10_000}
    (found,) = judged(rows)
    assert found.saving_nusd == pytest.approx(whole * (1 - 5 / 120), rel=0.02)
