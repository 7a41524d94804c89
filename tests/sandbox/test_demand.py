"""Spares follow demand: more for what is asked for often, none for what nobody asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.demand import Demand

IDLE_S = 300.0


def after(rate: float, making_s: float, for_s: float = 60.0) -> Demand:
    demand = Demand()
    for _ in range(40):
        demand.made(making_s)
    for step in range(int(rate * for_s)):
        demand.asked(step / rate)
    return demand


def test_before_the_first_run_nothing_stands_ready() -> None:
    assert Demand().wanted(0.0, 8, IDLE_S) == 0


def test_one_run_keeps_one_ready_until_it_was_idle_for_long() -> None:
    demand = Demand()
    demand.asked(5.0)
    assert demand.wanted(5.0 + IDLE_S - 1, 8, IDLE_S) == 1
    assert demand.wanted(5.0 + IDLE_S + 1, 8, IDLE_S) == 0


def test_ten_runs_a_second_that_take_a_tenth_to_prepare_need_more_than_two() -> None:
    assert 3 <= after(10, 0.1).wanted(60.0, 16, IDLE_S) <= 6


def test_a_bound_is_a_bound() -> None:
    assert after(1000, 0.1).wanted(60.0, 4, IDLE_S) == 4


@given(st.floats(0.5, 50), st.floats(0.001, 0.5), st.floats(0, 600))
def test_what_stands_ready_never_falls_with_demand_nor_rises_with_time(
    rate: float, making_s: float, later: float
) -> None:
    little, much = after(rate, making_s, 20), after(2 * rate, making_s, 20)
    at = max(little.last_s, much.last_s)
    assert little.wanted(at, 100, IDLE_S) <= much.wanted(at, 100, IDLE_S) + 1
    assert much.wanted(at + later, 100, IDLE_S) <= much.wanted(at, 100, IDLE_S)


def test_a_clock_that_steps_back_breaks_nothing() -> None:
    demand = Demand()
    demand.asked(100.0)
    demand.asked(50.0)
    assert demand.wanted(40.0, 8, IDLE_S) >= 1
