"""A message means what it says, and an answer is said as a message that clients take."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import anthropic
from headgate.wire.anthropic.answer import NOTHING_SAID
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
from headgate.wire.seal import unwrap
from headgate.wire.voice import Voice
from tests.wire.anthropic.asks import block, call
from tests.wire.sdks import anthropic_sdk

VOICE = Voice("c1", 1_700_000_000, "asked-for")
COUNT = st.integers(0, 10**6)


def message(*content: Any, **members: Any) -> bytes:
    usage = {"input_tokens": 1, "output_tokens": 1}
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": usage}
    return json.dumps({**body, "content": list(content), **members}).encode()


def said(*parts: Part, stop: Stop = Stop.END, **members: Any) -> dict[str, Any]:
    answer = Answer(list(parts), stop, **members)
    body: dict[str, Any] = json.loads(anthropic.encode_answer(answer, VOICE))
    return body


def test_every_kind_of_block_is_heard() -> None:
    cited = {"type": "page_location", "cited_text": "x"}
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    answer = anthropic.decode_answer(
        message(
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {**block("a"), "citations": [cited]},
            server,
            call("t1", "a", x=1),
            stop_reason="tool_use",
        )
    )
    *parts, foreign, tool = answer.parts
    assert parts == [
        Thought("t", "s", maker="anthropic"),
        Thought(seal="d", redacted=True, maker="anthropic"),
        Text("a", citations=[cited]),
    ]
    assert isinstance(foreign, Foreign)
    assert json.loads(bytes(foreign.raw)) == server
    assert tool == ToolCall("t1", "a", '{"x":1}')
    assert (answer.stop, answer.id, answer.model) == (Stop.TOOLS, "msg_1", "m")


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", Stop.END),
        ("max_tokens", Stop.LENGTH),
        ("stop_sequence", Stop.SEQUENCE),
        ("tool_use", Stop.TOOLS),
        ("pause_turn", Stop.PAUSE),
        ("refusal", Stop.REFUSAL),
        ("model_context_window_exceeded", Stop.CONTEXT),
        ("of_tomorrow", Stop.END),
        (None, Stop.END),
    ],
)
def test_every_stop_reason_is_understood(reason: str | None, stop: Stop) -> None:
    assert anthropic.decode_answer(message(block("a"), stop_reason=reason)).stop is stop


def test_the_sequence_that_stopped_it_is_known() -> None:
    answer = anthropic.decode_answer(message(stop_reason="stop_sequence", stop_sequence="END"))
    assert answer.stop_sequence == "END"


def test_why_it_was_refused_is_heard() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "No."}
    answer = anthropic.decode_answer(message(stop_reason="refusal", stop_details=details))
    assert answer.parts == [Refusal("No.")]


def test_half_an_emoji_in_a_reply_spoils_nothing_else() -> None:
    body = message(block("a@")).replace(b"@", b"\\ud83d")
    assert anthropic.decode_answer(body).parts == [Text("a\ufffd")]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"type":"error","error":{}}', b"{}"])
def test_what_is_no_message_is_the_upstreams_fault(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        anthropic.decode_answer(body)
    assert caught.value.kind is Kind.UPSTREAM


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "input", "id", "citations", "explanation"]
            ),
            inner,
            max_size=4,
        )
    ),
)
_BLOCKS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["text", "thinking", "redacted_thinking", "tool_use", "x"])
        | _JSON
    },
    optional=dict.fromkeys(("text", "thinking", "data", "input", "id", "citations"), _JSON),
)
_REPLIES = st.fixed_dictionaries(
    {},
    optional={
        "content": st.lists(_BLOCKS) | _JSON,
        **dict.fromkeys(("stop_reason", "stop_details", "usage", "id", "error"), _JSON),
    },
)


@pytest.mark.slow
@given(_JSON | _REPLIES)
def test_no_reply_raises_anything_but_a_fault(reply: Any) -> None:
    try:
        answer = anthropic.decode_answer(json.dumps(reply).encode())
        anthropic.encode_answer(answer, VOICE)
    except Fault:
        return


_CALLS = st.builds(
    ToolCall,
    st.from_regex(r"[a-z]{1,5}", fullmatch=True),
    st.just("a"),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text()).map(
        lambda it: msgspec.json.encode(it).decode()
    ),
)
_PARTS = st.one_of(
    st.builds(Text, st.text(min_size=1)),
    st.builds(Thought, st.text(), st.text(min_size=1), maker=st.just("anthropic")),
    st.builds(
        Thought,
        st.just(""),
        st.text(min_size=1),
        redacted=st.just(True),
        maker=st.just("anthropic"),
    ),
    _CALLS,
    st.just(Foreign("x", msgspec.Raw(b'{"type":"x","a":[null]}'), "anthropic")),
)
_ANSWERS = st.builds(
    Answer,
    st.lists(_PARTS, min_size=1),
    st.sampled_from([Stop.LENGTH, Stop.CONTEXT, Stop.PAUSE, Stop.REFUSAL]),
    st.just("msg_1"),
    st.just("m"),
    usage=st.tuples(*[COUNT] * 6).map(
        lambda it: Usage(it[0], it[1], it[2], it[3], 0, 0, it[4], it[4] // 2, it[5])
    ),
    terms=st.sampled_from([Terms(), Terms("priority"), Terms(speed="fast", geo="us")]),
)


@pytest.mark.slow
@given(_ANSWERS)
def test_an_answer_that_was_said_is_heard_again(answer: Answer) -> None:
    assert anthropic.decode_answer(anthropic.encode_answer(answer, VOICE)) == answer


def test_usage_is_told_as_anthropic_counts() -> None:
    usage = Usage(76, 1024, 60, 40, 5, 3, output=50, reasoning_of_output=30, web_searches=2)
    assert said(Text("hi"), usage=usage, terms=Terms("priority", geo="us"))["usage"] == {
        "input_tokens": 76,
        "cache_creation_input_tokens": 108,
        "cache_read_input_tokens": 1024,
        "cache_creation": {"ephemeral_5m_input_tokens": 65, "ephemeral_1h_input_tokens": 43},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 30},
        "service_tier": "priority",
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "inference_geo": "us",
    }


@pytest.mark.parametrize(
    ("parts", "stop", "sequence", "reason"),
    [
        ([Text("a")], Stop.END, "", "end_turn"),
        ([ToolCall("t", "a", "{}")], Stop.END, "", "tool_use"),
        ([ToolCall("t", "a", "{}")], Stop.TOOLS, "", "tool_use"),
        ([ToolCall("t", "a", "{")], Stop.LENGTH, "", "max_tokens"),
        ([Text("a")], Stop.TOOLS, "", "end_turn"),
        ([Text("a")], Stop.SEQUENCE, "END", "stop_sequence"),
        ([Text("a")], Stop.SEQUENCE, "", "end_turn"),
        ([Text("a")], Stop.CONTEXT, "", "model_context_window_exceeded"),
        ([Text("a")], Stop.PAUSE, "", "pause_turn"),
        ([Refusal("no")], Stop.END, "", "refusal"),
        ([], Stop.REFUSAL, "", "refusal"),
    ],
)
def test_why_it_ended_is_said(
    parts: list[Part], stop: Stop, sequence: str, reason: str
) -> None:
    body = said(*parts, stop=stop, stop_sequence=sequence)
    wanted = sequence if reason == "stop_sequence" else None
    assert (body["stop_reason"], body["stop_sequence"]) == (reason, wanted)
    assert ("stop_details" in body) == (reason == "refusal")


def test_no_message_is_empty() -> None:
    assert said(Text(""), Thought())["content"] == [block(NOTHING_SAID)]


def test_a_tools_input_that_is_no_object_is_not_said_as_an_empty_one() -> None:
    for arguments in ('{"a":', "[1]", "nope"):
        broken = ToolCall("1", "f", arguments)
        with pytest.raises(Fault, match="not JSON"):
            said(broken, stop=Stop.TOOLS)
        with pytest.raises(Fault, match="not JSON"):
            said(broken, Text("and more"), stop=Stop.LENGTH)
    assert said(ToolCall("1", "f", '{"a":'), stop=Stop.LENGTH)["content"][0]["input"] == {}
    for nothing in ("", "{}", " { } "):
        assert said(ToolCall("1", "f", nothing))["content"][0]["input"] == {}


def test_a_refusal_is_said_as_text() -> None:
    assert said(Refusal("No."))["content"] == [block("No.")]


def test_a_thought_of_another_vendor_carries_its_seal_in_ours() -> None:
    (thinking,) = said(Thought("t", "enc", maker="openai_responses", id="rs_1"))["content"]
    assert (thinking["type"], thinking["thinking"]) == ("thinking", "t")
    assert unwrap(thinking["signature"]) == Thought(
        "", "enc", maker="openai_responses", id="rs_1"
    )


def test_a_block_of_another_vendor_is_not_shown() -> None:
    foreign = Foreign("computer_call", msgspec.Raw(b"{}"), "openai_responses")
    assert said(foreign, Text("a"))["content"] == [block("a")]


@pytest.mark.parametrize(
    ("id", "shown"),
    [("msg_1", "msg_1"), ("chatcmpl-1.2", "msg_chatcmpl-1_2"), ("", "msg_c1")],
)
def test_every_message_has_an_id_like_anthropics(id: str, shown: str) -> None:
    body = said(Text("a"), id=id)
    assert (body["id"], body["model"]) == (shown, "asked-for")


@pytest.mark.slow
@given(_ANSWERS)
def test_the_official_sdk_takes_every_answer(answer: Answer) -> None:
    client = anthropic_sdk(anthropic.encode_answer(answer, VOICE))
    message = client.messages.create(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "hi"}]
    )
    text = [part.text for part in answer.parts if isinstance(part, Text)]
    assert [block.text for block in message.content if block.type == "text"] == text
    assert message.usage.input_tokens == answer.usage.input_fresh
