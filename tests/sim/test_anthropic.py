"""The Messages wire, event by event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.answer import Answer, Ask, Seat, Tool, compose
from headgate.sim.anthropic import (
    error_body,
    error_frame,
    model_list,
    page,
    read,
    stream,
    whole,
)
from headgate.sim.faults import merge, parse
from headgate.wire.model import Terms, Usage
from tests.sim.frames import events

ASK = Ask("claude-opus-5-5", tools=(Tool("Bash", {"type": "object"}),))
OLD = "2023-06-01"


def answer(script: str = "") -> Answer:
    return compose(ASK, merge(parse(script)), Seat(1, 1), Usage(10, 20, 30, 40))


SCRIPTS = st.sampled_from(
    ["", "think=9", "tool", "think=3;tool", "empty", "output=700", "events=3"]
)


@given(SCRIPTS)
def test_blocks_are_strictly_sequential_and_say_what_the_whole_reply_says(script: str) -> None:
    found = events(list(stream(answer(script), ASK)))
    message = whole(answer(script), ASK)
    kinds = [event["type"] for event in found]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    opened: int | None = None
    blocks: list[dict[str, Any]] = []
    for event in found:
        if event["type"] == "content_block_start":
            assert opened is None
            opened = event["index"]
            assert opened == len(blocks)
            blocks.append({"text": "", "kind": event["content_block"]["type"]})
        elif event["type"] == "content_block_delta":
            assert event["index"] == opened
            delta = event["delta"]
            said = [delta.get(k, "") for k in ("text", "thinking", "partial_json")]
            blocks[-1]["text"] += "".join(said)
        elif event["type"] == "content_block_stop":
            assert event["index"] == opened
            opened = None
    assert opened is None
    assert [b["kind"] for b in blocks] == [b["type"] for b in message["content"]]
    for streamed, block in zip(blocks, message["content"], strict=True):
        if block["type"] == "tool_use":
            assert msgspec.json.decode(streamed["text"]) == block["input"]
        else:
            assert streamed["text"] == block[block["type"]]


def test_message_start_has_what_validating_clients_demand() -> None:
    first = events(list(stream(answer(), ASK)))[0]["message"]
    assert first["content"] == []
    assert first["usage"]["input_tokens"] == 10
    assert first["usage"]["output_tokens"] == 1
    assert first["stop_reason"] is None
    assert first["id"].startswith("msg_01")


def test_usage_at_the_end_is_cumulative_and_equals_that_of_the_whole_reply() -> None:
    last = events(list(stream(answer("think=5"), ASK)))[-2]["usage"]
    usage = whole(answer("think=5"), ASK)["usage"]
    assert {key: usage[key] for key in last} == last
    assert usage["cache_creation_input_tokens"] == 70
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": 30,
        "ephemeral_1h_input_tokens": 40,
    }
    assert usage["output_tokens_details"] == {"thinking_tokens": 5}


def test_terms_and_searches_are_told_in_usage() -> None:
    usage = whole(answer("speed=fast;geo=us;tier=batch;searches=3"), ASK)["usage"]
    assert (usage["speed"], usage["inference_geo"], usage["service_tier"]) == (
        "fast",
        "us",
        "batch",
    )
    assert usage["server_tool_use"]["web_search_requests"] == 3


@pytest.mark.parametrize(
    ("script", "reason"),
    [("", "end_turn"), ("tool", "tool_use"), ("stop=refusal", "refusal")],
)
def test_a_reply_says_why_it_stopped(script: str, reason: str) -> None:
    message = whole(answer(script), ASK)
    assert message["stop_reason"] == reason
    assert ("stop_details" in message) == (reason == "refusal")


def test_usage_can_be_missing_shrinking_or_of_the_wrong_type() -> None:
    assert "usage" not in whole(answer("bad-usage=missing"), ASK)
    shrunk = events(list(stream(answer("bad-usage=shrinking"), ASK)))
    assert shrunk[-2]["usage"]["output_tokens"] == 0
    assert whole(answer("bad-usage=text"), ASK)["usage"]["input_tokens"] == "10"


def test_errors_have_the_vendors_shape() -> None:
    error = msgspec.json.decode(error_body(529, "req_1"))
    assert error["type"] == "error"
    assert error["error"] == {"type": "overloaded_error", "message": "[simulated] Overloaded"}
    assert error["request_id"] == "req_1"
    coded = msgspec.json.decode(error_body(429, "r", "m", "billing_error", "spend"))["error"]
    assert coded["details"] == {"error_code": "spend"}
    assert coded["type"] == "billing_error"
    assert events([error_frame("overloaded_error", "r")])[0]["error"]["type"] == (
        "overloaded_error"
    )


def test_a_body_is_read_for_what_shapes_the_reply() -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "stream": True,
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "a"}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
        ],
        "tools": [
            {"name": "a", "input_schema": {}},
            {"name": "later", "input_schema": {}, "defer_loading": True},
            {"type": "web_search_20260318", "name": "web_search"},
        ],
        "tool_choice": {"type": "tool", "name": "a"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "speed": "fast",
        "inference_geo": "us",
    }
    assert read(body, OLD) == Ask(
        "m",
        stream=True,
        max_output=5,
        tools=(Tool("a", {}),),
        forced="a",
        after_tool=True,
        schema={"type": "object"},
        terms=Terms(speed="fast", geo="us"),
    )


def test_tool_choice_none_offers_nothing() -> None:
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "q"}]}
    tools = [{"name": "a", "input_schema": {}}]
    found = read({**body, "tools": tools, "tool_choice": {"type": "none"}}, OLD)
    assert found.tools == ()


@given(st.integers(0, 60), st.integers(1, 70))
def test_pages_put_together_are_the_list(count: int, limit: int) -> None:
    items = [{"id": str(i)} for i in range(count)]
    found: list[dict[str, Any]] = []
    query = {"limit": str(limit)}
    for _ in range(count + 1):
        one = page(items, query)
        found += one["data"]
        if not one["has_more"]:
            break
        query["after_id"] = one["last_id"]
    assert found == items


def test_a_page_can_end_before_an_item() -> None:
    items = [{"id": str(i)} for i in range(9)]
    assert page(items, {"before_id": "5", "limit": "2"})["first_id"] == "3"
    assert page(items, {"limit": "nonsense"})["last_id"] == "8"


def test_the_model_list_has_the_fields_of_the_vendor() -> None:
    listed = model_list({"limit": "1000"})
    assert all(item["type"] == "model" for item in listed["data"])
    assert {"id", "display_name", "created_at", "lifecycle"} <= set(listed["data"][0])
