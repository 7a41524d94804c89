"""Counters by provider and model, whose number no caller can raise for ever."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.meter import (
    LATENCY_S,
    LONGEST_BYTES,
    OTHER,
    SERIES_KEPT,
    UNPROVEN_KEPT,
    Histogram,
    Meters,
)


def test_the_same_names_give_the_same_meter() -> None:
    meters = Meters()
    assert meters.of("p", "m") is meters.of("p", "m")
    assert meters.of("p", "m") is not meters.of("p", "n")
    assert [(provider, model) for provider, model, _ in meters] == [("p", "m"), ("p", "n")]


@pytest.mark.parametrize("providers", [1, 3])
def test_names_beyond_the_bound_are_counted_as_other(providers: int) -> None:
    meters = Meters()
    for n in range(3 * SERIES_KEPT):
        meters.of(f"p{n % providers}", f"m{n}", answered=True).retries += 1
    kept = list(meters)
    assert len(kept) == SERIES_KEPT + providers
    assert sum(meter.retries for _, _, meter in kept) == 3 * SERIES_KEPT
    assert meters.of("p0", "new") is meters.of("p0", OTHER)
    assert meters.of("p0", "m0").retries == 1


def test_names_that_never_answered_leave_room_for_those_that_did() -> None:
    meters = Meters()
    for n in range(10 * SERIES_KEPT):
        meters.of("p", f"typo-{n}")
    assert len(list(meters)) == UNPROVEN_KEPT + 1
    served = meters.of("p", "served", answered=True)
    assert served is meters.of("p", "served")
    assert served is not meters.of("p", OTHER)


@pytest.mark.parametrize("letter", ["x", "ß", "\ud800"])
def test_a_name_too_long_for_a_label_is_counted_as_other(letter: str) -> None:
    meters = Meters()
    fits = "ft:" + "y" * (LONGEST_BYTES - 3)
    assert meters.of("p", fits) is not meters.of("p", OTHER)
    assert meters.of("p", letter * (LONGEST_BYTES + 1)) is meters.of("p", OTHER)


@given(st.lists(st.floats(0, 10_000), max_size=30))
def test_every_observation_is_in_exactly_one_bucket(seen: list[float]) -> None:
    histogram = Histogram()
    for seconds in seen:
        histogram.observe(seconds)
    assert sum(histogram.counts) == len(seen)
    assert histogram.total == pytest.approx(sum(seen))


@given(st.sampled_from(LATENCY_S))
def test_a_bound_belongs_to_its_own_bucket(bound: float) -> None:
    histogram = Histogram()
    histogram.observe(bound)
    assert histogram.counts[LATENCY_S.index(bound)] == 1


def test_the_bounds_rise_and_reach_the_longest_call() -> None:
    assert list(LATENCY_S) == sorted(set(LATENCY_S))
    assert LATENCY_S[-1] == 600


COUNTS = st.dictionaries(st.sampled_from(["complete", "error", "idle"]), st.integers(0, 10**9))


@given(
    st.lists(st.tuples(COUNTS, st.integers(0, 2**62), st.lists(st.floats(0, 900))), max_size=4)
)
def test_what_meters_tell_is_added_up_whole_wherever_it_was_counted(
    told: list[tuple[dict[str, int], int, list[float]]],
) -> None:
    total = Meters()
    for calls, cost, seconds in told:
        meters = Meters()
        meter = meters.of("p", "m", answered=True)
        meter.calls.update(calls)
        meter.cost_nusd = cost
        for each in seconds:
            meter.latency.observe(each)
        total.add(msgspec.json.decode(msgspec.json.encode(meters.tell())))
    for _, _, meter in total:
        assert meter.cost_nusd == sum(cost for _, cost, _ in told)
        assert sum(meter.latency.counts) == sum(len(seconds) for _, _, seconds in told)
        assert meter.latency.total == pytest.approx(sum(sum(s) for _, _, s in told))
        for ending in meter.calls:
            assert meter.calls[ending] == sum(calls.get(ending, 0) for calls, _, _ in told)
    assert len(list(total)) == min(1, len(told))
