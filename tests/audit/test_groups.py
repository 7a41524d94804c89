"""Rows of which the same claims hold are one group, with what they cost."""

from __future__ import annotations

import pytest

from headgate.audit.finding import Finding
from headgate.audit.groups import BATCH_HITS, Spend, batched, groups, spend
from tests.audit.ledgers import evidence_of


def about(where: str) -> Finding:
    return Finding("any", where, 1, "strong", "", "", where=where)


def test_rows_are_in_one_group_each_and_rows_of_no_claim_in_none() -> None:
    calls = [
        {"key_id": key, "stream": stream, "input_fresh": 1_000}
        for key in "abc"
        for stream in (0, 1)
    ]
    with evidence_of(calls) as evidence:
        found = groups(evidence, [about("key_id = 'a'"), about("stream = 1")])
        assert {it.claims: it.spend.rows for it in found} == {
            frozenset((0,)): 1,
            frozenset((0, 1)): 1,
            frozenset((1,)): 2,
        }
        assert (
            sum(it.spend.total for it in found)
            == spend(evidence, "key_id='a' OR stream=1").total
        )


def test_a_batch_costs_half_where_nothing_is_cached() -> None:
    with evidence_of([{"input_fresh": 100_000, "output": 10_000}]) as evidence:
        live = spend(evidence, "TRUE")
    assert batched(live) == live.total / 2


def test_a_batch_reads_little_of_what_live_calls_read() -> None:
    """What it does not read it writes."""
    calls = [
        {"input_fresh": 0, "cache_write_5m": 100_000},
        *({"cache_read": 100_000} for _ in range(9)),
    ]
    with evidence_of(calls) as evidence:
        live = spend(evidence, "TRUE")
    read = live.read_paid / live.read_plain
    expected = live.plain * min(1, BATCH_HITS * read + (1 - BATCH_HITS) * 1.25)
    assert live.in_batch == pytest.approx(expected)
    assert batched(live) > live.total, "a batch would be dearer than the cache that works"


def test_no_rows_cost_nothing() -> None:
    with evidence_of([]) as evidence:
        assert spend(evidence, "FALSE") == Spend()
        assert groups(evidence, []) == []
