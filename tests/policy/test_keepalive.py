"""Pings pay in pauses a little longer than the lifetime, and cost after the last call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.keepalive import Reckoning, Terms, end, pause

FIVE = Terms(300.0, 1.25, 0.1, 3_750.0, 2_000.0)
"""62.5 minutes: write price over read price, times five minutes"""
NONE = Reckoning()


def test_a_pause_within_the_lifetime_needs_no_ping() -> None:
    assert pause(NONE, FIVE, 10_000, 299.0) == NONE


def test_a_pause_of_seven_minutes_is_bridged_by_one_ping() -> None:
    found = pause(NONE, FIVE, 10_000, 420.0)
    assert (found.pauses, found.pings) == (1, 1)
    assert found.saved_nusd == pytest.approx(10_000 * 2_000 * (1.15 - 0.1))
    assert found.net_nusd == found.saved_nusd


def test_what_does_not_come_again_in_time_is_counted_against_it() -> None:
    late = pause(NONE, FIVE, 10_000, 4_000.0)
    assert late == end(NONE, FIVE, 10_000)
    assert (late.pauses, late.pings) == (0, 12)
    assert late.net_nusd == pytest.approx(-12 * 0.1 * 2_000 * 10_000)


@given(st.floats(300, 3_749), st.integers(1, 10**6))
def test_a_pause_that_the_rule_bridges_never_costs_more_than_a_write(
    pause_s: float, tokens: int
) -> None:
    """Up to write price over read price lifetimes, pings cost less than writing again."""
    found = pause(NONE, FIVE, tokens, pause_s)
    assert found.saved_nusd >= -FIVE.read * FIVE.plain_nusd * tokens
    assert found.pauses == 1
