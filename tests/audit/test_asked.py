"""Rows are laid out by whose prompt they are, and which part of it cost what."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.audit.asked import judged, lay_out, rates_of, scope, where, whose
from headgate.audit.claims import narrowed
from tests.audit.ledgers import DAY_US, MONDAY_US, evidence_of


def call(n: int, head: int, **more: Any) -> dict[str, Any]:
    return {
        "at_us": MONDAY_US + n * 60_000_000,
        "key_id": "ci",
        "input_fresh": 1_000,
        "cache_read": 6_000,
        "cache_write_5m": 3_000,
        "head": head,
        "head_bytes": 32_000,
        "chain": [head, n],
        "cover": [32_000, 40_000],
        **more,
    }


def test_every_row_is_in_one_unit_and_its_sql_finds_it() -> None:
    rows = [
        *(call(n, head=7) for n in range(30)),
        *(call(n, head=1_000 + n, key_id="clock") for n in range(30)),
        *(call(n, head=0, key_id="plain", chain=[n], cover=[500]) for n in range(5)),
        call(0, head=7, tier="batch"),
        call(0, head=7, span_us=DAY_US, calls=90),
        call(0, head=7, source="nowhere"),
    ]
    with evidence_of(rows) as evidence:
        units = whose(evidence)
        found = {}
        for it in units:
            (count,) = evidence.book.one(
                f"SELECT count(*) FROM book WHERE {where(it, units)} AND {judged(evidence)}"  # noqa: S608 - its own
            )
            (laid,) = evidence.book.one(
                "SELECT count(*) FROM audit_asked WHERE unit = ?", [it.number]
            )
            assert laid == count
            if count:
                found[it.key_id, it.head, it.is_spoilt] = count
    assert found == {("ci", 7, False): 30, ("clock", None, True): 30, ("plain", None, False): 5}


def test_the_head_of_a_prompt_is_its_share_of_the_bytes() -> None:
    with evidence_of([call(0, head=7)]) as evidence:
        lay_out(evidence)
        ((tokens, head),) = evidence.book.rows("SELECT tokens, head_tokens FROM audit_asked")
    assert (tokens, head) == (10_000, 8_000)


def test_a_head_too_short_to_be_cached_is_part_of_the_turns() -> None:
    """Sonnet 5.5 caches from 512 tokens on."""
    rows = [call(n, head=7, head_bytes=2_000, cover=[2_000, 40_000]) for n in range(2)]
    with evidence_of(rows) as evidence:
        lay_out(evidence)
        (head,) = evidence.book.one("SELECT max(head_tokens) FROM audit_asked")
    assert head == 0


def test_a_part_of_the_time_is_laid_out_anew() -> None:
    rows = [call(n, head=7) for n in range(30)]
    with evidence_of(rows) as evidence:
        lay_out(evidence)
        middle = MONDAY_US + 10 * 60_000_000
        with narrowed(evidence, MONDAY_US, middle) as part:
            lay_out(part)
            assert part.book.one("SELECT count(*) FROM audit_asked") == (10,)
        lay_out(evidence)
        assert evidence.book.one("SELECT count(*) FROM audit_asked") == (30,)


def test_a_provider_of_another_name_has_the_prices_of_the_models_maker() -> None:
    with evidence_of([call(0, head=7)]) as evidence:
        ours = rates_of(evidence, "our-proxy", "claude-opus-5-5", MONDAY_US)
        assert ours.priced_by == "catalog"


def test_a_key_with_a_quote_in_its_name_is_found() -> None:
    with evidence_of([call(0, head=7, key_id="o'hara")]) as evidence:
        unit = whose(evidence)[0]
        assert evidence.book.one(f"SELECT count(*) FROM book WHERE {scope(unit)}") == (1,)  # noqa: S608 - its own


@pytest.mark.parametrize("rows", [[], [{"input_fresh": 0, "output": 5}]])
def test_nothing_to_judge_is_no_trouble(rows: list[dict[str, Any]]) -> None:
    with evidence_of(rows) as evidence:
        assert whose(evidence) == []
