"""The Chat Completions and Embeddings wires."""

from __future__ import annotations

import array
import base64
import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.answer import Answer, Ask, Frame, Seat, Tool, compose
from headgate.sim.checks import Refused
from headgate.sim.faults import merge, parse
from headgate.sim.openai import (
    embed,
    error_body,
    error_frame,
    model_list,
    prompt,
    read,
    stream,
    whole,
)
from headgate.wire.model import Terms, Usage

TOOLS = (Tool("f", {"type": "object"}), Tool("c", is_custom=True))
ASK = Ask("gpt-6.1-sol", tools=TOOLS)
USER = {"role": "user", "content": "hi"}
PROMPT = Usage(10, 128, cache_write_30m=20)


def answer(script: str = "", ask: Ask = ASK) -> Answer:
    return compose(ask, merge(parse(script)), Seat(1, 1), PROMPT)


def chunks(frames: list[Frame]) -> list[Any]:
    assert frames[-1].data == b"data: [DONE]\n\n"
    return [msgspec.json.decode(frame.data[6:]) for frame in frames[:-1]]


@given(st.sampled_from(["", "output=500", "events=4", "think=9", "empty"]))
def test_the_chunks_together_say_what_the_whole_reply_says(script: str) -> None:
    found = chunks(list(stream(answer(script), ASK)))
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"
    said = "".join(c["choices"][0]["delta"].get("content") or "" for c in found)
    message = whole(answer(script), ASK)["choices"][0]["message"]
    assert said == (message["content"] or "")
    assert found[-1]["choices"][0]["finish_reason"] == "stop"
    assert len({c["id"] for c in found}) == 1


def test_servers_of_open_models_show_their_thoughts_and_openai_does_not() -> None:
    for model, shown in (("qwen-4", True), ("gpt-6.1-sol", False)):
        thought = answer("think=9", Ask(model))
        message = whole(thought, ASK)["choices"][0]["message"]
        deltas = [c["choices"][0]["delta"] for c in chunks(list(stream(thought, ASK)))]
        streamed = "".join(delta.get("reasoning_content", "") for delta in deltas)
        assert streamed == message.get("reasoning_content", "")
        assert bool(streamed) is shown


def test_the_usage_chunk_comes_last_and_only_when_asked_for() -> None:
    without = chunks(list(stream(answer(), ASK)))
    assert all("usage" not in chunk for chunk in without)
    asked = Ask("gpt-6.1-sol", with_usage=True)
    found = chunks(list(stream(answer(ask=asked), asked)))
    assert all(chunk["usage"] is None for chunk in found[:-1])
    assert found[-1]["choices"] == []
    assert found[-1]["usage"] == whole(answer(ask=asked), asked)["usage"]


def test_usage_counts_the_cache_within_the_prompt() -> None:
    usage = whole(answer("think=7"), ASK)["usage"]
    assert usage["prompt_tokens"] == 158
    assert usage["prompt_tokens_details"]["cached_tokens"] == 128
    assert usage["prompt_tokens_details"]["cache_write_tokens"] == 20
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 7
    assert usage["total_tokens"] == 158 + usage["completion_tokens"]
    old = Ask("gpt-4o")
    free = compose(old, merge(parse("")), Seat(1, 1), Usage(10))
    assert "cache_write_tokens" not in whole(free, old)["usage"]["prompt_tokens_details"]


@pytest.mark.parametrize(
    ("name", "slot", "key"), [("f", "function", "arguments"), ("c", "custom", "input")]
)
def test_a_tool_call_is_named_once_and_then_spelled_out(name: str, slot: str, key: str) -> None:
    found = chunks(list(stream(answer(f"tool={name}"), ASK)))
    calls = [c["choices"][0]["delta"]["tool_calls"][0] for c in found[1:-1]]
    assert calls[0]["id"].startswith("call_")
    assert calls[0][slot]["name"] == name
    assert all("id" not in call and call["index"] == 0 for call in calls[1:])
    spelled = "".join(call[slot][key] for call in calls)
    whole_call = whole(answer(f"tool={name}"), ASK)["choices"][0]["message"]["tool_calls"][0]
    assert spelled == whole_call[slot][key]
    assert found[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_every_copy_is_a_choice_of_its_own() -> None:
    asked = Ask("gpt-6.1-sol", copies=3)
    assert [c["index"] for c in whole(answer(ask=asked), asked)["choices"]] == [0, 1, 2]
    found = chunks(list(stream(answer(ask=asked), asked)))
    assert {c["choices"][0]["index"] for c in found} == {0, 1, 2}


def test_a_body_is_read_for_what_shapes_the_reply() -> None:
    body = {
        "model": "gpt-6.1-sol",
        "messages": [USER, {"role": "tool", "tool_call_id": "x", "content": "y"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 9,
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
            {"type": "custom", "custom": {"name": "c"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"schema": {"a": 1}}},
        "service_tier": "flex",
        "n": 2,
    }
    assert read(body) == Ask(
        "gpt-6.1-sol",
        stream=True,
        max_output=9,
        tools=TOOLS,
        forced="f",
        after_tool=True,
        schema={"a": 1},
        terms=Terms(tier="flex"),
        copies=2,
        with_usage=True,
    )


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"service_tier": "gold"}, "service_tier"),
        ({"n": 0.5}, "n"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"stream_options": 3}, "stream_options"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_parameter(
    more: dict[str, Any], param: str
) -> None:
    with pytest.raises(Refused) as refused:
        read({"model": "m", "messages": [USER], **more})
    assert refused.value.param == param


@given(
    st.dictionaries(
        st.sampled_from(("model", "messages", "input", "tools", "n", "stream_options", "text")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(("type", "role", "name", "function")), inner)
            ),
            max_leaves=9,
        ),
    )
)
def test_any_body_is_read_or_refused_never_anything_else(more: dict[str, Any]) -> None:
    for reader in (read, embed):
        with contextlib.suppress(Refused):
            assert reader({"model": "m", "messages": [USER], "input": "x", **more})


def test_errors_have_the_vendors_shape() -> None:
    error = msgspec.json.decode(error_body(401))["error"]
    assert error["code"] == "invalid_api_key"
    assert error["type"] == "invalid_request_error"
    frame = error_frame("overloaded_error")
    assert msgspec.json.decode(frame.data[6:])["error"]["type"] == "overloaded_error"


def test_a_longer_conversation_keeps_the_bytes_of_its_beginning() -> None:
    tools = [{"type": "function"}]
    one = prompt({"messages": [USER], "tools": tools})
    two = prompt({"messages": [USER, USER], "tools": tools})
    assert two.startswith(one)


def test_inline_images_count_by_number_not_by_bytes() -> None:
    def asked(data: str) -> dict[str, Any]:
        part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
        return {"messages": [{"role": "user", "content": [part]}]}

    small, large = prompt(asked("A" * 10)), prompt(asked("A" * 90_000))
    assert len(small) == len(large) < 4_000
    assert small != large


def test_embeddings_are_unit_vectors_of_the_text_in_both_forms() -> None:
    body = {"model": "text-embedding-3-small", "input": ["one", "two", "one"]}
    found = embed(body)
    vectors = [item["embedding"] for item in found["data"]]
    assert vectors[0] == vectors[2] != vectors[1]
    assert len(vectors[0]) == 1536
    assert sum(value * value for value in vectors[0]) == pytest.approx(1, abs=1e-4)
    packed = embed({**body, "encoding_format": "base64"})["data"][0]["embedding"]
    floats = array.array("f", base64.b64decode(packed))
    assert list(floats) == vectors[0]
    assert found["usage"]["prompt_tokens"] == 3


@pytest.mark.parametrize("bad", ["", [], [""], 3, None])
def test_embeddings_need_text(bad: object) -> None:
    with pytest.raises(Refused):
        embed({"model": "m", "input": bad})


def test_embeddings_of_tokens_and_of_chosen_size() -> None:
    found = embed({"model": "text-embedding-3-large", "input": [1, 2, 3], "dimensions": 8})
    assert len(found["data"][0]["embedding"]) == 8
    assert found["usage"]["total_tokens"] == 3


def test_the_model_list_has_the_fields_of_the_vendor() -> None:
    assert set(model_list()["data"][0]) == {"id", "object", "created", "owned_by"}
