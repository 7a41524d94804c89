"""A timeout says something of an answer only where the answer had its time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.pace import KEEPS, MOST, allowed, is_told, measured

PACES = st.floats(1.0, 100.0)


def test_work_never_takes_less_than_its_own_time() -> None:
    assert measured() >= 1.0


@given(PACES)
def test_a_slower_machine_gives_more_time_and_never_without_end(pace: float) -> None:
    assert 1.0 <= allowed(pace) <= MOST
    assert (allowed(pace) == 1.0) == (pace < KEEPS)
    assert allowed(pace) >= min(pace, MOST) or pace < KEEPS


@given(PACES, st.floats(0.0, 0.4))
def test_what_waited_as_long_as_the_machine_was_slow_had_its_time(
    pace: float, used: float
) -> None:
    assert is_told(pace, allowed(pace), used) == (pace <= MOST)


@pytest.mark.parametrize("pace", [1.0, 5.0, 50.0])
def test_who_used_its_time_had_it(pace: float) -> None:
    assert is_told(pace, 1.0, used=1.0)
