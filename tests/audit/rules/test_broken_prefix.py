"""Prompts that change at their beginning are found, with what changes where that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from headgate.audit.finding import Finding
from headgate.audit.groups import spend
from headgate.audit.rules.broken_prefix import RULE
from headgate.audit.rules.no_caching import RULE as NO_CACHING
from tests.audit.ledgers import MONDAY_US, evidence_of
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

MINUTE_US = 60_000_000


def judged(rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    return found_of(RULE, rows, **more)


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_a_time_in_the_system_prompt_is_found() -> None:
    rows = RULE.fires_on()
    (found,) = judged(rows)
    assert found.saving_nusd == pytest.approx((0.95 * 119 - 0.25) * 10_000 * 2_000)
    assert "last message" in found.change
    assert "40,000 bytes" in found.what
    with evidence_of(rows) as evidence:
        assert list(NO_CACHING.judge(evidence)) == [], "marks alone would not help"


def test_it_is_found_also_where_each_prompt_is_written_in_vain() -> None:
    rows = [row | {"input_fresh": 2_000, "cache_write_5m": 10_000} for row in RULE.fires_on()]
    (found,) = judged(rows)
    assert found.saving_nusd == pytest.approx(1.2 * 120 * 10_000 * 2_000, rel=0.01)
    assert "prompt-cache" not in found.change, "the marks are there"


def test_prompts_that_differ_in_length_are_not_taken_for_one() -> None:
    assert judged(RULE.silent_on()) == []


def test_what_the_gateway_noted_is_told_with_its_place() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * MINUTE_US,
            "key_id": "ci",
            "session": f"s{n}",
            "cache_write_5m": 20_000,
            "miss": "tools_changed" if n % 2 else "",
            "miss_at": "tools[3]" if n % 2 else "",
            "miss_nusd": 40_000_000 if n % 2 else 0,
        }
        for n in range(20)
    ]
    found = [it for it in judged(rows) if it.figures.get("miss")]
    assert [(it.saving_nusd, it.rows, it.subject) for it in found] == [
        (400_000_000, 10, "key ci, model claude-sonnet-5-5, tools")
    ]
    assert "tools[3]" in found[0].what
    assert "same order" in found[0].change
    with evidence_of(rows) as evidence:
        about = spend(evidence, found[0].where).rows
    assert about == 10


def test_a_transcript_tells_by_its_tokens_that_a_conversation_was_written_again() -> None:
    """One in five, a minute after the one before."""
    rows = [
        {
            "at_us": MONDAY_US + n * MINUTE_US,
            "source": "claude-code",
            "project": "shop",
            "session": "long",
            "input_fresh": 4,
            "cache_read": 30_000 if n % 5 else 0,
            "cache_write_5m": 400 if n % 5 else 30_400,
            "output": 50,
        }
        for n in range(60)
    ]
    (found,) = judged(rows)
    assert found.rows == 11, "the first of all had nothing to read"
    again = 30_400 * 2_000 * 1.25 - 30_400 * 2_000 * 0.05
    assert found.saving_nusd == pytest.approx(11 * again, rel=0.02)
    with evidence_of(rows) as evidence:
        about = spend(evidence, found.where).rows
    assert about == 11


def test_a_conversation_that_was_shortened_was_not_broken() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * MINUTE_US,
            "source": "claude-code",
            "project": "shop",
            "session": "long",
            "cache_read": 60_000 if n % 10 else 0,
            "cache_write_5m": 500 if n % 10 else 15_000,
            "output": 50,
        }
        for n in range(60)
    ]
    assert judged(rows) == []
