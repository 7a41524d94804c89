"""A call is one span, named as the conventions for generative AI name things."""

from __future__ import annotations

import json
from typing import Any

from headgate.ledger.export.otlp import LOT, lots
from tests.audit.ledgers import MONDAY_US, book_of

ROW: dict[str, Any] = {
    "id": "call-x",
    "took_us": 2_000_000,
    "ttft_us": 500_000,
    "input_fresh": 10,
    "cache_read": 20,
    "cache_write_5m": 3,
    "cache_write_1h": 4,
    "output": 5,
    "session": "s1",
}


def spans(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    with book_of([{**ROW, **row} for row in rows]) as book:
        documents = [json.loads(lot) for lot in lots(book)]
    return [
        span
        for document in documents
        for resource in document["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def facts(span: dict[str, Any]) -> dict[str, Any]:
    return {it["key"]: next(iter(it["value"].values())) for it in span["attributes"]}


def test_a_call_is_a_span_with_its_times_and_ids() -> None:
    (span,) = spans({})
    assert (len(span["traceId"]), len(span["spanId"]), span["kind"]) == (32, 16, 3)
    assert span["startTimeUnixNano"] == str(MONDAY_US * 1_000)
    assert span["endTimeUnixNano"] == str((MONDAY_US + 2_000_000) * 1_000)
    assert span["name"] == "chat claude-sonnet-5-5"
    assert span["events"][0]["timeUnixNano"] == str((MONDAY_US + 500_000) * 1_000)


def test_input_counts_what_was_read_from_and_written_to_a_cache() -> None:
    told = facts(spans({})[0])
    assert told["gen_ai.usage.input_tokens"] == "37"
    assert told["gen_ai.usage.cache_read.input_tokens"] == "20"
    assert told["gen_ai.usage.cache_creation.input_tokens"] == "7"
    assert told["gen_ai.usage.output_tokens"] == "5"
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["gen_ai.conversation.id"] == "s1"


def test_what_nobody_knows_is_left_out() -> None:
    told = facts(spans({"session": ""})[0])
    assert "gen_ai.conversation.id" not in told
    assert "error.type" not in told


def test_a_call_that_failed_is_an_error() -> None:
    (span,) = spans({"fault": "overloaded", "ending": "error", "status": 529})
    assert span["status"] == {"code": 2, "message": "overloaded"}
    assert facts(span)["error.type"] == "overloaded"


def test_a_call_is_the_same_span_whenever_it_is_exported() -> None:
    assert spans({})[0]["spanId"] == spans({})[0]["spanId"]
    assert spans({})[0]["spanId"] != spans({"id": "other"})[0]["spanId"]


def test_many_calls_come_in_lots_and_sums_of_many_calls_are_no_calls() -> None:
    rows = [{"id": f"c{n}"} for n in range(LOT + 1)]
    with book_of([{**ROW, **row} for row in rows]) as book:
        assert len(list(lots(book))) == 2
    assert spans({"span_us": 1}) == []
