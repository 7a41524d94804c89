"""A miss is named only where a read could be expected, by its first hindrance and its price."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import Prices
from headgate.money.catalog import Catalog
from headgate.policy.miss import (
    REMEDIES,
    Link,
    Now,
    Past,
    Verdict,
    cost_nusd,
    judge,
    left_behind,
    lives_s,
    overlooked,
    span,
)
from headgate.policy.trail import Change
from headgate.wire.model import STANDARD, Usage
from headgate.wire.reading import CacheMiss

PAST = Past(100.0, 102.0, "m", "a/house", 10_000, 9_500)
MISSED = Usage(input_fresh=500, cache_write_5m=10_000)
SAME, OTHER = Link(goes_on=True), Link(goes_on=False, share=0.8, opening=0.8)
TOOLS, SYSTEM, TURN = Change("tools", 3), Change("system", 0), Change("messages", 4)
TOKENS = st.integers(0, 10**6)


def now(**changes: Any) -> Now:
    return Now(120.0, 121.0, "m", "a/house", MISSED)._replace(**changes)


@pytest.mark.parametrize(
    ("call", "link", "why"),
    [
        (now(), SAME, "evicted"),
        (now(at=101.0), SAME, "not_ready"),
        (now(at=400.0), SAME, "expired"),
        (now(model="n"), SAME, "model_changed"),
        (now(account="a/2"), SAME, "account_changed"),
        (now(), SAME._replace(change=TOOLS), "tools_changed"),
        (now(), SAME._replace(change=SYSTEM), "system_changed"),
        (now(), SAME._replace(change=Change("instructions", 0)), "system_changed"),
        (now(), SAME._replace(change=TURN), "messages_changed"),
        (now(), SAME._replace(change=Change("input", 2)), "messages_changed"),
        (now(), OTHER._replace(change=TURN), "evicted"),
        (now(), SAME._replace(setting="tool_choice"), "settings_changed"),
        (now(usage=Usage(10_500), marked=False), SAME, "unmarked"),
        (now(at=400.0, model="n", account="b"), SAME._replace(change=TOOLS), "expired"),
    ],
    ids=str,
)
def test_the_first_hindrance_is_the_cause(call: Now, link: Link, why: str) -> None:
    found = judge(PAST, call, link)
    assert found is not None
    assert found.why == why
    assert found.tokens == (9_500 if link.goes_on else 8_000)
    assert why in REMEDIES


def test_what_a_mark_could_not_find_so_far_back_was_not_evicted() -> None:
    evicted = Verdict("evicted", 900)
    assert overlooked(evicted, 19) == evicted
    assert overlooked(evicted, 20) == Verdict("too_far", 900, "20 blocks added")
    expired = Verdict("expired", 900)
    assert overlooked(expired, 99) == expired


def test_what_was_read_is_no_miss_and_what_was_read_in_part_is_one_of_the_rest() -> None:
    assert judge(PAST, now(usage=Usage(1_000, cache_read=9_500)), SAME) is None
    assert judge(PAST, now(usage=Usage(1_000, cache_read=9_100)), SAME) is None
    half = judge(PAST, now(usage=Usage(1_000, cache_read=4_000)), SAME._replace(change=TURN))
    assert half == Verdict("messages_changed", 5_500)


def test_of_another_conversation_only_the_opening_is_expected_where_it_was_marked() -> None:
    read = now(usage=Usage(3_000, cache_read=7_000))
    assert judge(PAST, read, OTHER) is None
    assert judge(PAST._replace(keeps_opening=False), now(), OTHER) is None


def test_a_call_that_ran_when_the_other_came_is_not_measured_by_it() -> None:
    early = now(at=90.0, readable=99.0)
    assert judge(PAST, early, SAME) is None
    at_once = judge(PAST, early._replace(readable=101.0), SAME)
    assert at_once is not None
    assert at_once.why == "not_ready"


def test_the_providers_word_stands_above_ours_where_it_says_anything() -> None:
    told = judge(PAST, now(at=400.0), SAME, CacheMiss("tools_changed", 9_000))
    assert told == Verdict("tools_changed", 9_000)
    for silent in ("unavailable", "previous_message_not_found", "a new one"):
        found = judge(PAST, now(at=400.0), SAME, CacheMiss(silent, 9_000))
        assert found is not None
        assert found.why == "expired"


@pytest.mark.parametrize(
    ("words", "change", "why", "note"),
    [
        ("input_changed", None, "messages_changed", ""),
        ("input_changed", Change("instructions", 0), "system_changed", ""),
        ("reasoning_effort_changed", None, "settings_changed", "reasoning_effort"),
        ("prompt_cache_key_changed", None, "settings_changed", "prompt_cache_key"),
        ("model_changed", None, "model_changed", ""),
    ],
)
def test_what_openai_says_has_a_name_of_ours(
    words: str, change: Change | None, why: str, note: str
) -> None:
    link = SAME._replace(change=change)
    assert judge(PAST, now(), link, CacheMiss(words, 700)) == Verdict(why, 700, note)


def test_what_a_mark_would_have_read_is_said_of_callers_that_set_none() -> None:
    past = PAST._replace(cached=0)
    bare = now(usage=Usage(11_000), marked=False)
    assert judge(past, bare, SAME) == Verdict("unmarked", 10_000)
    assert judge(past, bare, SAME._replace(share=0.5)) == Verdict("unmarked", 5_000)
    assert judge(past, bare._replace(minimum=20_000), SAME) is None
    assert judge(past, bare._replace(at=500.0), SAME) is None
    assert judge(past, bare._replace(automatic=True), SAME) is None
    assert judge(past, bare._replace(account="b"), SAME) is None


def test_marks_on_a_prompt_below_the_minimum_are_too_short_and_cost_nothing() -> None:
    short = now(usage=Usage(800), minimum=1_024)
    found = judge(PAST._replace(cached=0), short, SAME)
    assert found == Verdict("too_short", 0, "800 of 1,024 tokens")
    assert judge(PAST._replace(cached=0), now(usage=Usage(2_000), minimum=1_024), SAME) is None


@given(st.builds(Usage, *[TOKENS] * 6), st.booleans(), TOKENS)
def test_nothing_more_than_what_was_left_is_ever_missed(
    usage: Usage, goes_on: bool, cached: int
) -> None:
    past = PAST._replace(cached=cached, prompt=cached)
    found = judge(past, now(usage=usage), Link(goes_on))
    if found is not None:
        assert 0 <= found.tokens <= cached - usage.cache_read


def test_vendors_that_cache_unasked_do_so_in_steps() -> None:
    assert left_behind(Usage(1_300), automatic=True) == 1_280
    assert left_behind(Usage(1_000), automatic=True) == 0
    assert left_behind(Usage(1_300, 50, 7), automatic=False) == 57


def test_what_was_written_lives_by_its_class_and_what_was_read_as_before() -> None:
    assert lives_s(Usage(cache_write_5m=1, cache_write_1h=9)) == 300
    assert lives_s(Usage(cache_write_30m=1)) == 1_800
    assert lives_s(Usage(cache_write_1h=1)) == 3_600
    assert lives_s(Usage(cache_write_12h=1)) == 43_200
    assert lives_s(Usage(cache_read=1), 1_800) == 1_800


def test_lost_tokens_cost_what_they_cost_less_what_reading_them_would_have() -> None:
    rates = Catalog.load(Prices().rules).rates(
        "anthropic", "claude-sonnet-5-5", datetime(2026, 11, 21, tzinfo=UTC)
    )
    price = {line.name: int(line.usd * 1000) for line in rates.lines() if line.above < 0}
    usage = Usage(input_fresh=1_000, cache_read=2_000, cache_write_5m=6_000)
    cost = rates.cost(usage)
    anew = cost_nusd(5_000, usage, cost, rates)
    assert anew == 5_000 * (price["cache_write_5m"] - price["cache_read"])
    both = cost_nusd(9_999, usage, cost, rates, STANDARD)
    assert (
        both
        == 6_000 * price["cache_write_5m"]
        + 1_000 * price["input"]
        - 7_000 * (price["cache_read"])
    )
    assert cost_nusd(0, usage, cost, rates) == 0


@pytest.mark.parametrize(
    ("seconds", "said"), [(42, "42 s"), (300, "5 min"), (3_600, "60 min"), (43_200, "12 h")]
)
def test_times_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert span(seconds) == said
