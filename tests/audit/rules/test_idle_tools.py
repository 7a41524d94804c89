"""Tools that nobody calls cost their share of every prompt, at the price it was read for."""

from __future__ import annotations

from typing import Any

from headgate.audit.rules.idle_tools import RULE
from tests.audit.ledgers import MONDAY_US
from tests.audit.rules.judged import found, keeps_its_word


def call(n: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + n * 60_000_000,
        "key_id": "k",
        "input_fresh": 4_000,
        "output": 100,
        "tools_offered": 6,
        "opening": "tools,system",
        "chain": [500, 600, 1_000 + n],
        "cover": [8_000, 12_000, 16_000],
        **more,
    }


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_their_share_of_the_prompt_is_what_they_cost() -> None:
    (it,) = found(RULE, [call(n) for n in range(60)])
    assert it.saving_nusd == 60 * 2_000 * 2_000
    assert it.subject == "key k, tools 00000000"
    assert it.figures["size"] == 2_000


def test_what_was_read_from_a_cache_costs_what_a_read_costs() -> None:
    rows = [call(n, input_fresh=500, cache_read=3_000, cache_write_5m=500) for n in range(200)]
    (it,) = found(RULE, rows)
    assert it.saving_nusd == 200 * 2_000 * 100
    rows = [
        call(n, input_fresh=500, cache_read=1_000, cache_write_5m=2_500) for n in range(200)
    ]
    (it,) = found(RULE, rows)
    assert it.saving_nusd == 200 * (1_000 * 100 + 1_000 * 2_500)


def test_a_set_that_another_key_calls_is_not_idle() -> None:
    rows = [call(n) for n in range(60)] + [call(100, key_id="other", tools_called=1)]
    assert not found(RULE, rows)


def test_prompts_that_do_not_begin_with_tools_cannot_tell() -> None:
    assert not found(RULE, [call(n, opening="system") for n in range(60)])
    assert not found(RULE, [call(n, chain=[1], cover=[900]) for n in range(60)])
