"""Whole replies: what any server says is heard, what callers hear OpenAI's client accepts."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from headgate.wire.meaning import (
    Answer,
    Foreign,
    Part,
    Refusal,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.openai_chat import decode_answer, encode_answer
from tests.wire.openai_chat.spoken import ARGUMENTS, NAMES, VOICE, WORDS
from tests.wire.sdks import openai_sdk

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def reply(finish: str | None = "stop", **message: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    return json.dumps({"id": "c-1", "model": "m", "created": 5, "choices": [choice]}).encode()


def parts(**message: object) -> list[Part]:
    return decode_answer(reply("stop", **message)).parts


def said(*parts: Part, stop: Stop = Stop.END, **fields: Any) -> dict[str, Any]:
    it: dict[str, Any] = json.loads(encode_answer(Answer(list(parts), stop, **fields), VOICE))
    return it


def message(*parts: Part, stop: Stop = Stop.END) -> dict[str, Any]:
    it: dict[str, Any] = said(*parts, stop=stop)["choices"][0]["message"]
    return it


def function(arguments: object, **fields: object) -> dict[str, Any]:
    return {"id": "a", "function": {"name": "f", "arguments": arguments}} | fields


def test_a_whole_reply_is_heard_with_its_usage_taken_apart() -> None:
    usage = {
        "prompt_tokens": 1200,
        "completion_tokens": 50,
        "total_tokens": 1250,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    body = json.loads(reply(content="hi")) | {"usage": usage, "service_tier": "flex"}
    assert decode_answer(json.dumps(body).encode()) == Answer(
        [Text("hi")],
        Stop.END,
        "c-1",
        "m",
        usage=Usage(76, 1024, cache_write_30m=100, output=50, reasoning_of_output=30),
        terms=Terms(tier="flex"),
        created_s=5,
    )


def test_parts_come_as_thought_text_refusal_and_calls() -> None:
    custom = {"id": "b", "type": "custom", "custom": {"name": "exec", "input": "ls"}}
    answer = decode_answer(
        reply(
            "tool_calls",
            content="hi",
            reasoning_content="hm",
            refusal="no",
            annotations=[{"type": "url_citation", "url_citation": {"url": "u"}}],
            tool_calls=[function('{"a":1}'), custom],
        )
    )
    cited = {"type": "url_citation", "url": "u", "title": ""}
    assert answer.parts == [
        Thought("hm", maker="openai_chat"),
        Text("hi", citations=[cited]),
        Refusal("no"),
        ToolCall("a", "f", '{"a":1}'),
        ToolCall("b", "exec", "ls", custom=True),
    ]
    assert answer.stop is Stop.TOOLS


def test_content_in_parts_is_put_together() -> None:
    inner = [{"type": "text", "text": "hm"}]
    content = [
        {"type": "thinking", "thinking": inner},
        {"type": "thinking", "thinking": "!"},
        {"type": "text", "text": "a"},
        7,
        {"type": "text", "text": "b"},
    ]
    assert parts(content=content) == [Thought("hm!", maker="openai_chat"), Text("ab")]


def test_calls_of_odd_servers_are_mended() -> None:
    calls = [
        function({"a": 1}, id=None),
        function(None, id=""),
        {"id": "x", "function": {}},
        function("{}"),
        function("{}"),
        None,
    ]
    made = [p for p in parts(tool_calls=calls) if isinstance(p, ToolCall)]
    assert [call.arguments for call in made] == ['{"a":1}', "", "{}", "{}"]
    assert len({call.id for call in made}) == 4
    assert all(call.id for call in made)
    assert made == [p for p in parts(tool_calls=calls) if isinstance(p, ToolCall)]


def test_a_call_that_names_nothing_is_not_swallowed() -> None:
    """Whoever says it again refuses it: an answer that meant to act would look finished."""
    nameless = {"id": "x", "type": "function", "function": {"arguments": "{}"}}
    assert parts(tool_calls=[nameless]) == [ToolCall("x", "", "{}")]


def test_the_older_function_call_is_a_tool_call() -> None:
    answer = decode_answer(
        reply("function_call", function_call={"name": "f", "arguments": "{}"})
    )
    assert [type(part) for part in answer.parts] == [ToolCall]
    assert answer.stop is Stop.TOOLS


def test_reasoning_is_heard_under_either_name_once() -> None:
    for names in (["reasoning"], ["reasoning_content"], ["reasoning", "reasoning_content"]):
        assert parts(**dict.fromkeys(names, "hm")) == [Thought("hm", maker="openai_chat")]


def test_of_several_choices_the_first_is_heard() -> None:
    choices = [
        {"index": n, "message": {"content": f"{n}"}, "finish_reason": "stop"} for n in (1, 0)
    ]
    body = json.dumps({"choices": choices}).encode()
    assert decode_answer(body) == Answer([Text("0")], Stop.END)


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[]", b"{}", b'{"choices":null}', b'{"error":{"message":"why"}}']
)
def test_what_is_no_reply_is_the_upstreams_fault(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        decode_answer(body)
    assert caught.value.kind is Kind.UPSTREAM


@pytest.mark.parametrize("finish", ["error", "insufficient_system_resource"])
def test_a_reply_that_confesses_to_have_failed_is_no_success(finish: str) -> None:
    with pytest.raises(Fault, match=finish):
        decode_answer(reply(finish, content="half"))


def test_half_an_emoji_and_odd_fields_do_not_lose_what_was_paid_for() -> None:
    body = reply(content="x").replace(b'"x"', rb'"\ud83d"')
    assert decode_answer(body).parts == [Text("\ufffd")]
    assert decode_answer(b'{"choices":[{"message":{"content":"a","tool_calls":7}}]}').parts == [
        Text("a")
    ]
    assert decode_answer(b'{"choices":7}') == Answer([], Stop.END)


_NAMED = "index message content tool_calls function name arguments refusal text id"
NAMED = st.sampled_from(_NAMED.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["choices", "usage", "id", "created"]), JSON), JSON)
def test_no_json_raises_anything_but_a_fault(body: dict[str, Any], message: object) -> None:
    for odd in (body, body | {"choices": [{"message": message}]}):
        with contextlib.suppress(Fault):
            encode_answer(decode_answer(json.dumps(odd).encode()), VOICE)


def test_texts_are_joined_plainly_and_what_is_not_for_the_caller_is_left_out() -> None:
    it = message(
        Thought("hm", "seal", maker="anthropic"),
        Text("a"),
        Foreign("x", msgspec.Raw(b"{}")),
        Text("b"),
    )
    assert it == {"role": "assistant", "content": "ab", "refusal": None}


def test_content_is_null_where_only_tools_are_called_and_else_a_string() -> None:
    it = message(ToolCall("a", "f"), ToolCall("b", "exec", "ls", custom=True), stop=Stop.TOOLS)
    assert it["content"] is None
    assert it["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "b", "type": "custom", "custom": {"name": "exec", "input": "ls"}},
    ]
    assert message()["content"] == ""


def test_a_refusal_always_has_words() -> None:
    assert message(Refusal("no"), stop=Stop.REFUSAL)["refusal"] == "no"
    it = said(Text("half"), stop=Stop.REFUSAL)["choices"][0]
    assert it["finish_reason"] == "content_filter"
    assert it["message"]["content"] == "half"
    assert it["message"]["refusal"]


def test_the_upstreams_names_are_kept_and_missing_ones_replaced() -> None:
    it = said(id="msg_1", model="x", created_s=3)
    assert (it["id"], it["model"], it["created"]) == ("msg_1", "x", 3)
    it = said(terms=Terms(tier="priority"))
    assert (it["id"], it["model"], it["created"]) == ("chatcmpl-id-1", "m", 7)
    assert it["service_tier"] == "priority"


def test_citations_of_every_vendor_point_into_the_whole_text() -> None:
    theirs = {"type": "url_citation", "url": "u", "title": "T", "encrypted_index": "E"}
    flat = {"type": "url_citation", "url": "v", "start_index": 1, "end_index": 2, "title": ""}
    own = {**flat, "title": "V"}
    page = {"type": "page_location", "start_page_number": 1}
    it = message(Text("ab", citations=[theirs, page]), Text("cde", citations=[flat, own]))
    inner = [one["url_citation"] for one in it["annotations"]]
    assert inner == [
        {"start_index": 0, "end_index": 2, "title": "T", "url": "u"},
        {"start_index": 3, "end_index": 4, "title": "", "url": "v"},
        {"start_index": 3, "end_index": 4, "title": "V", "url": "v"},
    ]


ANSWERS = st.builds(
    lambda thought, text, calls, usage: Answer(
        [
            *([Thought(thought, maker="openai_chat")] if thought else []),
            *([Text(text)] if text else []),
            *(ToolCall(f"c{n}", *call) for n, call in enumerate(calls)),
        ],
        Stop.TOOLS if calls else Stop.END,
        id="c-1",
        model="m",
        usage=Usage(input_fresh=usage, output=usage),
        created_s=7,
    ),
    st.just("") | WORDS,
    st.just("") | WORDS,
    st.lists(st.tuples(NAMES, ARGUMENTS), max_size=2),
    st.integers(0, 99),
)


@pytest.mark.slow
@given(ANSWERS)
def test_openais_client_reads_what_was_meant_and_so_do_we(answer: Answer) -> None:
    body = encode_answer(answer, VOICE)
    ChatCompletion.model_validate_json(body, strict=True)
    shown = [part for part in answer.parts if not isinstance(part, Thought)]
    again = decode_answer(body)
    assert (again.parts, again.stop, again.usage) == (shown, answer.stop, answer.usage)


def test_a_reply_passes_through_the_sdk() -> None:
    body = encode_answer(Answer([Text("hi"), ToolCall("a", "f", "{}")], Stop.TOOLS), VOICE)
    choice = openai_sdk(body).chat.completions.create(**ASK).choices[0]
    assert choice.message.content == "hi"
    assert choice.message.tool_calls is not None
    assert choice.message.tool_calls[0].id == "a"
    assert choice.finish_reason == "tool_calls"
