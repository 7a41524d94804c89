"""The ceiling is what perfect foresight would have saved: never less than a claim."""

from __future__ import annotations

import random
from typing import Any

import pytest

from headgate.audit.foresight import SAMPLE, ceiling
from headgate.audit.holdout import verdicts
from tests.audit.ledgers import MONDAY_US, evidence_of

SECOND_US = 1_000_000


def arrivals(count: int) -> list[dict[str, Any]]:
    """Once in fifty minutes, at random: by hindsight many writes could be left out."""
    dice = random.Random(2)  # noqa: S311 - the same every time
    at, rows = 0.0, []
    for n in range(count):
        at += dice.expovariate(1.2 / 3_600)
        rows.append(
            {
                "at_us": MONDAY_US + int(at * SECOND_US),
                "key_id": "ci",
                "model_sent": "claude-sonnet-4-5",
                "input_fresh": 10_000,
                "head": 7,
                "head_bytes": 40_000,
                "chain": [7, n],
                "cover": [40_000, 40_001],
            }
        )
    return rows


@pytest.mark.slow
def test_rare_arrivals_leave_much_to_foresight() -> None:
    """The published costs are 0.672 for an hour always, and 0.568 with foresight."""
    with evidence_of(arrivals(2_500)) as evidence:
        found = verdicts(evidence)[0]
        top = ceiling(evidence, found)
    assert top.calls == SAMPLE
    plain = found.total("plain")
    assert found.saving / plain == pytest.approx(1 - 0.672, abs=0.04)
    assert top.nusd / plain == pytest.approx(1 - 0.568, abs=0.04)


def test_conversations_have_a_ceiling_too() -> None:
    rows = [
        {
            "at_us": MONDAY_US + talk * 7_200 * SECOND_US + turn * 200 * SECOND_US,
            "source": "claude-code",
            "session": f"s{talk}",
            "input_fresh": 9_000 + 400 * turn,
        }
        for talk in range(20)
        for turn in range(6)
    ]
    with evidence_of(rows) as evidence:
        found = verdicts(evidence)[0]
        top = ceiling(evidence, found)
    assert found.saving < top.nusd < found.total("plain"), "the last turn need not be written"
