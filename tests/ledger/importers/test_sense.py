"""Values that cannot be meant are refused in words; odd ones are taken, and noted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.importers import sense
from headgate.ledger.importers.importer import Tally

MOMENTS = st.integers(1_577_836_800_000_000, 4_000_000_000_000_000)


@given(at_us=MOMENTS)
def test_a_time_becomes_whole_microseconds(at_us: int) -> None:
    second = datetime.fromtimestamp(at_us // 10**6, UTC)
    text = second.replace(microsecond=at_us % 10**6).isoformat()
    assert sense.micros(text) == at_us


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-21T14:17:20.227Z", "2026-11-21T14:17:20.227+00:00"),
        ("2026-11-21T14:17:20", "2026-11-21T14:17:20Z"),
        ("2026-11-21T15:17:20+01:00", "2026-11-21T14:17:20Z"),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, same: str) -> None:
    assert sense.micros(text) == sense.micros(same)


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2019-12-31T23:59:59Z", "1970-01-01T00:00:00Z"]
)
def test_a_time_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(sense.Senseless, match="its timestamp"):
        sense.micros(text)


def test_negative_and_absurd_counts_are_refused_by_what_is_wrong() -> None:
    sense.tokens(0, 5, sense.MOST_TOKENS)
    with pytest.raises(sense.Senseless, match="negative"):
        sense.tokens(3, -1)
    with pytest.raises(sense.Senseless, match="above 100,000,000"):
        sense.tokens(sense.MOST_TOKENS + 1)


def test_a_clock_that_jumps_is_noted_and_its_lines_are_taken() -> None:
    tally, day = Tally(), sense.DAY_US
    sense.watch(tally, 10 * day, 9 * day, 11 * day)
    assert not tally.notes
    sense.watch(tally, 8 * day, 9 * day, 11 * day)
    sense.watch(tally, 13 * day, 9 * day, 11 * day)
    assert tally.notes == {sense.BACK: 1, sense.FUTURE: 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"a": "\xff"}', "it is not UTF-8"),
        (b'{"a": 1', "it is cut off"),
        (b"\0\0\0", "zero bytes"),
        (b"hello", "no JSON object"),
    ],
)
def test_why_a_line_is_no_json_is_told(text: bytes, why: str) -> None:
    assert why in sense.not_json(text)
