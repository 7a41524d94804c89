"""One day stands out, by the same measure wherever it is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.stats.spike import TIMES, highest

DAYS = st.dictionaries(st.integers(0, 40), st.integers(0, 1000), max_size=20)


@given(DAYS)
def test_what_stands_out_is_well_above_the_days_before(spent: dict[int, int]) -> None:
    found = highest(spent)
    if found is not None:
        assert spent[found.day] > found.usual
        if found.stands_out:
            assert spent[found.day] >= TIMES * found.usual


@given(DAYS, st.integers(1, 9))
def test_what_all_days_are_multiplied_by_makes_no_difference(
    spent: dict[int, int], times: int
) -> None:
    one, other = highest(spent), highest({day: it * times for day, it in spent.items()})
    assert (one is None) == (other is None)


def test_a_day_that_stands_out_goes_before_a_larger_step_that_does_not() -> None:
    spent = {0: 100, 1: 100, 2: 100, 3: 260, 4: 260, 5: 260, 6: 260, 7: 500}
    found = highest(spent)
    assert found is not None
    assert (found.day, found.usual, found.stands_out) == (3, 100, True)


def test_the_end_of_a_pause_is_no_spike() -> None:
    found = highest({0: 100, 1: 100, 2: 100, 20: 110})
    assert found is None or not found.stands_out


def test_two_days_tell_which_was_more_and_nothing_stands_out() -> None:
    found = highest({0: 1, 1: 100})
    assert found is not None
    assert (found.day, found.usual, found.stands_out) == (1, 1, False)
