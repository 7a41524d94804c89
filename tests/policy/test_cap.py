"""Spans of UTC, bursts and their words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cap import EPOCH, FOREVER, PERIODS, Limits, Period, Span, resets, span

DAYS = st.dates(date(1970, 1, 1), date(2200, 12, 31)).map(lambda it: (it - EPOCH).days)


@given(st.sampled_from(PERIODS), DAYS)
def test_spans_cover_every_day_once(period: Period, day: int) -> None:
    found = span(period, day)
    assert found.first <= day <= found.last
    for other in {found.first, min(found.last, day + 400)}:
        assert span(period, other) == found
    if found.last != FOREVER:
        assert span(period, found.last + 1).first == found.last + 1


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("day", date(2026, 2, 28), date(2026, 2, 28)),
        ("week", date(2026, 2, 23), date(2026, 3, 1)),
        ("month", date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_days_weeks_and_months_are_those_of_the_calendar(
    period: Period, first: date, last: date
) -> None:
    day = (date(2026, 2, 28) - EPOCH).days
    assert span(period, day) == Span((first - EPOCH).days, (last - EPOCH).days)


def test_the_end_of_a_span_is_told_as_a_moment_of_utc() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    ends = span("day", (at.date() - EPOCH).days - 1).ends_us()
    assert ends == int(at.timestamp()) * 1_000_000
    assert resets(ends) == "resets 2026-11-21 00:00 UTC"
    assert resets(span("total", 20_000).ends_us()) == "never resets"


@given(st.integers(1, 10**6))
def test_what_may_come_at_once_is_never_more_than_a_minute_allows(requests: int) -> None:
    limits = Limits(requests=requests)
    assert 1 <= limits.at_once() <= requests
    assert Limits(requests=240).at_once() == 60
    assert Limits(requests=240, burst=7).at_once() == 7
