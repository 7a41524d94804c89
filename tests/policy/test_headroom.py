"""What is left of an account is what its vendor told, less all it cannot have known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.headroom import FIRST_OUTPUT, NEVER, Draw, Room, family
from headgate.wire.headroom import GAUGES, Gauge, Told

LIMIT = 60_000


def told(left: int, full_in_s: float, kind: str = "input_tokens", limit: int = LIMIT) -> Told:
    return Told((Gauge(kind, limit, left, full_in_s),), spares_cached=True)


def room_with(left: int, full_in_s: float = -1.0) -> Room:
    room = Room()
    room.learn(told(left, full_in_s), 0.0)
    return room


@pytest.mark.parametrize(
    ("model", "kin"),
    [
        ("claude-haiku-5-5", "claude-haiku-5-5"),
        ("claude-haiku-5-5-20261001", "claude-haiku-5-5"),
        ("gpt-6.1-2026-08-01", "gpt-6.1"),
        ("claude-opus-5-5@20261001", "claude-opus-5-5"),
        ("mistral-large-latest", "mistral-large"),
        ("llama-4-70b", "llama-4-70b"),
    ],
)
def test_dated_editions_of_a_model_share_its_limits(model: str, kin: str) -> None:
    assert family(model) == kin


def test_of_an_account_nobody_told_of_nothing_is_short() -> None:
    room = Room()
    stake = room.send(Draw(10**9))
    assert (room.wait_s(Draw(10**9), 0.0), room.share(Draw(10**9), 0.0)) == (0.0, 1.0)
    stake.settle(10, 1.0)


def test_a_limit_fills_evenly_and_holds_no_more_than_itself() -> None:
    room = room_with(0, 60.0)
    assert room.wait_s(Draw(30_000), 0.0) == pytest.approx(30.0)
    assert room.wait_s(Draw(30_000), 30.0) == 0.0
    assert room.share(Draw(0), 600.0) == pytest.approx(1.0)
    assert room.wait_s(Draw(10 * LIMIT), 59.0) == pytest.approx(1.0)
    assert room.wait_s(Draw(10 * LIMIT), 60.0) == 0.0


def test_a_vendor_that_counts_by_the_day_is_believed() -> None:
    room = Room()
    room.learn(told(0, 86_400.0, "requests", 1440), 0.0)
    assert room.wait_s(Draw(1), 0.0) == pytest.approx(60.0)


def test_calls_that_are_not_answered_yet_count_against_what_was_told() -> None:
    room = room_with(10_000)
    stake = room.send(Draw(8000))
    assert room.wait_s(Draw(4000), 0.0) == pytest.approx(2.0)
    stake.hear(told(9000, -1.0), 0.0, counted=True)
    assert room.wait_s(Draw(9000), 0.0) == 0.0


def test_a_call_whose_reply_tells_nothing_is_taken_to_have_used_its_estimate() -> None:
    room = room_with(10_000)
    room.send(Draw(8000)).hear(None, 0.0, counted=True)
    assert room.wait_s(Draw(4000), 0.0) == pytest.approx(2.0)
    refused = room_with(10_000)
    refused.send(Draw(8000)).settle(0, 0.0)
    assert refused.wait_s(Draw(10_000), 0.0) == 0.0


def test_what_is_read_from_the_cache_counts_only_where_the_vendor_counts_it() -> None:
    room = room_with(1000)
    assert room.wait_s(Draw(50_000, 49_500), 0.0) == 0.0
    room.learn(Told((Gauge("tokens", LIMIT, 1000, -1.0),)), 0.0)
    assert room.wait_s(Draw(50_000, 49_500), 0.0) > 0


def test_output_counts_when_it_is_there_and_its_size_is_learned() -> None:
    room = Room()
    room.learn(told(5000, -1.0, "output_tokens"), 0.0)
    stake = room.send(Draw(10))
    assert room.buckets["output_tokens"].left(0.0) == 5000 - FIRST_OUTPUT
    stake.settle(3000, 0.0)
    stake.settle(3000, 0.0)
    assert room.buckets["output_tokens"].left(0.0) == 2000
    assert room.expected(Draw(10)) == pytest.approx(750)
    assert room.expected(Draw(10, output=100)) == 100


def test_an_account_that_asked_to_be_left_alone_is_and_for_the_longest_it_asked() -> None:
    room = room_with(LIMIT)
    room.close(20.0, "429")
    room.close(5.0, "429")
    assert room.wait_s(Draw(1), 1.0) == 19.0
    assert room.wait_s(Draw(1), 20.0) == 0.0


def test_a_subscription_leaves_its_unused_share_and_shuts_when_it_says_so() -> None:
    room = Room()
    room.learn(Told((), used=0.75), 0.0)
    assert room.share(Draw(1), 0.0) == 0.25
    room.learn(Told((), used=1.0, shut_s=600.0), 0.0)
    assert room.wait_s(Draw(1), 100.0) == 500.0


STEPS = st.lists(
    st.tuples(
        st.floats(0, 30),
        st.sampled_from(GAUGES),
        st.integers(0, LIMIT),
        st.floats(-1, 120),
        st.integers(0, 2 * LIMIT),
        st.integers(0, 3),
    ),
    max_size=20,
)


@given(STEPS)
def test_after_everything_is_over_nothing_is_held_and_no_wait_is_longer_than_it_need_be(
    steps: list[tuple[float, str, int, float, int, int]],
) -> None:
    room, now, stakes = Room(), 0.0, []
    for pause, kind, left, full_in_s, tokens, fate in steps:
        now += pause
        stake = room.send(Draw(tokens))
        stakes.append(stake)
        if fate:
            stake.hear(told(left, full_in_s, kind) if fate > 1 else None, now, counted=True)
        if fate > 2:
            stake.settle(left, now)
    for stake in stakes:
        stake.settle(0, now)
    for bucket in room.buckets.values():
        assert bucket.held == pytest.approx(0.0, abs=1e-3)
        assert bucket.left(now) <= bucket.limit
    draw = Draw(LIMIT // 2)
    wait_s = room.wait_s(draw, now)
    if 0 < wait_s < NEVER:
        assert room.wait_s(draw, now + wait_s + 1e-3) <= 1e-3
        assert room.wait_s(draw, now + wait_s * 0.9) > 0
