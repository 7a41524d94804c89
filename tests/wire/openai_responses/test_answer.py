"""Whole Responses replies: heard from an upstream, and said to a caller."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from openai.types.responses import Response

from headgate.wire import seal
from headgate.wire.meaning import (
    Answer,
    Delta,
    Foreign,
    Part,
    Refusal,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.openai_responses import NAME, decode_answer, encode_answer
from headgate.wire.voice import Voice
from tests.wire.openai_responses.talk import (
    SEALING,
    answers,
    as_answer,
    fault_of,
    nonsense_objects,
)
from tests.wire.sdks import openai_sdk

VOICE = Voice("c1", 7, "m")


def a_reply(*output: Any, **fields: Any) -> bytes:
    whole = {"id": "resp_1", "object": "response", "status": "completed", "output": output}
    return json.dumps(whole | fields).encode()


@pytest.mark.parametrize("status", ["cancelled", "in_progress", "queued"])
def test_a_reply_that_was_not_finished_is_none(status: str) -> None:
    with pytest.raises(Fault, match=status):
        decode_answer(a_reply(words("half of i"), status=status))


def test_arguments_that_came_as_an_object_are_heard_and_so_is_the_usage() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": {"a": 1}}
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    answer = decode_answer(a_reply(call, usage=usage))
    assert answer.parts == [ToolCall("c", "f", '{"a":1}')]
    assert (answer.usage.input_fresh, answer.usage.output) == (3, 2)


def words(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def test_every_item_of_a_reply_is_heard() -> None:
    cited = {"type": "url_citation", "url": "https://a.example", "title": ""}
    call = {"call_id": "c1", "name": "f", "arguments": "{}", "namespace": "n"}
    answer = decode_answer(
        a_reply(
            {
                "type": "reasoning",
                "id": "rs_1",
                "encrypted_content": "e",
                "summary": [{"type": "summary_text", "text": t} for t in "ab"],
            },
            {
                "type": "message",
                "content": [
                    {"type": "output_text", "text": "hi", "annotations": [cited]},
                    {"type": "refusal", "refusal": "no"},
                ],
            },
            {"type": "function_call"} | call,
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "ls"},
            {"type": "web_search_call", "id": "ws_1"},
            model="gpt",
            created_at=9.5,
            service_tier="flex",
            usage={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        )
    )
    thought, text, refusal, function, custom, search = answer.parts
    assert thought == Thought("a\n\nb", "e", maker=NAME, id="rs_1")
    assert (text, refusal) == (Text("hi", citations=[cited]), Refusal("no"))
    assert function == ToolCall("c1", "f", "{}", namespace="n")
    assert custom == ToolCall("c2", "g", "ls", custom=True)
    assert isinstance(search, Foreign)
    assert (search.kind, search.maker) == ("web_search_call", NAME)
    assert (answer.stop, answer.id, answer.model) == (Stop.TOOLS, "resp_1", "gpt")
    assert (answer.usage, answer.terms) == (Usage(3, output=2), Terms(tier="flex"))
    assert answer.created_s == 9


@pytest.mark.parametrize(
    ("fields", "output", "stop"),
    [
        ({}, [words("a")], Stop.END),
        (
            {},
            [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}],
            Stop.REFUSAL,
        ),
        ({}, [{"type": "function_call", "name": "f", "call_id": "c"}], Stop.TOOLS),
        ({"status": "incomplete"}, [words("a")], Stop.LENGTH),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            [{"type": "function_call", "name": "f", "call_id": "c"}],
            Stop.LENGTH,
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            [words("a")],
            Stop.REFUSAL,
        ),
    ],
)
def test_why_it_ended_is_told_by_the_status_and_by_what_was_said(
    fields: dict[str, Any], output: list[Any], stop: Stop
) -> None:
    assert decode_answer(a_reply(*output, **fields)).stop is stop


def test_an_empty_thought_is_none_and_a_full_one_may_be_in_the_content() -> None:
    empty = {"type": "reasoning", "id": "rs_1", "summary": []}
    full = empty | {"content": [{"type": "reasoning_text", "text": "hm"}]}
    parts = decode_answer(a_reply(empty, full)).parts
    assert parts == [Thought("hm", maker=NAME, id="rs_1")]


def test_a_call_without_an_id_gets_one() -> None:
    parts = decode_answer(a_reply(words("a"), {"type": "function_call", "name": "f"})).parts
    assert parts[1] == ToolCall("call_1", "f")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>", Kind.UPSTREAM),
        (b'{"id":"x"}', Kind.UPSTREAM),
        (
            a_reply(status="failed", error={"code": "server_error", "message": "x"}),
            Kind.UPSTREAM,
        ),
        (b'{"error":{"code":"rate_limit_exceeded","message":"x"}}', Kind.UPSTREAM_LIMITED),
    ],
)
def test_what_is_no_answer_is_the_fault_it_is(body: bytes, kind: Kind) -> None:
    with pytest.raises(Fault) as caught:
        decode_answer(body)
    assert caught.value.kind is kind


def test_half_an_emoji_does_not_cost_the_answer() -> None:
    body = a_reply(words("a")).replace(b'"a"', b'"a\\ud83d"')
    assert decode_answer(body).parts == [Text("a\ufffd")]


@pytest.mark.slow
@given(nonsense_objects)
def test_nonsense_is_a_fault_or_an_answer_that_can_be_said(body: dict[str, Any]) -> None:
    data = json.dumps({"output": [], **body}).encode()
    fault = fault_of(lambda: encode_answer(decode_answer(data), SEALING))
    assert fault is None or fault.kind in (Kind.UPSTREAM, Kind.UPSTREAM_INVALID)


@pytest.mark.slow
@given(answers())
def test_an_answer_said_is_heard_as_it_was_meant(deltas: list[Delta]) -> None:
    answer = as_answer(deltas, Usage(3, cache_read=4, output=2))
    body = encode_answer(answer, SEALING)
    Response.model_validate_json(body)
    again = decode_answer(body)
    for part in again.parts:
        if isinstance(part, Thought):
            own = seal.unwrap(part.seal)
            assert own is not None
            part.seal, part.maker, part.id = own.seal, own.maker, own.id
    assert again.parts == answer.parts
    assert (again.usage, again.model, again.created_s) == (answer.usage, "m", 7)
    called = any(isinstance(part, ToolCall) for part in answer.parts)
    if answer.stop is Stop.LENGTH or not called:
        refused = any(isinstance(part, Refusal) for part in answer.parts)
        wanted = Stop.REFUSAL if refused and answer.stop is Stop.END else answer.stop
        assert again.stop is wanted


def test_words_in_a_row_are_one_message_and_only_the_last_item_may_be_incomplete() -> None:
    parts: list[Part] = [
        Text("a"),
        Text("b"),
        ToolCall("c1", "f"),
        ToolCall("c2", "g", "ls", custom=True),
    ]
    answer = Answer(parts, Stop.LENGTH)
    got = json.loads(encode_answer(answer, VOICE))
    assert [(item["id"], item["status"]) for item in got["output"]] == [
        ("msg_c1_0", "completed"),
        ("fc_c1_1", "completed"),
        ("ctc_c1_2", "incomplete"),
    ]
    assert [part["text"] for part in got["output"][0]["content"]] == ["a", "b"]
    assert got["output"][1]["arguments"] == "{}"
    assert got["incomplete_details"] == {"reason": "max_output_tokens"}


def test_openais_own_client_takes_the_answer() -> None:
    parts: list[Part] = [
        Thought("hm", "s", maker="anthropic"),
        Text("hi"),
        ToolCall("c", "f", '{"a":1}'),
    ]
    body = encode_answer(Answer(parts, Stop.TOOLS, usage=Usage(3, output=2)), SEALING)
    got = openai_sdk(body).responses.create(model="m", input="hi")
    assert got.output_text == "hi"
    assert [item.type for item in got.output] == ["reasoning", "message", "function_call"]
    assert got.usage is not None
    assert got.usage.total_tokens == 5
