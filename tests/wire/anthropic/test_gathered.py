"""A message and its stream hold the same, whatever of it only Anthropic knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.anthropic.gathered import stream, whole
from headgate.wire.sse import encode, events

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)
CITATIONS = st.lists(OBJECTS, min_size=1, max_size=3)
BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.text()),
    st.builds(
        lambda text, cited: {"type": "text", "text": text, "citations": cited},
        st.text(),
        CITATIONS | st.none(),
    ),
    st.builds(
        lambda text, seal: {"type": "thinking", "thinking": text, "signature": seal},
        st.text(),
        st.text(min_size=1),
    ),
    st.builds(lambda data: {"type": "redacted_thinking", "data": data}, st.text()),
    st.builds(
        lambda kind, taken: {"type": kind, "id": "toolu_1", "name": "n", "input": taken},
        st.sampled_from(["tool_use", "server_tool_use", "mcp_tool_use"]),
        OBJECTS,
    ),
    st.builds(lambda content: {"type": "web_search_tool_result", "content": content}, VALUES),
)


def message(blocks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": blocks,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 9, "service_tier": "standard"},
        **more,
    }


def there_and_back(given: dict[str, Any]) -> Any:
    said = stream(json.dumps(given).encode())
    assert said is not None
    again = whole(events(said))
    assert again is not None
    return json.loads(again)


@given(st.lists(BLOCKS, max_size=4))
def test_every_message_comes_back_from_its_stream_as_it_was(
    blocks: list[dict[str, Any]],
) -> None:
    assert there_and_back(message(blocks)) == message(blocks)


def test_what_only_the_vendor_knows_of_a_message_is_kept() -> None:
    given = message(
        [],
        container={"id": "container_1", "expires_at": "2026-11-21T00:00:00Z"},
        context_management={"applied_edits": []},
        stop_reason="refusal",
        stop_details={"type": "refusal", "category": "cyber", "explanation": "no"},
        usage={
            "input_tokens": 1,
            "output_tokens": 2,
            "output_tokens_details": {"thinking_tokens": 1},
            "iterations": [{"input_tokens": 1}],
        },
    )
    assert there_and_back(given) == given


def told(*named: dict[str, Any]) -> bytes | None:
    lines = [encode(json.dumps(event).encode(), event["type"].encode()) for event in named]
    return whole(events(b"".join(lines)))


START = {"type": "message_start", "message": message([], stop_reason=None)}
BLOCK = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "text", "text": ""},
}
END = {"type": "content_block_stop", "index": 0}
TOTAL = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None}
STOP = {"type": "message_stop"}


def test_pings_and_totals_without_counts_take_nothing_away() -> None:
    said = told(START, {"type": "ping"}, BLOCK, END, TOTAL, {"type": "ping"}, STOP)
    assert said is not None
    assert json.loads(said)["usage"]["input_tokens"] == 7


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "m"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "compaction_delta"}},
        {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta"}},
        {"type": "thread_event"},
    ],
)
def test_what_nobody_knows_how_to_put_together_has_no_whole_form(odd: dict[str, Any]) -> None:
    assert told(START, BLOCK, odd, END, TOTAL, STOP) is None


def test_half_a_tools_input_has_no_whole_form() -> None:
    block = {"type": "tool_use", "id": "t", "name": "n", "input": {}}
    begun = {"type": "content_block_start", "index": 0, "content_block": block}
    piece = {"type": "input_json_delta", "partial_json": '{"a":'}
    half = {"type": "content_block_delta", "index": 0, "delta": piece}
    assert told(START, begun, half, END, TOTAL, STOP) is None


def test_a_message_that_has_not_ended_has_no_stream() -> None:
    assert stream(json.dumps(message([], stop_reason=None)).encode()) is None
