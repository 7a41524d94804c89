"""The book tells what a workload looked like, exactly, and only of what was answered."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger.book.usage import Usage, observe
from tests.audit.ledgers import MONDAY_US, book_of

SECOND_US = 1_000_000


def seen(rows: list[dict[str, Any]], where: str = "TRUE") -> Usage:
    with book_of(rows) as book:
        found = observe(book, where)
    assert found is not None
    return found


def call(at_s: float = 0.0, **more: Any) -> dict[str, Any]:
    usual = {"at_us": MONDAY_US + round(at_s * SECOND_US), "input_fresh": 1_000, "output": 100}
    return {**usual, **more}


def test_calls_and_tokens_are_summed_by_their_kind() -> None:
    found = seen(
        [
            call(0, cache_read=3_000, web_searches=2, reasoning_of_output=40),
            call(60, cache_write_5m=1_000),
            call(120, tier="batch"),
        ]
    )
    assert (found.calls, found.batched, found.searches) == (3, 1, 2)
    assert (found.tokens_in, found.output, found.reasoning) == (7_000, 300, 40)
    assert (found.read, found.written) == (3_000, 1_000)
    assert found.last_us - found.first_us == 120 * SECOND_US


def test_only_what_a_provider_answered_counts() -> None:
    rows = [
        call(),
        call(usage_from="none"),
        call(answered_from="hit"),
        call(surface="count_tokens"),
        call(calls=0),
    ]
    assert seen(rows).calls == 1
    with book_of([call(usage_from="none")]) as book:
        assert observe(book) is None


def test_simulated_calls_count_only_where_there_are_no_others() -> None:
    mixed = seen([call(), call(simulated=1), call(simulated=1)])
    assert (mixed.calls, mixed.simulated) == (1, False)
    alone = seen([call(simulated=1)])
    assert (alone.calls, alone.simulated) == (1, True)


def test_the_busiest_minute_and_second_leave_out_batches_and_spans() -> None:
    rows = [
        *(call(0.1 * n) for n in range(5)),
        *(call(20 + n) for n in range(3)),
        *(call(65, tier="batch") for _ in range(20)),
        call(0, calls=500, span_us=60 * SECOND_US),
    ]
    found = seen(rows)
    assert (found.peak_minute, found.peak_second) == (8, 5)


def test_sizes_are_told_apart_where_prices_rise() -> None:
    rows = [call(input_fresh=tokens) for tokens in (10, 100_000, 100_001, 900_000)]
    assert [tuple(size) for size in seen(rows).sizes] == [
        (1, 10),
        (1, 100_000),
        (1, 100_001),
        (1, 900_000),
    ]
    many = seen([call(input_fresh=tokens) for tokens in range(1_001)])
    assert many.percentiles == pytest.approx((500, 950, 990), rel=0.01)


def test_what_begins_alike_is_counted_with_its_pauses() -> None:
    alike = {"head": 7, "head_bytes": 4_000, "request_bytes": 8_000}
    rows = [call(at, **alike) for at in (0, 100, 100 + 600, 700 + 3_000, 3_700 + 7_200)]
    rows += [call(5, head=9, head_bytes=8_000, request_bytes=8_000), call(6)]
    found = seen(rows)
    assert (found.headed, found.beginnings) == (6, 2)
    assert dict(found.in_time) == {"5m": 1, "30m": 2, "1h": 3, "12h": 4}
    assert found.head_tokens == (5 * 500 + 1_000) / 6
    assert found.heads[0].calls == 5
    assert round(found.heads[0].per_hour, 3) == round(4 / (10_900 / 3_600), 3)


def test_how_often_a_beginning_comes_is_not_told_of_less_than_an_hour() -> None:
    alike = {"head": 7, "head_bytes": 4_000, "request_bytes": 8_000}
    assert seen([call(at, **alike) for at in (0, 1, 2)]).heads[0].per_hour == 0


def test_a_condition_chooses_the_calls() -> None:
    rows = [call(key_id="a"), call(key_id="b"), call(key_id="b", model_sent="claude-opus-5-5")]
    found = seen(rows, "key_id = 'b'")
    assert found.calls == 2
    assert dict(found.models) == {"claude-sonnet-5-5": 1, "claude-opus-5-5": 1}
