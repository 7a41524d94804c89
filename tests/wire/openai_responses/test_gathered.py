"""A Response and its stream hold the same, and every item lives its whole life."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.conformance.grammar.check import VENDORS, check
from headgate.wire.openai_responses.gathered import stream, whole
from headgate.wire.sse import encode, events

PAGE = {
    "type": "url_citation",
    "start_index": 0,
    "end_index": 2,
    "url": "https://a.example",
    "title": "A",
}
USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 7,
}
ITEMS: list[dict[str, Any]] = [
    {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "c2VhbA==",
    },
    {
        "id": "ws_1",
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    },
    {
        "id": "msg_1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "hi", "annotations": [PAGE], "logprobs": []},
            {"type": "refusal", "refusal": "no"},
        ],
    },
    {
        "id": "fc_1",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "f",
        "arguments": '{"a":1}',
    },
    {
        "id": "ctc_1",
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_2",
        "name": "exec",
        "input": "ls",
    },
]


def response(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-6.1-sol",
        "output": list(items),
        "tools": [],
        "usage": USAGE,
        **more,
    }


def said(given: dict[str, Any]) -> bytes:
    made = stream(json.dumps(given).encode())
    assert made is not None
    return made


def test_a_response_comes_back_from_its_stream_byte_for_byte() -> None:
    body = json.dumps(response(*ITEMS)).encode()
    made = stream(body)
    assert made is not None
    assert whole(events(made)) == body


def test_a_body_of_several_lines_is_one_event() -> None:
    made = stream(json.dumps(response(*ITEMS), indent=1).encode())
    assert made is not None
    assert json.loads(whole(events(made)) or b"") == response(*ITEMS)


def test_every_item_lives_a_life_that_breaks_no_rule() -> None:
    verdict = check("openai_responses", said(response(*ITEMS)), VENDORS)
    assert not verdict.violations, verdict.complaints
    kinds = [part.kind for part in verdict.parts]
    assert {"text", "refusal", "tool", "custom"} <= set(kinds)


def test_an_item_that_nobody_knows_is_added_and_done_as_it_is() -> None:
    item = {"id": "x_1", "type": "program", "code": "1+1"}
    told = [json.loads(event.data) for event in events(said(response(item)))]
    assert [it["item"] for it in told if "item" in it] == [item, item]
    assert [it["sequence_number"] for it in told] == list(range(len(told)))


def test_a_response_that_was_cut_short_ends_so() -> None:
    given = response(status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    last = events(said(given))[-1]
    assert last.name == b"response.incomplete"
    assert json.loads(last.data)["response"] == given


@pytest.mark.parametrize("status", ["failed", "in_progress", "queued", "cancelled"])
def test_what_is_not_over_or_failed_has_no_stream(status: str) -> None:
    assert stream(json.dumps(response(status=status)).encode()) is None


def test_items_that_a_server_leaves_out_at_the_end_are_taken_from_where_they_were_done() -> (
    None
):
    ended = encode(json.dumps({"type": "response.completed", "response": response()}).encode())
    done = [
        {"type": "response.output_item.done", "output_index": n, "item": item}
        for n, item in enumerate(ITEMS)
    ]
    lines = b"".join(encode(json.dumps(event).encode()) for event in reversed(done))
    made = whole(events(lines + ended))
    assert made is not None
    assert json.loads(made) == response(*ITEMS)


def test_a_stream_without_its_last_event_has_no_whole_form() -> None:
    told = said(response(*ITEMS)).rpartition(b"event: response.completed")[0]
    assert whole(events(told)) is None
    failed = {"type": "response.failed", "response": response(status="failed")}
    assert whole(events(told + encode(json.dumps(failed).encode()))) is None
