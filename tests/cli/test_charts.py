"""Charts show the largest value as the largest, and nothing as nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.charts import bar, columns, folded, week

VALUES = st.lists(st.floats(0, 1e12), min_size=1, max_size=200)


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.integers(1, 60))
def test_a_bar_is_never_wider_than_its_room(value: float, largest: float, width: int) -> None:
    assert len(bar(value, largest, width)) <= width
    assert (bar(value, largest, width) != "") == (value > 0 and largest > 0)


def test_the_largest_fills_the_width_and_half_of_it_fills_half() -> None:
    assert bar(8, 8, 4) == "████"
    assert bar(3, 8, 4) == "█▌"


@given(VALUES, st.integers(1, 12))
def test_columns_are_a_rectangle_whose_top_is_touched(values: list[float], height: int) -> None:
    lines = columns(values, height)
    assert (lines == []) == (max(values) <= 0)
    if lines:
        assert {len(line) for line in lines} == {len(values)}
        assert lines[0].strip()
        assert all(
            (mark != " ") == (value > 0) for mark, value in zip(lines[-1], values, strict=True)
        )


@given(VALUES, st.integers(1, 80))
def test_folding_keeps_the_sum_and_fits(values: list[float], width: int) -> None:
    found = folded(values, width)
    assert len(found) <= width
    assert abs(sum(found) - sum(values)) <= 1e-6 * max(1.0, sum(values))


def test_a_week_has_a_line_for_each_day_and_two_marks_for_each_hour() -> None:
    lines = week({(0, 0): 4.0, (6, 23): 1.0})
    assert len(lines) == 8
    assert {len(line) for line in lines[1:]} == {5 + 48}
    assert lines[1].startswith("Mon  ██·")
    assert lines[7].endswith("·▒▒") or lines[7].endswith("·░░")
