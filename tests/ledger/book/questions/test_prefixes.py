"""Prefixes that repeat are counted by what they are and by how far apart they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.book.question import Cut, ask
from headgate.ledger.book.questions import prefixes
from tests.ledger.book.pages import MONDAY_US, book_of

MINUTE_US = 60_000_000


def call(head: int, at_min: float = 0, **more: Any) -> dict[str, Any]:
    at_us = MONDAY_US + round(at_min * MINUTE_US)
    plain = {"head_bytes": 400, "request_bytes": 1_000, "input_fresh": 250}
    return {"head": head, "at_us": at_us, **plain, **more}


def test_tokens_of_a_prefix_are_its_share_of_the_prompt(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [call(2**63 + 5), call(2**63 + 5, cache_read=250), call(9)]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, prefixes.REPEATED).rows
    assert (found.head, found.calls, found.tokens) == (2**63 + 5, 2, 300)
    assert (found.input, found.read, found.hit_share) == (750, 250, 0.5)
    assert found.name == "80000000"


def test_a_prefix_costs_what_the_prompts_with_it_do(tmp_path: Path) -> None:
    money = {"input_nusd": 1, "cache_read_nusd": 2, "cache_write_nusd": 4, "output_nusd": 8}
    with book_of(tmp_path, [call(5, **money), call(5, **money), call(6, **money)]) as book:
        found = ask(book, prefixes.COSTS, Cut(heads=(5,))).rows
    assert [(it.head, it.input_nusd) for it in found] == [(5, 14)]


def test_unknown_heads_repeat_nothing(tmp_path: Path) -> None:
    with book_of(tmp_path, [call(0), call(0)]) as book:
        assert ask(book, prefixes.REPEATED).rows == []
        assert ask(book, prefixes.GAPS).rows[0].all == 0
        assert ask(book, prefixes.DISTINCT).rows[0][:3] == (0, 0, 2)


def test_rows_that_stand_for_spans_have_no_gaps(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [call(1), call(1, span_us=5), call(1, calls=9)]
    with book_of(tmp_path, rows) as book:
        assert ask(book, prefixes.GAPS).rows[0].all == 0


def test_a_gap_is_counted_where_a_cache_would_still_hold(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [call(1, at) for at in (0, 5, 6, 36, 96, 157)]
    with book_of(tmp_path, rows) as book:
        (found,) = ask(book, prefixes.GAPS).rows
    assert found[2:] == (2, 1, 1, 1)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from("mn"), st.sampled_from("xy"),
                  st.integers(0, 200)),
        max_size=12,
    )
)  # fmt: skip
def test_gaps_are_those_a_person_would_count(
    tmp_path: Path, calls: list[tuple[int, str, str, int]]
) -> None:
    rows: list[dict[str, Any]] = [
        call(head, minute, model_sent=model, credential=account)
        for head, model, account, minute in calls
    ]
    expected: dict[tuple[int, str], list[int]] = {}
    last: dict[tuple[int, str, str], int] = {}
    for head, model, account, minute in sorted(calls, key=lambda it: it[3]):
        name = (head, model, account)
        if name in last:
            gap = minute - last[name]
            counts = expected.setdefault((head, model), [0, 0, 0, 0])
            counts[sum(gap > bound for bound in (5, 30, 60))] += 1
        last[name] = minute
    with book_of(tmp_path, rows) as book:
        found = ask(book, prefixes.GAPS, Cut(by="head")).rows
        (whole,) = ask(book, prefixes.GAPS).rows
    assert {(it.head, it.model): list(it[2:]) for it in found} == expected
    assert whole.all == sum(map(sum, expected.values()))
