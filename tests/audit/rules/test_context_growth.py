"""A conversation that carries far more than others of its key is told with what to compact."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.rules.context_growth import FIXED_BOUND, RULE
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found, keeps_its_word


def talk(name: str, turns: int, step: int = 2_000, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "at_us": MONDAY_US + turn * 40_000_000,
            "key_id": "k",
            "session": name,
            "cache_read": 5_000 + (turn - 1) * step if turn else 0,
            "cache_write_5m": step if turn else 5_000,
            "output": 300,
            **more,
        }
        for turn in range(turns)
    ]


USUAL = [row for n in range(12) for row in talk(f"usual-{n}", 10)]


@pytest.mark.slow
def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_the_bound_is_half_more_than_the_key_is_used_to() -> None:
    (it,) = found(RULE, USUAL + talk("long", 120))
    assert it.confidence == "strong"
    assert it.figures["most"] == 34_500
    assert it.figures["dearest"] == ["long"]
    assert it.rows == 105, "the turns beyond the bound"
    assert 0 < it.saving_nusd < it.figures["spent"]


def test_without_a_usual_the_bound_is_fixed_and_the_finding_a_hypothesis() -> None:
    (it,) = found(RULE, talk("alone", 300))
    assert (it.confidence, it.figures["most"]) == ("hypothesis", FIXED_BOUND)


def test_what_is_long_from_the_start_cannot_be_compacted() -> None:
    flat = [row | {"cache_read": 180_000} for row in talk("flat", 100)]
    assert not found(RULE, USUAL + flat)


def test_rows_of_transcripts_tell_as_much() -> None:
    rows = [row | {"source": "claude-code"} for row in USUAL + talk("long", 120)]
    assert found(RULE, rows)


def test_reads_from_a_cache_are_saved_at_their_price() -> None:
    (cached,) = found(RULE, USUAL + talk("long", 120))
    fresh = [
        row | {"input_fresh": row["cache_read"] + row["cache_write_5m"]}
        | {"cache_read": 0, "cache_write_5m": 0}
        for row in USUAL + talk("long", 120)
    ]  # fmt: skip
    (dear,) = found(RULE, fresh)
    assert dear.saving_nusd > 5 * cached.saving_nusd
