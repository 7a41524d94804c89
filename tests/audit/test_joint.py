"""All claims of an audit come to one total, of which nothing is counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.audit.finding import Confidence, Finding, Lever
from headgate.audit.joint import Joint, joint
from tests.audit.ledgers import evidence_of

USD = 1_000_000_000


def claim(
    lever: Lever, usd: float, where: str = "TRUE", confidence: Confidence = "strong"
) -> Finding:
    return Finding(lever or "alone", where, int(usd * USD), confidence, "", "", lever, where)


def rows(**keys: float) -> list[dict[str, Any]]:
    """A call of so many dollars of input per key."""
    return [
        {
            "key_id": key,
            "input_fresh": 1_000,
            "uncached_nusd": int(usd * USD),
            "input_nusd": int(usd * USD),
            "cost_nusd": int(usd * USD),
        }
        for key, usd in keys.items()
    ]


def judged(calls: list[dict[str, Any]], *claims: Finding) -> Joint:
    with evidence_of(calls) as evidence:
        return joint(evidence, claims)


def test_claims_on_different_calls_are_added_up() -> None:
    found = judged(
        rows(a=10, b=20),
        claim("cache", 6, "key_id = 'a'"),
        claim("batch", 10, "key_id = 'b'"),
        claim("", 1, "key_id = 'c'"),
    )
    assert found.total_nusd == 16 * USD, "no row is key c's: nothing is saved there"
    assert found.shares["cache"] == 6 * USD
    assert found.shares["batch"] == 10 * USD


def test_a_batch_of_what_a_cache_makes_cheaper_is_worth_nothing() -> None:
    found = judged(rows(a=10), claim("cache", 9), claim("batch", 5))
    assert found.total_nusd == 9 * USD
    assert found.alone == {"cache": 9 * USD, "downshift": 0, "batch": 5 * USD}
    assert found.waterfall == (("cache", 9 * USD), ("downshift", 0), ("batch", 0))
    assert found.shares["batch"] == 2_500_000_000, "the mean of 5 and 0"
    assert found.overlap_nusd == 5 * USD


def test_a_cheaper_model_saves_of_what_the_cache_leaves() -> None:
    found = judged(rows(a=10), claim("cache", 6), claim("downshift", 5))
    assert found.total_nusd == 8 * USD
    assert found.waterfall[:2] == (("cache", 6 * USD), ("downshift", 2 * USD))


def test_of_two_ways_to_cache_the_same_calls_only_the_better_counts() -> None:
    better, worse = claim("cache", 6), claim("cache", 4)
    found = judged(rows(a=10), worse, better)
    assert found.total_nusd == 6 * USD
    assert found.counted == ((better, 6 * USD), (worse, 0))
    assert "100%" in found.reduced(worse)
    assert not found.reduced(better)


def test_what_stands_alone_saves_what_the_levers_leave() -> None:
    calls = claim("", 10, "key_id = 'a'")
    found = judged(rows(a=10, b=10), claim("cache", 8), calls)
    assert found.shares == {"cache": 8 * USD, "downshift": 0, "batch": 0, "": 6 * USD}
    assert found.total_nusd == 14 * USD
    assert found.reduced(calls).startswith("40%")


def test_two_claims_that_stand_alone_do_not_save_a_call_twice() -> None:
    assert judged(rows(a=10), claim("", 10), claim("", 7)).total_nusd == 10 * USD


def test_hypotheses_are_in_no_total() -> None:
    found = judged(rows(a=10), claim("downshift", 5, confidence="hypothesis"))
    assert (found.total_nusd, found.ceiling_nusd, found.counted) == (0, 0, ())


def test_the_ceiling_stands_apart() -> None:
    claimed = Finding("cache", "a", 6 * USD, "measured", "", "", "cache", ceiling_nusd=7 * USD)
    found = judged(rows(a=10), claimed)
    assert (found.total_nusd, found.ceiling_nusd) == (6 * USD, 7 * USD)


def test_a_batch_saves_no_more_than_is_claimed() -> None:
    assert judged(rows(a=10, b=10), claim("batch", 1)).total_nusd == 1 * USD


def test_more_claims_than_one_number_has_bits_are_told_apart() -> None:
    keys = {f"k{n}": 10.0 for n in range(70)}
    claims = [claim("cache", 1 + n / 100, f"key_id = 'k{n}'") for n in range(70)]
    found = judged(rows(**keys), *claims)
    assert found.total_nusd == sum(it.saving_nusd for it in claims)


CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from(["cache", "downshift", "batch", ""]),
        st.floats(0.1, 8),
        st.sampled_from(["key_id = 'a'", "key_id = 'b'", "TRUE"]),
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(CLAIMS)
def test_the_total_is_its_parts_and_never_more_than_the_bill(claims: list[Finding]) -> None:
    found = judged(rows(a=10, b=20), *claims)
    assert 0 <= found.total_nusd <= 30 * USD
    assert sum(nusd for _, nusd in found.counted) == found.total_nusd
    assert sum(found.shares.values()) == found.total_nusd
    assert found.total_nusd <= found.ceiling_nusd
    assert max(found.alone.values()) <= found.total_nusd + len(claims)
    assert sum(step for _, step in found.waterfall) <= found.total_nusd + len(claims)
    assert all(-1 <= nusd <= it.saving_nusd + 1 for it, nusd in found.counted)
