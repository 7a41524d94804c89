"""A chart shows all the money of the window, whatever is named and whatever is not."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.audit.page import pictures
from tests.audit.ledgers import DAY_US, MONDAY_US, book_of

HOUR_US = 3_600_000_000
ROW = st.fixed_dictionaries(
    {
        "at_us": st.integers(MONDAY_US, MONDAY_US + 5 * DAY_US - 1),
        "model_sent": st.sampled_from([f"model-{n}" for n in range(9)]),
        "session": st.sampled_from(["", "a", "b", "c"]),
        "cost_nusd": st.integers(0, 3_000_000_000),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=40))
def test_no_dollar_is_missing_from_the_chart_of_time(rows: list[dict[str, object]]) -> None:
    with book_of(rows) as book:
        drawn = pictures.spending(book, MONDAY_US, MONDAY_US + 5 * DAY_US)
        found = pictures.sessions(book)
    spent = sum(int(str(row["cost_nusd"])) for row in rows) / 1e9
    assert math.isclose(sum(sum(values) for _, values in drawn.series), spent, abs_tol=1e-6)
    assert math.isclose(sum(drawn.by_hour), spent, abs_tol=1e-6)
    assert len(drawn.series) <= pictures.NAMED + 1
    assert len(drawn.labels) == 120
    names = {row["session"] for row in rows} - {""}
    assert (found.total if found else 0) == len(names)
    assert sum(found.counts if found else ()) == len(names)


def test_a_session_is_counted_under_the_end_it_does_not_pass() -> None:
    one = {"session": "a", "cost_nusd": 10_000_000}
    with book_of([one, {"session": "b", "cost_nusd": 10_000_001}]) as book:
        found = pictures.sessions(book)
    assert found is not None
    assert found.counts[:2] == (1, 1)


def test_what_a_cache_saved_is_told_by_model() -> None:
    row = {"cache_read": 1_000_000, "model_sent": "claude-sonnet-5-5"}
    with book_of([row]) as book:
        (found,) = pictures.economy(book)
    assert (found.read, found.uncached) == (100_000_000, 2_000_000_000)
    assert found.saved == 1_900_000_000


def test_a_long_window_is_drawn_by_the_day() -> None:
    with book_of([{"cost_nusd": 5}]) as book:
        assert pictures.spending(book, MONDAY_US, MONDAY_US + 30 * DAY_US).step_us == DAY_US
        assert pictures.spending(book, MONDAY_US, MONDAY_US + 3 * DAY_US).step_us == HOUR_US
