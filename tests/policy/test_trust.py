"""When near answers may be given: after a report, a fresh one, of enough pairs that agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.trust import (
    DAY_US,
    FRESH_DAYS,
    LEAST_PAIRS,
    Report,
    objection,
    pairs_needed,
    thousandths,
    wilson,
)

NOW = 1_763_740_800_000_000
MODEL = "openai:e"


def report(verified: int, agreed: int, *, at_us: int = NOW, likeness: int = 920) -> Report:
    low, _ = wilson(agreed, verified)
    share = agreed / verified if verified else 0.0
    precision, least = thousandths(share), thousandths(low)
    return Report(at_us, 0, 1000, 200, verified, agreed, precision, least, likeness, MODEL)


def judged(it: Report | None, likeness: float = 0.92, model: str = MODEL) -> str:
    return objection(it, NOW, model=model, likeness=likeness)


def test_without_a_report_nothing_is_given() -> None:
    assert "no report yet" in judged(None)


def test_a_good_report_opens_the_door() -> None:
    assert judged(report(200, 200)) == ""


@pytest.mark.parametrize(
    ("it", "why"),
    [
        (report(200, 200, at_us=NOW - FRESH_DAYS * DAY_US - 1), "older than 30 days"),
        (report(LEAST_PAIRS - 1, LEAST_PAIRS - 1), "only 49 pairs"),
        (report(LEAST_PAIRS, LEAST_PAIRS), "73 pairs when all agree"),
        (report(200, 190), "95% are needed"),
        (report(200, 200, likeness=950), "near_likeness of 0.95"),
    ],
)
def test_anything_less_keeps_it_shut_and_says_why(it: Report, why: str) -> None:
    assert why in judged(it)


def test_a_report_speaks_for_its_model_and_for_any_greater_likeness() -> None:
    assert "speaks for openai:e, not for" in judged(report(200, 200), model="openai:other")
    assert judged(report(200, 200), likeness=0.97) == ""


@pytest.mark.parametrize(
    ("good", "of", "low", "high"),
    [  # as every table of the interval has it
        (50, 50, 0.9287, 1.0),
        (95, 100, 0.8882, 0.9785),
        (5, 10, 0.2366, 0.7634),
        (0, 10, 0.0, 0.2775),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilson_s(good: int, of: int, low: float, high: float) -> None:
    assert [*wilson(good, of)] == pytest.approx([low, high], abs=1e-4)


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_the_share_lies_in_its_interval(good: int, of: int) -> None:
    good = min(good, of)
    low, high = wilson(good, of)
    assert 0 <= low <= good / of <= high <= 1


def test_so_many_pairs_are_needed_and_not_one_less() -> None:
    assert wilson(pairs_needed(), pairs_needed())[0] >= 0.95
    assert wilson(pairs_needed() - 1, pairs_needed() - 1)[0] < 0.95


def test_a_share_is_never_shown_larger_than_it_is() -> None:
    assert thousandths(0.9499) == 949
    assert thousandths(0.95) == 950
