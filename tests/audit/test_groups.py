"""Rows of which the same claims hold are one group, with what they cost."""

from __future__ import annotations

import pytest

from headgate.audit.finding import Finding
from headgate.audit.groups import BATCH_HITS, Spend, batched, conjuncts, costs, groups, spend
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


@pytest.mark.parametrize(
    ("where", "caller", "row"),
    [
        ("TRUE", "TRUE", "TRUE"),
        ("key_id = 'a'", "key_id = 'a'", ""),
        ("key_id = 'it''s AND (' AND x > 1", "key_id = 'it''s AND ('", "x > 1"),
        ("source = '' AND (a AND b OR c)", "source = ''", "(a AND b OR c)"),
        ("key_id = 'a' AND x = 1 OR y = 2", "TRUE", "key_id = 'a' AND x = 1 OR y = 2"),
        ("x BETWEEN 1 AND 2", "TRUE", "x BETWEEN 1 AND 2"),
        ("NOT (key_id = 'a') AND project = 'p'", "project = 'p'", "NOT (key_id = 'a')"),
    ],
)
def test_what_is_asked_of_a_caller_is_told_from_what_is_asked_of_rows(
    where: str, caller: str, row: str
) -> None:
    assert conjuncts(where) == (caller, row)


def test_claims_that_ask_each_caller_the_same_but_for_values_find_their_own_rows() -> None:
    calls = [
        {"key_id": key, "session": f"{key}{n}", "input_fresh": 100 * n, "output": 10 * (n % 7)}
        for key in ("a", "b", "it's")
        for n in range(40)
    ]
    wheres = [
        "key_id = 'a' AND input_fresh > 1500 AND output > 20",
        "key_id = 'b' AND input_fresh > 3100 AND output > 20",
        "key_id = 'it''s' AND input_fresh > 900 AND output > 30",
        "key_id = 'a' AND input_fresh > 3000 AND output > 20",  # of a caller that has one
        "key_id = 'b' AND session = 'b7'",
        "key_id = 'it''s' AND session = 'it''s9'",
        "provider = 'anthropic' AND session = 'a3'",  # of a caller that may be any of them
        "key_id = 'a' AND output / 2 > 7.5",
        "key_id = 'b' AND output / 2 > 20.25",
        "key_id = 'a' AND output IN (SELECT max(output) FROM book WHERE key_id = 'a')",
        "key_id = 'b' AND output IN (SELECT min(output) FROM book WHERE key_id = 'b')",
    ]
    with evidence_of(calls) as evidence:
        found = groups(evidence, [about(it) for it in wheres])
        for number, where in enumerate(wheres):
            rows = sum(it.spend.rows for it in found if number in it.claims)
            assert rows == spend(evidence, where).rows > 0, where
        paid = costs(evidence, [about(it) for it in wheres], "key_id")
        for where, by_key in zip(wheres, paid, strict=True):
            asked = "SELECT key_id, sum(cost_nusd) FROM book WHERE " + where + " GROUP BY 1"  # noqa: S608 - ours
            assert by_key == dict(evidence.book.rows(asked)), where


def test_long_lists_and_odd_names_find_the_same_rows() -> None:
    calls = [
        {"key_id": "o'hara" if n % 2 else "b", "session": f"s '{n}, (", "input_fresh": 1_000}
        for n in range(60)
    ]
    some = ", ".join("'s ''" + f"{n}, (" + "'" for n in range(40))
    wheres = [
        f"key_id = 'o''hara' AND session IN ({some})",
        f"session NOT IN ({some})",
        "key_id = 'b' OR session = 's ''1, ('",
    ]
    with evidence_of(calls) as evidence:
        found = groups(evidence, [about(it) for it in wheres])
        for number, where in enumerate(wheres):
            rows = sum(it.spend.rows for it in found if number in it.claims)
            assert rows == spend(evidence, where).rows > 0


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
