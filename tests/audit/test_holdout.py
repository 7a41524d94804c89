"""A policy is chosen by one half of the calls, and what it saves is claimed by the other."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.holdout import Part, verdicts
from tests.audit.ledgers import MONDAY_US, evidence_of

MINUTE_US = 60_000_000


def call(minute: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + minute * MINUTE_US,
        "key_id": "ci",
        "input_fresh": 10_000,
        "head": 7,
        "head_bytes": 40_000,
        "chain": [7, minute],
        "cover": [40_000, 40_001],
        **more,
    }


def test_what_paid_once_and_pays_no_more_is_not_claimed() -> None:
    """Every minute at first, then every two hours: by hindsight a cache would have paid."""
    busy = [call(n) for n in range(60)]
    quiet = [call(6_000 + 120 * n) for n in range(60)]
    with evidence_of([*busy, *quiet]) as evidence:
        found = next(it for it in verdicts(evidence) if it.whose.head == 7)
    (change,) = found.changes
    assert change.policy == "5m"
    assert change.seen > 0
    assert change.held < 0, "each call of the second half would be written in vain"
    assert found.saving < 0


def test_what_goes_on_as_before_is_claimed_in_proportion() -> None:
    with evidence_of([call(n) for n in range(100)]) as evidence:
        found = next(it for it in verdicts(evidence) if it.whose.head == 7)
    (change,) = found.changes
    assert change.scale == 2
    assert found.is_measured
    assert found.advice == "heads 5m"
    plain = 10_000 * 2_000
    assert found.saving == pytest.approx(99 * plain * 0.95 - plain * 0.25, rel=0.001)


def test_no_more_is_claimed_than_the_change_would_have_saved() -> None:
    """Of few calls the first write is a large part, and it is in one half alone."""
    with evidence_of([call(n) for n in range(6)]) as evidence:
        found = next(it for it in verdicts(evidence) if it.whose.head == 7)
    plain = 10_000 * 2_000
    assert found.saving == pytest.approx(5 * plain * 0.95 - plain * 0.25, rel=0.001)


def test_a_policy_that_is_hardly_better_changes_nothing() -> None:
    assert Part(plain=100, paid=30, five=29.8, hour=90).choose("1h") == "1h"
    assert Part(plain=100, paid=30, five=30, hour=29.8).choose("5m") == "5m"
    assert Part(plain=100, paid=100, five=99, hour=120).choose("none") == "none"


def test_a_broken_cache_is_compared_with_its_own_replay() -> None:
    """What spoils it would spoil it with another lifetime too."""
    part = Part(plain=100, paid=120, five=20, hour=25)
    assert part.now("5m") == 20
    assert part.now("none") == 120
    assert part.choose("5m") == "5m"
