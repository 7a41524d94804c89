"""Replays of one prefix obey the vendor's rules, and the ceiling is exact."""

from __future__ import annotations

import random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cacheprice import Worth, longest_pause_s, reads_needed, share_needed
from headgate.policy.replay import (
    _EMPTY,
    Access,
    Policy,
    best_static,
    follow,
    moves,
    optimum,
)

TENTH = Worth(1.25, 2.0, 0.1)
TWENTIETH = Worth(1.25, 2.0, 0.05)


def calls(*at: float, ttft: float = 1.0) -> list[Access]:
    return [Access(it, it + ttft) for it in at]


@pytest.mark.parametrize(
    ("write", "read", "reads", "share"),
    [
        (1.25, 0.1, 0.278, 0.217),
        (2.0, 0.1, 1.111, 0.526),
        (1.25, 0.05, 0.263, 0.208),
        (2.0, 0.05, 1.053, 0.513),
    ],
)
def test_break_even_is_as_published(
    write: float, read: float, reads: float, share: float
) -> None:
    assert reads_needed(write, read) == pytest.approx(reads, abs=5e-4)
    assert share_needed(write, read) == pytest.approx(share, abs=5e-4)


def test_a_ping_pays_for_pauses_up_to_an_hour_and_two_and_a_half_minutes() -> None:
    assert longest_pause_s(1.25, 0.1, 300) / 60 == 62.5


def test_ten_writes_to_one_read_lose_a_seventh() -> None:
    """5,000 tokens eleven times: 63,000 tokens' worth is paid for 55,000."""
    trace = calls(*(3_600 * n for n in range(10)), 9 * 3_600 + 60)
    assert 5_000 * follow(trace, "none", TENTH) == 55_000
    assert 5_000 * follow(trace, "5m", TENTH) == pytest.approx(63_000)
    lost = (63_000 - 55_000) / 55_000
    assert lost == pytest.approx(0.145, abs=1e-3)


def test_an_entry_lives_from_the_start_of_the_request_that_last_read_it() -> None:
    assert follow(calls(0, 299, 598), "5m", TENTH) == pytest.approx(1.25 + 0.1 + 0.1)
    assert follow(calls(0, 300), "5m", TENTH) == 2.5, "after five minutes it is gone"
    assert follow(calls(0, 300), "1h", TENTH) == 2.1
    assert follow(calls(0, 300), "none", TENTH) == 2


def test_what_is_being_written_can_be_read_by_nobody_yet() -> None:
    burst = [Access(0, 10), Access(5, 15), Access(10, 20)]
    assert follow(burst, "5m", TENTH) == 1.25 + 1.25 + 0.1
    assert optimum(burst, TENTH) == 1.25 + 1 + 0.1, "in hindsight the second pays once"


def test_in_hindsight_an_hour_is_written_before_a_long_pause_only() -> None:
    """Five minutes, made an hour just before the pause, would cost both writes."""
    assert optimum(calls(0, 2_000), TENTH) == 2.0
    assert optimum(calls(0, 2_000, 4_000, 6_000), TENTH) == pytest.approx(2.3)
    assert best_static(calls(0, 2_000, 4_000, 6_000), TENTH) == "1h"
    assert best_static(calls(0, 7_200), TENTH) == "none"
    assert best_static(calls(0, 60), TENTH) == "5m"


def brute(accesses: list[Access], worth: Worth) -> float:
    """Every sequence of moves there is."""
    states = [_EMPTY]
    for access in accesses:
        states = [after for state in states for after in moves(state, access, worth)]
    return min(state.cost for state in states)


@pytest.mark.slow
def test_the_ceiling_is_that_of_every_possible_sequence() -> None:
    """600 traces at random: the difference is never above nothing."""
    dice = random.Random(11)  # noqa: S311 - the same every time
    worst = 0.0
    for _ in range(600):
        at, trace = 0.0, []
        for _ in range(dice.randint(1, 7)):
            at += dice.choice([2, 20, 200, 299, 301, 1_000, 3_500, 3_700]) * dice.random()
            trace.append(Access(at, at + dice.choice([0, 1, 30, 250])))
        worth = dice.choice([TENTH, TWENTIETH, Worth(1.0, 1.0, 0.5), Worth(1.25, 1.6, 0.025)])
        worst = max(worst, abs(optimum(trace, worth) - brute(trace, worth)))
    assert worst == 0


GAPS = st.lists(st.tuples(st.floats(0, 5_000), st.floats(0, 400)), min_size=1, max_size=40)


@given(GAPS)
def test_no_policy_beats_the_ceiling_and_nothing_is_free(
    gaps: list[tuple[float, float]],
) -> None:
    at, trace = 0.0, []
    for gap, ttft in gaps:
        at += gap
        trace.append(Access(at, at + ttft))
    least = optimum(trace, TENTH)
    policies: tuple[Policy, ...] = ("none", "5m", "1h")
    for policy in policies:
        assert least <= follow(trace, policy, TENTH) + 1e-9
    assert least >= 1 + 0.1 * (len(trace) - 1) - 1e-9


def poisson(per_hour: float, count: int = 20_000) -> list[Access]:
    dice = random.Random(3)  # noqa: S311 - the same every time
    at, found = 0.0, []
    for _ in range(count):
        at += dice.expovariate(per_hour / 3_600)
        found.append(Access(at, at))
    return found


def agents() -> list[Access]:
    """Sessions of 40 turns, 20 seconds apart, with two hours between them."""
    times = [
        day * (2 * 3_600 + 40 * 20) + turn * 20 for day in range(500) for turn in range(40)
    ]
    return [Access(it, it + 2) for it in times]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trace", "five", "hour", "static", "hindsight"),
    [
        (poisson(42), 0.135, 0.100, 0.100, 0.100),
        (poisson(9), 0.640, 0.100, 0.100, 0.100),
        (poisson(3), 0.988, 0.191, 0.191, 0.189),
        (poisson(1.2), 1.145, 0.672, 0.672, 0.568),
        (poisson(0.4), 1.211, 1.373, 1.000, 0.898),
        (agents(), 0.130, 0.150, 0.130, 0.130),
    ],
    ids=["0.7 a minute", "9 an hour", "3 an hour", "1.2 an hour", "0.4 an hour", "agents"],
)
def test_costs_of_random_arrivals_are_as_published(
    trace: list[Access], five: float, hour: float, static: float, hindsight: float
) -> None:
    """Per prefix token, of 1 uncached. They are measured, of 20,000 arrivals: 0.02 apart."""
    count = len(trace)
    assert follow(trace, "5m", TENTH) / count == pytest.approx(five, abs=0.02)
    assert follow(trace, "1h", TENTH) / count == pytest.approx(hour, abs=0.02)
    assert follow(trace, best_static(trace, TENTH), TENTH) / count == pytest.approx(
        static, abs=0.02
    )
    assert optimum(trace, TENTH) / count == pytest.approx(hindsight, abs=0.02)


@pytest.mark.slow
def test_a_hundred_thousand_accesses_are_replayed_in_seconds() -> None:
    trace = poisson(9, 100_000)
    began = perf_counter()
    optimum(trace, TENTH)
    assert perf_counter() - began < 10
