"""Repeats are waste, the first of them is not; what our own cache answered cost nothing."""

from __future__ import annotations

from typing import Any

from headgate.audit.rules.duplicate_calls import DAY_S, HOUR_S, RULE
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found, keeps_its_word

NUSD = 3_000 * 2_000 + 300 * 10_000
"""what one call of these tests costs"""


def call(second: float, prompt: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + int(second * 1e6),
        "took_us": 2_000_000,
        "key_id": "k",
        "input_fresh": 3_000,
        "output": 300,
        "chain": [7, prompt],
        "cover": [100, 200],
        "reply_hash": b"sameness",
        **more,
    }


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_the_first_answer_is_value_and_every_repeat_is_waste() -> None:
    (it,) = found(RULE, [call(n, n % 3) for n in range(12)])
    assert it.saving_nusd == 9 * NUSD
    assert it.confidence == "strong"
    assert it.rows == 12
    assert it.figures["ttl_s"] == HOUR_S
    assert 'reply_cache = "all"' in it.change


def test_a_kept_answer_gets_old_and_is_paid_for_again() -> None:
    every_seven_hours = [call(n * 25_200, 1) for n in range(12)]
    (it,) = found(RULE, every_seven_hours)
    assert it.figures["ttl_s"] == DAY_S
    assert it.saving_nusd == 8 * NUSD  # 77 hours: four answers of a day each
    assert it.ceiling_nusd == 11 * NUSD
    assert not found(RULE, [call(n * 90_000, 1) for n in range(12)])


def test_answers_that_differ_may_have_been_meant_to() -> None:
    sampled = [call(n, n % 3, reply_hash=bytes([n] * 8)) for n in range(12)]
    (it,) = found(RULE, sampled)
    assert it.confidence == "hypothesis"
    both = found(
        RULE, [*sampled, *(call(100 + n, 9, reply_hash=b"sameness") for n in range(5))]
    )
    assert [(it.confidence, it.saving_nusd) for it in both] == [
        ("hypothesis", 9 * NUSD),
        ("strong", 4 * NUSD),
    ]
    assert both[0].subject != both[1].subject


def test_answers_that_nobody_compared_may_differ_too() -> None:
    """Answers without a text, such as calls of tools, have no hash; vectors never differ."""
    silent = [call(n, n % 3, reply_hash=None) for n in range(12)]
    (it,) = found(RULE, silent)
    assert it.confidence == "hypothesis"
    assert it.subject.endswith("answers that were not compared")
    (it,) = found(RULE, [row | {"surface": "embeddings"} for row in silent])
    assert it.confidence == "strong"


def test_another_key_model_or_bound_is_another_question() -> None:
    rows = [
        call(1, 1),
        call(2, 1, key_id="other"),
        call(3, 1, model_sent="claude-opus-5-5"),
        call(4, 1, max_output=50),
        call(5, 1, status=529, fault="overloaded", ending="error"),
    ]
    assert not found(RULE, rows * 1)


def test_repeats_that_came_while_the_first_still_ran_are_told() -> None:
    (it,) = found(RULE, [call(n / 10, 1, took_us=30_000_000) for n in range(9)])
    assert it.figures["at_once"] == 8
    assert "100 % of them came while the first still ran" in it.what
