"""A refused credential is tried again by one call at a time, and ever more seldom."""

from __future__ import annotations

from headgate.policy.quarantine import FIRST_S, LONGEST_S, TRIAL_S, refuse, try_again


def test_pauses_double_from_a_minute_to_an_hour() -> None:
    state, now, pauses = refuse(None, "401", 0.0), 0.0, []
    for _ in range(9):
        pauses.append(state.until - now)
        state = try_again(state, now := state.until)
        state = refuse(state, "401", now)
    assert pauses[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert pauses[-1] == LONGEST_S
    assert (state.since, state.times) == (0.0, 10)


def test_calls_that_were_on_their_way_make_nothing_longer() -> None:
    state = refuse(None, "401", 0.0)
    late = refuse(state, "402 billing_error", 50.0)
    assert (late.until, late.times, late.why) == (FIRST_S, 1, "402 billing_error")


def test_a_trial_that_hears_nothing_gives_way_to_another() -> None:
    state = try_again(refuse(None, "401", 0.0), 70.0)
    assert (state.until, state.tried) == (70.0 + TRIAL_S, True)
    assert not refuse(state, "401", 71.0).tried
