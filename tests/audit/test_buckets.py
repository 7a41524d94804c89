"""The buckets add up to the bill, before and after, to the nano-dollar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.audit.buckets import Bucket, buckets, spread
from headgate.audit.finding import Finding
from headgate.audit.purpose import UNMAPPED, Purpose, case
from tests.audit.ledgers import evidence_of

USD = 1_000_000_000
PURPOSES = (Purpose("chat", True, keys=("chat",)), Purpose("bulk", False, keys=("bulk",)))


def finding(where: str) -> Finding:
    return Finding("rule", "subject", 0, "strong", "", "", where=where)


def found(rows: list[dict[str, Any]], *parts: tuple[Finding, int]) -> list[Bucket]:
    with evidence_of(rows) as evidence:
        mapped = replace(evidence, purpose=case(PURPOSES))
        return buckets(mapped, PURPOSES, parts)


def test_a_saving_is_taken_from_the_purposes_of_its_calls() -> None:
    rows = [
        {"key_id": "chat", "cost_nusd": 3 * USD},
        {"key_id": "bulk", "cost_nusd": 6 * USD, "calls": 10, "span_us": 5},
        {"key_id": "other", "cost_nusd": 9 * USD},
    ]
    assert found(rows, (finding("key_id <> 'other'"), 3 * USD)) == [
        Bucket("bulk", False, 10, 6 * USD, 4 * USD),
        Bucket("chat", True, 1, 3 * USD, 2 * USD),
        Bucket(UNMAPPED, None, 1, 9 * USD, 9 * USD),
    ]


def test_an_empty_book_has_no_buckets() -> None:
    assert found([]) == []


def test_findings_may_look_for_their_rows_in_the_book_itself() -> None:
    rows = [{"key_id": "chat", "cost_nusd": USD}, {"key_id": "bulk", "cost_nusd": USD}]
    dearest = "cost_nusd IN (SELECT max(cost_nusd) FROM book) AND key_id = 'bulk'"
    assert found(rows, (finding(dearest), USD // 2))[0].saved_nusd == USD // 2


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 63), st.integers(0, 10**12)), max_size=6),
)
def test_what_is_left_is_the_bill_less_the_savings_whatever_overlaps(
    spend: list[int], cuts: list[tuple[int, int]]
) -> None:
    left = {str(n): nusd for n, nusd in enumerate(spend)}
    taken = 0
    for mask, share in cuts:
        weights = {name: spend[int(name)] for name in left if mask >> int(name) & 1}
        nusd = min(share, sum(spend) - taken)
        spread(weights, nusd, left)
        taken += nusd
    assert sum(left.values()) == sum(spend) - taken
    assert min(left.values()) >= 0
