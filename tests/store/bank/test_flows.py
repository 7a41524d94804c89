"""Whoever takes from a flow, and whatever becomes of the bank: no more flows than may."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.store.bank import Flow
from tests.store.bank.world import World

PER_MINUTE, BURST = 6_000, 20
SECOND_US = 1_000_000
names = itertools.count()

steps = st.lists(
    st.tuples(
        st.sampled_from(["take"] * 8 + ["time"] * 4 + ["forget", "back"]),
        st.integers(0, 2),
        st.integers(1, 60),
    ),
    min_size=20,
    max_size=50,
)


@pytest.mark.slow
def test_no_span_of_time_grants_more_than_burst_and_rate(world: World) -> None:
    """`granted in any T seconds ≤ burst + rate * T`, over processes, losses and clocks."""
    processes = [world.start() for _ in range(3)]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(taken=steps)
    def walk(taken: list[tuple[str, int, int]]) -> None:
        flow = Flow(f"key:{next(names)} requests", PER_MINUTE, BURST, 0, 1)
        skipped, grants = 0, [(0, 0)]
        begun = time.monotonic_ns()
        for what, who, amount in taken:
            if what == "time":
                world.pass_time(amount * 10_000)
                skipped += amount * 10_000
            elif what == "back":
                world.pass_time(-amount * SECOND_US)
            elif what == "forget":
                world.forget()
            else:
                (answer,) = processes[who].bank.exchange([flow._replace(take=amount)])
                now = skipped + (time.monotonic_ns() - begun) // 1000
                grants.append((now, answer.granted))
        held(grants)

    walk()


def held(grants: list[tuple[int, int]]) -> None:
    """A grant is decided before it is told: so the span reaches back to the one before."""
    for n in range(1, len(grants)):
        total = 0
        for at, granted in grants[n:]:
            total += granted
            passed = at - grants[n - 1][0]
            assert total <= BURST + PER_MINUTE * passed / (60 * SECOND_US), grants[n - 1 :]


@pytest.mark.slow
def test_a_flow_brings_all_that_it_may_in_the_long_run(world: World) -> None:
    a = world.start()
    flow = Flow("key:k requests", PER_MINUTE, BURST, 5, 1)
    total = 0
    for _ in range(100):
        total += a.bank.exchange([flow])[0].granted
        world.pass_time(50_000)
    assert total >= 500 * 0.99
