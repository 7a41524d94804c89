"""What is learned is recent, bounded, and believes no cache that did not show."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import memory as module
from headgate.policy.memory import (
    CONVERSATIONS,
    ENOUGH,
    FRESH_S,
    KEPT_S,
    SAMPLES,
    SHORT_S,
    TARGETS,
    Memory,
    Reply,
    after,
)
from headgate.wire.model import Usage

ONE, TWO = ("anthropic", "claude"), ("openai", "gpt")


def test_a_time_is_the_median_of_the_last_calls_once_there_are_enough() -> None:
    memory = Memory()
    for at in range(ENOUGH - 1):
        memory.took(ONE, 1.0, at, stream=True)
    assert memory.pace(ONE, 10, stream=True) == (None, ENOUGH - 1)
    memory.took(ONE, 9.0, 3, stream=True)
    assert memory.pace(ONE, 10, stream=True) == (1.0, ENOUGH)
    assert memory.pace(ONE, 10, stream=False) == (None, 0)
    assert memory.pace(TWO, 10, stream=True) == (None, 0)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=3 * SAMPLES))
def test_only_the_last_calls_count(times: list[float]) -> None:
    memory = Memory()
    for at, seconds in enumerate(times):
        memory.took(ONE, seconds, float(at), stream=False)
    pace, count = memory.pace(ONE, float(len(times)), stream=False)
    assert count == min(len(times), SAMPLES)
    assert pace == (median(times[-SAMPLES:]) if count >= ENOUGH else None)


def test_an_old_time_says_nothing() -> None:
    memory = Memory()
    for _ in range(ENOUGH):
        memory.took(ONE, 1.0, 0.0, stream=True)
    assert memory.pace(ONE, FRESH_S - 1, stream=True) == (1.0, ENOUGH)
    assert memory.pace(ONE, FRESH_S, stream=True) == (None, 0)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_an_expected_answer_lies_among_those_that_were_seen(lengths: list[int]) -> None:
    memory = Memory()
    assert memory.output(ONE) is None
    for tokens in lengths:
        memory.answered(ONE, tokens)
    expected = memory.output(ONE)
    assert expected is not None
    assert min(lengths) - 1e-6 <= expected <= max(lengths) + 1e-6


def reply(usage: Usage, target: tuple[str, str] = ONE, unasked: int = 0) -> Reply:
    return Reply(target, usage, 1_000, unasked)


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("cache_write_5m", 300),
        ("cache_write_1h", 3_600),
        ("cache_write_30m", 1_800),
        ("cache_write_12h", 43_200),
    ],
)
def test_a_conversation_is_warm_as_long_as_its_cache_is_kept(field: str, seconds: int) -> None:
    usage = Usage(input_fresh=7, cache_read=100, **{field: 50})
    seen = after(None, reply(usage), 10.0)
    assert (seen.cached, seen.writes, seen.input_tokens) == (150, field, 157)
    assert seen.warm(10 + seconds - 1) == 150
    assert seen.warm(10 + seconds) == 0


def test_a_read_keeps_a_cache_for_as_long_again_as_its_write_did() -> None:
    written = after(None, reply(Usage(cache_write_1h=5_000)), 0.0)
    read = after(written, reply(Usage(input_fresh=3, cache_read=5_000)), 3_000.0)
    assert (read.cached, read.writes) == (5_000, "cache_write_1h")
    assert read.warm(6_000.0) == 5_000
    elsewhere = after(written, reply(Usage(cache_read=9), TWO), 3_000.0)
    assert (elsewhere.writes, elsewhere.keeps_s) == ("", SHORT_S)


def test_a_long_prompt_is_cached_unasked_until_a_second_one_shows_that_it_is_not() -> None:
    first = after(None, reply(Usage(input_fresh=2_000), TWO, 1_024), 0.0)
    assert first.cached == 2_000
    believed = after(first, reply(Usage(input_fresh=300, cache_read=1_920), TWO, 1_024), 9.0)
    assert believed.cached == 2_220
    disproved = after(first, reply(Usage(input_fresh=2_300), TWO, 1_024), 9.0)
    assert disproved.cached == 0
    late = after(first, reply(Usage(input_fresh=2_300), TWO, 1_024), SHORT_S + 9)
    assert late.cached == 2_300, "its cache had run out: nothing was disproved"
    assert after(None, reply(Usage(input_fresh=1_023), TWO, 1_024), 0.0).cached == 0
    assert after(None, reply(Usage(input_fresh=9_000)), 0.0).cached == 0


def test_where_a_conversation_was_is_known_for_an_hour() -> None:
    memory = Memory()
    memory.remember(b"a", reply(Usage(input_fresh=5)), 0.0)
    seen = memory.seen(b"a", KEPT_S - 1)
    assert seen is not None
    assert (seen.target, seen.warm(1)) == (ONE, 0)
    assert memory.seen(b"a", KEPT_S) is None
    assert memory.seen(b"b", 0.0) is None


def test_whatever_is_learned_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONVERSATIONS", 100)
    monkeypatch.setattr(module, "TARGETS", 10)
    memory = Memory()
    for number in range(250):
        name = ("p", f"m{number}")
        memory.took(name, 1.0, 0.0, stream=True)
        memory.answered(name, 5)
        memory.remember(str(number).encode(), reply(Usage(input_fresh=5), name), 0.0)
    kept = [n for n in range(250) if memory.seen(str(n).encode(), 1.0)]
    assert kept == [*range(150, 250)]
    assert sum(memory.output(("p", f"m{n}")) is not None for n in range(250)) == 10
    assert sum(memory.pace(("p", f"m{n}"), 1, stream=True)[1] for n in range(250)) == 10
    assert CONVERSATIONS > 100
    assert TARGETS > 10


def test_what_has_run_out_is_forgotten_as_new_conversations_come() -> None:
    memory = Memory()
    for number in range(5):
        memory.remember(str(number).encode(), reply(Usage(input_fresh=5)), 0.0)
    memory.remember(b"new", reply(Usage(input_fresh=5)), KEPT_S + 1)
    assert [memory.seen(str(n).encode(), 1.0) for n in range(5)] == [None] * 5
    assert memory.seen(b"new", KEPT_S + 2) is not None


def test_no_benchmark_result_is_stored_yet() -> None:
    assert Memory().scores == {}
