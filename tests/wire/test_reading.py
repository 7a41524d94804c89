"""A reading only ever learns more, and believes no count that cannot be true."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.model import Usage
from headgate.wire.reading import MOST_TOKENS, Reading

COUNT = st.integers(0, 2000)
USAGE = st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT)
WILD = st.integers(-(2**70), 2**70)
PIECE = st.tuples(st.sampled_from(["hear", "think"]), st.none() | st.text(max_size=6))


@given(st.lists(USAGE, max_size=6))
def test_usage_never_decreases(reports: list[Usage]) -> None:
    reading = Reading()
    for usage in reports:
        before = reading.usage
        reading.count(usage)
        after = reading.usage
        assert after.input_total >= max(before.input_total, usage.input_total)
        assert after.output == max(before.output, usage.output)
        assert after.reasoning_of_output >= before.reasoning_of_output
        assert after.web_searches >= before.web_searches


@given(USAGE)
def test_the_same_report_twice_counts_once(usage: Usage) -> None:
    reading = Reading()
    reading.count(usage)
    reading.count(usage)
    assert reading.usage == usage


def test_a_later_report_may_sort_the_same_input_into_other_classes() -> None:
    reading = Reading()
    reading.count(Usage(input_fresh=100))
    reading.count(Usage(input_fresh=60, cache_read=40, output=5))
    assert reading.usage == Usage(input_fresh=60, cache_read=40, output=5)


def test_a_later_report_that_leaves_the_input_out_takes_nothing_away() -> None:
    reading = Reading()
    reading.count(Usage(input_fresh=100, cache_read=7, output=1))
    reading.count(Usage(output=5))
    assert reading.usage == Usage(input_fresh=100, cache_read=7, output=5)


def test_nothing_but_zeros_is_no_report() -> None:
    reading = Reading()
    reading.count(Usage())
    assert not reading.usage_seen
    reading.count(Usage(output=1))
    assert reading.usage_seen


@given(st.lists(st.builds(Usage, *[WILD] * 9), min_size=1, max_size=3))
def test_impossible_counts_are_named_and_kept_within_bounds(reports: list[Usage]) -> None:
    reading = Reading()
    for usage in reports:
        reading.count(usage)
    usage = reading.usage
    assert usage.input_fresh in range(MOST_TOKENS + 1)
    assert usage.output in range(MOST_TOKENS + 1)
    assert usage.input_total <= 6 * MOST_TOKENS
    wild = any(not 0 <= r.output <= MOST_TOKENS for r in reports)
    assert "impossible_usage" in reading.warnings or not wild


@given(st.lists(PIECE, max_size=10), st.integers(0, 20))
def test_the_text_kept_is_a_prefix_of_what_was_heard(
    pieces: list[tuple[str, str | None]], keep: int
) -> None:
    hasher = hashlib.sha256()
    reading = Reading(keep_text_chars=keep, hasher=hasher)
    for way, text in pieces:
        (reading.hear if way == "hear" else reading.think)(text)
    full = "".join(text or "" for way, text in pieces if way == "hear")
    assert "".join(reading.text) == full[:keep]
    assert reading.text_chars == sum(len(text or "") for _, text in pieces)
    assert reading.content == any(text for _, text in pieces)
    assert hasher.digest() == hashlib.sha256(full.encode()).digest()


def test_a_warning_is_named_once() -> None:
    reading = Reading()
    reading.warn("odd_event")
    reading.warn("odd_event")
    assert reading.warnings == ["odd_event"]
