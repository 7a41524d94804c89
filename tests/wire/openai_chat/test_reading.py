"""The Chat Completions wire: tokens in their classes, and words that OpenAI's client takes."""

from __future__ import annotations

import json
from typing import Any

import openai as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from headgate.wire import openai_chat
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.reading import Reading
from headgate.wire.sse import Sse, blocks, events
from tests.wire.sdks import EVENTS, openai_sdk
from tests.wire.streams import canned_reply

COUNT = st.integers(0, 10**6)
USAGE = st.builds(
    lambda fresh, cached, written, out: Usage(
        fresh, cached, cache_write_30m=written, output=out, reasoning_of_output=out // 3
    ),
    *[COUNT] * 4,
)
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def wire_usage(it: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": it.input_total,
        "completion_tokens": it.output,
        "total_tokens": it.input_total + it.output,
        "prompt_tokens_details": {
            "cached_tokens": it.cache_read,
            "cache_write_tokens": it.cache_write_30m,
            "audio_tokens": 0,
            "image_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": it.reasoning_of_output,
            "accepted_prediction_tokens": 4,
        },
    }


def reply(**fields: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}}
    return json.dumps({"id": "c", "model": "m", "choices": [choice]} | fields).encode()


def read(body: bytes) -> Reading:
    reading = Reading(keep_text_chars=100)
    openai_chat.read(body, reading)
    return reading


def seen(*chunks: dict[str, Any]) -> Reading:
    reading = Reading(keep_text_chars=100)
    for chunk in chunks:
        openai_chat.see(Sse(b"", json.dumps(chunk).encode()), reading)
    return reading


@given(USAGE)
def test_every_field_of_usage_lands_in_its_class_streamed_or_whole(usage: Usage) -> None:
    assert read(reply(usage=wire_usage(usage))).usage == usage
    last = {"choices": [], "usage": wire_usage(usage)}
    assert seen({"choices": [], "usage": None}, last).usage == usage


@given(USAGE)
def test_usage_told_with_every_chunk_counts_once(usage: Usage) -> None:
    """Some servers repeat the running count, and tell of cached tokens only at the end."""
    running = [
        {"choices": [], "usage": {"prompt_tokens": usage.input_total, "completion_tokens": n}}
        for n in range(0, usage.output + 1, max(1, usage.output // 3))
    ]
    assert seen(*running, {"choices": [], "usage": wire_usage(usage)}).usage == usage


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_no_usage_is_no_report(usage: object) -> None:
    assert not read(reply(usage=usage)).usage_seen


@pytest.mark.parametrize("tokens", [-1, 2**62])
def test_impossible_usage_is_named(tokens: int) -> None:
    reading = read(reply(usage={"prompt_tokens": 5, "completion_tokens": tokens}))
    assert reading.warnings == ["impossible_usage"]
    assert reading.usage.output in (0, 10**9)


def test_several_choices_are_heard_and_their_usage_counts_once() -> None:
    choices = [
        {"index": n, "message": {"content": "ab"}, "finish_reason": "stop"} for n in (0, 1)
    ]
    usage = wire_usage(Usage(input_fresh=9, output=4))
    reading = read(reply(choices=choices, usage=usage))
    assert reading.usage == Usage(input_fresh=9, output=4)
    assert (reading.text_chars, reading.stop) == (4, "stop")


def test_tools_reasoning_and_refusals_are_heard_for_what_they_are() -> None:
    call = {"id": "call_1", "function": {"name": "f", "arguments": '{"a"'}}
    more = {"function": {"arguments": ":1}"}}
    reading = seen(
        *(
            {"choices": [{"index": 0, "delta": delta}]}
            for delta in (
                {"role": "assistant", "content": ""},
                {"reasoning_content": "hm"},
                {"reasoning": "hm"},
                {"tool_calls": [call]},
                {"tool_calls": [more]},
                {"refusal": "no"},
            )
        )
    )
    assert (reading.tools_called, reading.text, reading.text_chars) == (1, ["no"], 13)
    assert not seen({"choices": [{"delta": {"role": "assistant", "content": ""}}]}).content


def test_the_tier_that_was_served_is_noted() -> None:
    assert read(reply(service_tier="flex")).terms == Terms(tier="flex")
    assert read(reply(service_tier="default")).terms == Terms()


@pytest.mark.parametrize("data", [b"[DONE]", b" [DONE] "])
def test_done_ends_a_stream(data: bytes) -> None:
    reading = Reading()
    openai_chat.see(Sse(b"", data), reading)
    assert reading.done
    assert reading.warnings == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "why"}, Kind.UPSTREAM_LIMITED),
        ("why", Kind.UPSTREAM),
        ({"code": {"odd": 1}, "message": "why"}, Kind.UPSTREAM),
    ],
)
def test_an_error_inside_a_200_is_a_fault(error: object, kind: Kind) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    reading = seen({"choices": [], "usage": usage, "error": error})
    assert reading.fault is not None
    assert reading.fault.kind is kind
    assert "why" in reading.fault.message
    if not isinstance(error, dict) or isinstance(error["code"], int):
        assert reading.usage == Usage(input_fresh=5, output=1)
        with pytest.raises(Fault, match="why"):
            read(json.dumps({"error": error}).encode())


def test_content_in_parts_and_arguments_as_objects_keep_the_usage() -> None:
    """Mistral's models answer so where they reason; the usage was lost with the content."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    message = {"content": [thought, {"type": "text", "text": "hi"}, 7], "tool_calls": [call]}
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    for reading in (
        read(json.dumps({"choices": [{"message": message}], "usage": usage}).encode()),
        seen({"choices": [{"delta": message}], "usage": usage}),
    ):
        assert reading.usage == Usage(input_fresh=5, output=3)
        assert reading.text_chars == len('hmhi{"a":1}')
        assert (reading.tools_called, reading.warnings) == (1, [])


def test_an_odd_field_does_not_refuse_an_answer_that_was_paid_for() -> None:
    reading = read(reply(usage={"prompt_tokens": 5.0, "completion_tokens": "1"}))
    assert reading.usage == Usage(input_fresh=5, output=1)
    assert reading.warnings == ["odd_reply"]
    assert read(reply(usage="?")).done


def test_embeddings_are_counted_and_their_vectors_left_alone() -> None:
    body = {
        "object": "list",
        "data": [{"embedding": "AAAA", "index": 0}],
        "model": "e",
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    reading = Reading()
    openai_chat.read_embeddings(json.dumps(body).encode(), reading)
    assert (reading.usage, reading.model) == (Usage(input_fresh=8), "e")
    assert reading.text_chars == 0


def test_a_session_is_its_cache_key() -> None:
    assert openai_chat.session(Envelope(b'{"prompt_cache_key":"s"}')) == "s"
    assert openai_chat.session(Envelope(b'{"prompt_cache_key":7}')) == ""


@given(st.text())
def test_a_canned_answer_is_a_completion_to_openais_own_client(text: str) -> None:
    whole = ChatCompletion.model_validate_json(canned_reply(openai_chat, text), strict=True)
    assert whole.choices[0].message.content == text
    reading = Reading(keep_text_chars=10**6)
    for one in events(canned_reply(openai_chat, text, stream=True)):
        if one.data != b"[DONE]":
            ChatCompletionChunk.model_validate_json(one.data, strict=True)
        openai_chat.see(one, reading)
    assert reading.done
    assert "".join(reading.text) == text


def test_a_canned_answer_passes_through_the_sdk_streamed_and_whole() -> None:
    client = openai_sdk(canned_reply(openai_chat, "No model."))
    assert client.chat.completions.create(**ASK).choices[0].message.content == "No model."
    client = openai_sdk(canned_reply(openai_chat, "No model.", stream=True), kind=EVENTS)
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "No model."
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_canned_stream_tells_its_usage_where_it_was_asked_for() -> None:
    body = canned_reply(openai_chat, "No model.", stream=True, usage=True)
    asked = openai_sdk(body, kind=EVENTS).chat.completions
    chunks = list(asked.create(**ASK, stream=True, stream_options={"include_usage": True}))
    told = chunks[-1].usage
    assert (chunks[-1].choices, told and told.total_tokens) == ([], 0)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks[:-1])
    assert body.endswith(b"data: [DONE]\n\n")
    *_, last, done = events(body)
    assert openai_chat.is_usage_only(last)
    assert done.data == b"[DONE]"
    plain = canned_reply(openai_chat, "No model.", stream=True)
    assert not any(b'"usage"' in one.data for one in events(plain))


@pytest.mark.parametrize(
    ("kind", "status", "raised"),
    [
        (Kind.INVALID, 400, sdk.BadRequestError),
        (Kind.AUTH, 401, sdk.AuthenticationError),
        (Kind.NOT_FOUND, 404, sdk.NotFoundError),
        (Kind.BUDGET, 429, sdk.RateLimitError),
        (Kind.LOOP, 400, sdk.BadRequestError),
        (Kind.OVERLOADED, 503, sdk.InternalServerError),
    ],
)
def test_our_errors_are_the_sdks_errors(
    kind: Kind, status: int, raised: type[sdk.APIStatusError]
) -> None:
    body = openai_chat.error_body(Fault(kind, "why it failed"), "id-1")
    with pytest.raises(raised, match="why it failed") as caught:
        openai_sdk(body, status=status).chat.completions.create(**ASK)
    assert caught.value.body == json.loads(body)["error"]


def test_an_error_wrapped_in_nothing_is_a_fault_all_the_same() -> None:
    bare = {"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}
    fault = seen(bare).fault
    assert fault is not None
    assert (fault.kind, fault.message) == (Kind.UPSTREAM_INVALID, "too long")
    with pytest.raises(Fault, match="too long"):
        read(json.dumps(bare).encode())


def test_our_error_inside_a_stream_is_raised_by_the_sdk() -> None:
    part = b"".join(blocks(canned_reply(openai_chat, "part", stream=True))[:2])
    fault = Fault(Kind.TRUNCATED, "the stream was cut")
    body = part + openai_chat.PING + openai_chat.error_event(fault, "id-1", Reading())
    got = iter(openai_sdk(body, kind=EVENTS).chat.completions.create(**ASK, stream=True))
    assert [next(got).choices[0].delta.content for _ in range(2)] == ["", "part"]
    with pytest.raises(sdk.APIError, match="the stream was cut"):
        next(got)
