"""What a run within a call costs; the whole of it is seen in test_served.py."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.execution import price_nusd


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_time_never_costs_less(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert price_nusd(less, "0.0001") <= price_nusd(more, "0.0001")


def test_a_second_costs_its_price() -> None:
    assert price_nusd(1_000_000, "0.25") == 250_000_000
    assert price_nusd(1_000_000, "0") == 0
