"""Cooling begins for a reason, lasts as long as asked, and always ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.health import (
    ASKED_LONGEST_S,
    AUTH_S,
    COUNTED,
    COUNTED_STREAK,
    LIMITED_S,
    LONGEST_S,
    WELL,
    Health,
    learn,
)
from headgate.wire.model import FAULTS, Kind

AFTER = st.none() | st.floats(allow_nan=True, allow_infinity=True)
EVENT = st.tuples(st.none() | st.sampled_from(list(Kind)), AFTER, st.floats(0, 100))


def lived(events: list[tuple[Kind | None, float | None, float]]) -> tuple[Health, float]:
    """The state after each event in turn, every one some seconds after the last."""
    state, now = WELL, 0.0
    for kind, after, passed in events:
        now += passed
        state = learn(state, kind, after, now)
    return state, now


@given(st.lists(EVENT, max_size=30))
def test_cooling_always_ends(
    events: list[tuple[Kind | None, float | None, float]],
) -> None:
    state, now = lived(events)
    assert not state.cooling(now + ASKED_LONGEST_S)


@given(st.lists(EVENT, max_size=10))
def test_one_success_reopens(events: list[tuple[Kind | None, float | None, float]]) -> None:
    state, now = lived(events)
    assert learn(state, None, None, now) == WELL
    assert not learn(state, None, None, now).cooling(now)


@given(
    st.lists(EVENT, max_size=10),
    st.sampled_from([kind for kind in Kind if not FAULTS[kind].cools]),
    AFTER,
)
def test_a_fault_that_is_not_the_targets_changes_nothing(
    events: list[tuple[Kind | None, float | None, float]], kind: Kind, after: float | None
) -> None:
    state, now = lived(events)
    assert learn(state, kind, after, now) is state


@given(st.lists(EVENT, max_size=10), st.sampled_from(list(Kind)), AFTER)
def test_a_fault_never_shortens_a_cooling(
    events: list[tuple[Kind | None, float | None, float]], kind: Kind, after: float | None
) -> None:
    state, now = lived(events)
    assert learn(state, kind, after, now).cool_until >= state.cool_until


@given(st.sampled_from([Kind.UPSTREAM_LIMITED, Kind.OVERLOADED]), st.floats(0, 10_000))
def test_a_target_stays_away_as_long_as_it_asked_up_to_an_hour(
    kind: Kind, after: float
) -> None:
    state = learn(WELL, kind, after, 50.0)
    assert state.cool_until >= 50.0 + min(after, ASKED_LONGEST_S)


@given(st.integers(1, 2000))
def test_failures_in_a_row_cool_longer_up_to_a_bound(count: int) -> None:
    state = Health(0.0, count - 1, "")
    cooled = learn(state, Kind.CONNECTION, None, 0.0)
    assert cooled.streak == count
    assert cooled.cool_until == min(2 ** (min(count, 20) - 1), LONGEST_S)


def test_the_reasons_have_their_own_lengths() -> None:
    assert learn(WELL, Kind.UPSTREAM_AUTH, None, 1.0).cool_until == 1.0 + AUTH_S
    assert learn(WELL, Kind.UPSTREAM_LIMITED, None, 1.0).cool_until == 1.0 + LIMITED_S
    assert learn(WELL, Kind.UPSTREAM_LIMITED, 0.5, 1.0).cool_until == 1.5


@pytest.mark.parametrize("kind", sorted(COUNTED))
def test_a_cut_stream_counts_and_three_in_a_row_cool(kind: Kind) -> None:
    state = WELL
    for _ in range(COUNTED_STREAK - 1):
        state = learn(state, kind, None, 0.0)
        assert not state.cooling(0.0)
    assert learn(state, kind, None, 0.0).cooling(0.0)
