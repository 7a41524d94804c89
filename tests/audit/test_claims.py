"""A saving counts as verified when its waste is gone by more than chance, and not before."""

from __future__ import annotations

import random
from typing import Any

import pytest

from headgate.audit.claims import (
    LEAST_CALLS,
    Measured,
    Part,
    Verified,
    applied,
    check,
    claimed,
    edges,
    finding_id,
    narrowed,
    span_us,
    verify,
)
from headgate.audit.evidence import Evidence
from headgate.audit.finding import Finding
from headgate.audit.rules.duplicate_calls import RULE
from tests.audit.ledgers import DAY_US, MONDAY_US, evidence_of


def measured(calls: int, rate: float, spread: float = 0.0, seed: int = 1) -> Measured:
    """Eight parts of so many calls, with rates of waste that lie apart."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    each = calls // 8
    parts = tuple(
        Part(each, round(each * max(0.0, rate + dice.gauss(0, spread)))) for _ in range(8)
    )
    return Measured(calls, 8 * each, sum(it.waste_nusd for it in parts), parts)


def test_waste_that_is_gone_is_verified_with_its_interval() -> None:
    found = verify(measured(8_000, 100, 5), measured(800, 2, 1))
    assert found.state == "verified"
    assert found.low_nusd < found.saved_nusd < found.high_nusd
    assert found.saved_nusd == pytest.approx(800 * 98, rel=0.05)
    assert found.words == "verified"
    dollars = Verified("verified", 12 * 10**9, 11 * 10**9, 13 * 10**9, 12 * 10**9, 900)
    assert dollars.saved == "$12.00 ($11.00 to $13.00)"


def test_traffic_that_shrinks_is_no_saving() -> None:
    found = verify(measured(8_000, 100, 2), measured(80, 100, 2, seed=2))
    assert found.state == "not so"
    assert found.words == "did not come true"


def test_traffic_that_grows_hides_no_saving() -> None:
    found = verify(measured(800, 100, 2), measured(80_000, 20, 1))
    assert found.state == "verified"
    assert found.saved_nusd == pytest.approx(80_000 * 80, rel=0.05)


def test_half_a_saving_is_verified_as_half() -> None:
    found = verify(measured(8_000, 100, 5), measured(8_000, 50, 5))
    assert found.saved_nusd == pytest.approx(found.expected_nusd / 2, rel=0.1)


def test_a_few_calls_are_too_early_and_say_how_many_are_missing() -> None:
    found = verify(measured(8_000, 100), measured(16, 0))
    assert (found.state, found.more_calls) == ("too early", LEAST_CALLS)
    assert found.words == f"too early: {LEAST_CALLS} calls more"
    assert verify(measured(8_000, 100), measured(0, 0)).state == "too early"


def test_rates_that_lie_far_apart_are_too_early_to_tell() -> None:
    found = verify(measured(800, 100, 90, seed=3), measured(80, 60, 90, seed=4))
    assert found.state == "too early"
    assert found.low_nusd <= 0


def test_where_the_time_before_was_too_uneven_no_number_of_calls_will_tell() -> None:
    lumpy = Measured(800, 800, 800_000, (*[Part(100, 0)] * 7, Part(100, 800_000)))
    found = verify(lumpy, measured(8_000, 500, 20))
    assert (found.state, found.more_calls) == ("too early", 0)
    assert found.words == "cannot be told: the time before was too short or too uneven"


def test_a_waste_that_no_part_of_the_time_shows_has_an_unknown_spread_not_none() -> None:
    blind = Measured(95, 95, 1_262, (Part(47, 0), Part(48, 0)))
    gone = measured(192, 0, 20)
    assert verify(blind, gone).state == "too early"
    assert verify(blind, gone).more_calls == 0
    seen = measured(800, 10_000, 20)
    hidden = Measured(95, 95, 1_262, (Part(47, 0), Part(48, 0)))
    assert (verify(seen, hidden).state, verify(seen, hidden).more_calls) == ("too early", 95)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(400):
        before, after = measured(8_000, 100, 20, seed), measured(8_000, 40, 20, seed + 9_999)
        found = verify(before, after)
        held += found.low_nusd <= 8_000 * 60 <= found.high_nusd
    assert held >= 0.92 * 400


def test_an_id_is_that_of_rule_and_subject_and_nothing_else() -> None:
    one = Finding("rule", "key ci", 5, "strong", "a", "b")
    assert finding_id(one) == finding_id(Finding("rule", "key ci", 9, "strong", "c", "d"))
    assert finding_id(one) != finding_id(Finding("rule", "key cd", 5, "strong", "a", "b"))
    assert len(finding_id(one)) == 8


def talk(days: range, prompts: int, calls: int = 200) -> list[dict[str, Any]]:
    """Each day the same key asks so many prompts in so many calls."""
    return [
        {
            "at_us": MONDAY_US + day * DAY_US + n * 60_000_000,
            "key_id": "k_faq",
            "input_fresh": 3_000,
            "output": 300,
            "chain": [1, day * 1_000 + n % prompts],
            "cover": [10, 20],
        }
        for day in days
        for n in range(calls)
    ]


def found_by(evidence: Evidence) -> list[Finding]:
    return list(RULE.judge(evidence))


def checked(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Verified:
    with evidence_of(before) as evidence:
        (finding,) = found_by(evidence)
        claim = claimed(evidence, finding, MONDAY_US)
        assert span_us(claim) == 4 * DAY_US
        claim = applied(claim, RULE, evidence, MONDAY_US + 4 * DAY_US)
    with evidence_of(after) as evidence:
        return check(claim, RULE, evidence)


@pytest.mark.slow
def test_a_rule_measures_its_own_saving_again() -> None:
    before = talk(range(4), 40)
    gone = checked(before, talk(range(4, 7), 200))
    assert gone.state == "verified"
    assert gone.saved_nusd == gone.expected_nusd > 0
    same = checked(before, talk(range(4, 7), 40))
    assert same.state == "not so"
    assert abs(same.saved_nusd) < 0.1 * same.expected_nusd


def test_time_is_cut_at_midnights_where_there_are_enough() -> None:
    assert edges(MONDAY_US + 5, MONDAY_US + 4 * DAY_US - 5, 8) == [
        MONDAY_US + n * DAY_US for n in range(5)
    ]
    assert len(edges(MONDAY_US, MONDAY_US + 30 * DAY_US, 8)) == 9
    assert edges(MONDAY_US, MONDAY_US + 100, 4) == [MONDAY_US + 25 * n for n in range(5)]


def test_a_part_of_the_time_hides_the_rest_and_gives_it_back() -> None:
    with evidence_of(talk(range(4), 40)) as evidence:
        count = "SELECT count(*) FROM book"
        with narrowed(evidence, MONDAY_US, MONDAY_US + DAY_US) as part:
            assert part.book.one(count) == (200,)
            assert part.until_us == MONDAY_US + DAY_US
        assert evidence.book.one(count) == (800,)
