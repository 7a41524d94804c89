"""The Responses wire: items with a full life cycle, numbered events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.answer import Answer, Ask, Seat, Tool, compose
from headgate.sim.checks import Refused
from headgate.sim.faults import merge, parse
from headgate.sim.responses import error_frame, read, stream, whole
from headgate.wire.model import Usage
from tests.sim.frames import events

TOOLS = (Tool("f", {"type": "object"}), Tool("exec", is_custom=True, namespace="functions"))
ASK = Ask("gpt-6.1-sol", tools=TOOLS, echo={"store": False})


def answer(script: str = "", ask: Ask = ASK) -> Answer:
    prompt = Usage(10, 128, cache_write_30m=20, cache_write_12h=5)
    return compose(ask, merge(parse(script)), Seat(1, 1), prompt)


SCRIPTS = st.sampled_from(["", "think=9", "tool=f", "tool=exec", "think=3;tool=f", "empty"])


@given(SCRIPTS)
def test_items_are_added_spelled_out_done_and_repeated_at_the_end(script: str) -> None:
    found = events(list(stream(answer(script), ASK)))
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    assert [e["type"] for e in found[:2]] == ["response.created", "response.in_progress"]
    assert found[-1]["type"] == "response.completed"
    done = [e["item"] for e in found if e["type"] == "response.output_item.done"]
    assert found[-1]["response"]["output"] == done
    assert found[-1]["response"] == whole(answer(script), ASK)
    spelled = "".join(e["delta"] for e in found if e["type"].endswith(".delta"))
    assert spelled == "".join(part.text for part in answer(script).parts)
    added = [e["item"]["id"] for e in found if e["type"] == "response.output_item.added"]
    assert added == [item["id"] for item in done]


@pytest.mark.parametrize(
    ("script", "kind"),
    [("", "message"), ("tool=f", "function_call"), ("tool=exec", "custom_tool_call")],
)
def test_an_item_has_its_vendors_type(script: str, kind: str) -> None:
    item = whole(answer(script), ASK)["output"][0]
    assert item["type"] == kind
    assert item["status"] == "completed"
    assert item.get("namespace") == ("functions" if kind == "custom_tool_call" else None)


def test_usage_counts_the_cache_within_the_input() -> None:
    usage = whole(answer("think=4"), ASK)["usage"]
    assert usage["input_tokens"] == 163
    assert usage["input_tokens_details"] == {
        "cached_tokens": 128,
        "cache_write_tokens": 25,
        "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 5},
    }
    assert usage["output_tokens_details"] == {"reasoning_tokens": 4}


@pytest.mark.parametrize(
    ("script", "reason"),
    [("stop=content_filter", "content_filter"), ("output=50", "max_output_tokens")],
)
def test_a_reply_cut_short_is_incomplete_and_says_why(script: str, reason: str) -> None:
    bounded = Ask("gpt-6.1-sol", max_output=20)
    last = events(list(stream(answer(script, bounded), bounded)))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": reason}


def test_what_the_caller_set_is_repeated() -> None:
    asked = read({"model": "m", "input": "hi", "store": False, "metadata": {"a": "b"}})
    body = whole(answer(ask=asked), asked)
    assert body["store"] is False
    assert body["metadata"] == {"a": "b"}
    assert body["truncation"] == "disabled"


def test_tools_are_found_at_the_top_in_namespaces_and_in_the_conversation() -> None:
    custom = {"type": "custom", "name": "exec"}
    function = {"type": "function", "name": "f", "parameters": {"type": "object"}}
    group = {"type": "namespace", "name": "functions", "tools": [custom, 3]}
    item = {"type": "additional_tools", "role": "developer", "tools": [group]}
    asked = read({"model": "m", "input": [item], "tools": [function, {"type": "web_search"}]})
    assert asked.tools == TOOLS


def test_the_result_of_a_tool_is_recognised() -> None:
    items = [{"type": "function_call_output", "call_id": "c", "output": "x"}]
    assert read({"model": "m", "input": items}).after_tool


@pytest.mark.parametrize(
    "bad",
    [
        {"model": "m"},
        {"model": "m", "input": 3},
        {"model": "m", "input": [3]},
        {"input": "x"},
        [],
    ],
)
def test_a_bad_body_is_refused(bad: Any) -> None:
    with pytest.raises(Refused):
        read(bad)


def test_an_error_in_mid_stream_is_a_bare_error_event() -> None:
    error = events([error_frame("server_is_overloaded")])[0]
    assert error["type"] == "error"
    assert error["code"] == "server_is_overloaded"
