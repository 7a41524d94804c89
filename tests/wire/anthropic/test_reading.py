"""Anthropic's wire: every token in its class, and words that Anthropic's own client takes."""

from __future__ import annotations

import json
from typing import Any

import anthropic as sdk
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headgate.wire import anthropic
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.reading import Reading
from headgate.wire.sse import Sse, events
from tests.wire.sdks import EVENTS, anthropic_sdk
from tests.wire.streams import canned_reply

COUNT = st.integers(0, 10**6)
PARTS = st.none() | st.tuples(COUNT, COUNT)
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
ASK: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "hi"}],
}


def reply(usage: object, **more: object) -> bytes:
    content = [{"type": "text", "text": "hi"}]
    return json.dumps(
        {"id": "msg_1", "type": "message", "model": "m", "content": content, "usage": usage}
        | more
    ).encode()


def read(body: bytes) -> Reading:
    reading = Reading(keep_text_chars=100)
    anthropic.read(body, reading)
    return reading


def seen(*usages: dict[str, Any]) -> Reading:
    """A stream that opens with the first usage and reports the others in message_delta."""
    reading = Reading()
    anthropic.see(event("message_start", message={"usage": usages[0]}), reading)
    for usage in usages[1:]:
        anthropic.see(event("message_delta", delta={}, usage=usage), reading)
    return reading


def event(name: str, **fields: object) -> Sse:
    return Sse(name.encode(), json.dumps({"type": name, **fields}).encode())


def wire_usage(it: Usage) -> dict[str, Any]:
    return {
        "input_tokens": it.input_fresh,
        "cache_read_input_tokens": it.cache_read,
        "cache_creation_input_tokens": it.cache_write_5m + it.cache_write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": it.cache_write_5m,
            "ephemeral_1h_input_tokens": it.cache_write_1h,
        },
        "output_tokens": it.output,
        "output_tokens_details": {"thinking_tokens": it.reasoning_of_output},
        "server_tool_use": {"web_search_requests": it.web_searches, "web_fetch_requests": 9},
    }


USAGE = st.builds(
    lambda fresh, cached, five, hour, out, search: Usage(
        fresh, cached, five, hour, output=out, reasoning_of_output=out // 2, web_searches=search
    ),
    *[COUNT] * 6,
)


@given(USAGE)
def test_every_field_of_usage_lands_in_its_class_streamed_or_whole(usage: Usage) -> None:
    assert read(reply(wire_usage(usage))).usage == usage
    assert seen(wire_usage(usage)).usage == usage
    assert seen({"input_tokens": 0, "output_tokens": 0}, wire_usage(usage)).usage == usage


@given(COUNT, COUNT, COUNT, PARTS)
def test_the_classes_add_up_to_the_providers_total(
    fresh: int, cached: int, written: int, parts: tuple[int, int] | None
) -> None:
    """input + creation + read; of a creation whose parts say less, the rest is 5-minute."""
    usage: dict[str, Any] = {
        "input_tokens": fresh,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
    }
    if parts is not None:
        names = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
        usage["cache_creation"] = dict(zip(names, parts, strict=True))
    reading = read(reply(usage))
    total = max(written, sum(parts or (0, 0)))
    assert reading.usage.input_total == fresh + cached + total
    more = parts is not None and 0 < written < sum(parts)
    assert reading.warnings == (["impossible_usage"] if more else [])


@given(USAGE, COUNT)
def test_a_message_delta_that_repeats_the_input_counts_it_once(usage: Usage, out: int) -> None:
    first = wire_usage(usage) | {"output_tokens": 1}
    last = wire_usage(usage) | {"output_tokens": usage.output + out}
    whole = seen(first, last).usage
    assert whole.input_total == usage.input_total
    assert whole.output == max(1, usage.output + out)
    assert seen(first, {"output_tokens": usage.output + out}).usage == whole


def test_what_a_message_delta_leaves_out_or_names_as_zero_stands() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 1000, "output_tokens": 1}
    later = {"input_tokens": 777, "cache_read_input_tokens": 0, "output_tokens": 5}
    assert seen(first, later).usage == Usage(input_fresh=777, cache_read=1000, output=5)
    assert seen(first, {"output_tokens": 5}).usage == Usage(3, 1000, output=5)


def test_the_lifetime_of_a_write_may_be_told_last_or_first() -> None:
    total: dict[str, Any] = {"cache_creation_input_tokens": 100}
    told = total | {"cache_creation": {"ephemeral_1h_input_tokens": 100}}
    assert seen(total, told).usage == Usage(cache_write_1h=100)
    assert seen(told, total).usage == Usage(cache_write_1h=100)
    assert seen(total, total).usage == Usage(cache_write_5m=100)


@pytest.mark.parametrize(
    ("usage", "terms"),
    [
        ({"service_tier": "standard", "speed": "standard", "inference_geo": "global"}, Terms()),
        ({"service_tier": "batch"}, Terms(tier="batch")),
        ({"service_tier": "priority", "speed": "fast"}, Terms("priority", "fast")),
        ({"inference_geo": "us"}, Terms(geo="us")),
        ({"inference_geo": "not_available", "service_tier": None}, Terms()),
    ],
)
def test_the_terms_that_were_served_are_noted(usage: dict[str, Any], terms: Terms) -> None:
    assert read(reply({"input_tokens": 1, **usage})).terms == terms
    assert seen({"input_tokens": 1, **usage}, {"output_tokens": 3}).terms == terms


@pytest.mark.parametrize("usage", [{}, None, {"input_tokens": 0, "output_tokens": 0}])
def test_no_usage_is_no_report(usage: object) -> None:
    assert not read(reply(usage)).usage_seen


@pytest.mark.parametrize("tokens", [-5, 2**62, 2**80])
def test_impossible_usage_is_named_and_not_believed(tokens: int) -> None:
    reading = read(reply({"input_tokens": tokens, "output_tokens": 7}))
    assert reading.warnings == ["impossible_usage"]
    assert reading.usage.input_fresh in (0, 10**9)
    assert reading.usage.output == 7


def test_an_odd_field_does_not_refuse_an_answer_that_was_paid_for() -> None:
    reading = read(reply({"input_tokens": "12", "output_tokens": 3.0}))
    assert reading.usage == Usage(input_fresh=12, output=3)
    assert reading.warnings == ["odd_reply"]
    assert read(reply("?")).done


def test_a_whole_reply_is_read_for_its_text_tools_and_names() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "Hi \ud83d"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
        {"type": "web_search_tool_result", "content": [{"type": "x"}]},
    ]
    reading = read(reply({"output_tokens": 9}, content=content, stop_reason="tool_use"))
    assert "".join(reading.text) == "Hi \ufffd"
    assert (reading.tools_called, reading.stop, reading.model) == (1, "tool_use", "m")
    assert reading.text_chars == len("hm") + len("Hi ?") + len('{"a": 1}')


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("overloaded_error", Kind.OVERLOADED),
        ("rate_limit_error", Kind.UPSTREAM_LIMITED),
        ("authentication_error", Kind.UPSTREAM_AUTH),
        ("billing_error", Kind.UPSTREAM_AUTH),
        ("invalid_request_error", Kind.UPSTREAM_INVALID),
        ("timeout_error", Kind.TIMEOUT),
        ("api_error", Kind.UPSTREAM),
        ("brand_new_error", Kind.UPSTREAM),
    ],
)
def test_an_error_inside_a_200_is_the_fault_it_names(type_: str, kind: Kind) -> None:
    error = {"type": type_, "message": "why"}
    reading = Reading()
    anthropic.see(event("error", error=error), reading)
    assert reading.fault is not None
    assert (reading.fault.kind, reading.fault.message) == (kind, "why")
    with pytest.raises(Fault) as caught:
        read(json.dumps({"type": "error", "error": error}).encode())
    assert caught.value.kind is kind


@pytest.mark.parametrize("odd", [b'{"type":"error","error":"boom"}', b'{"type":7}', b"[1]"])
def test_an_error_event_of_an_odd_shape_is_still_an_error(odd: bytes) -> None:
    reading = Reading()
    anthropic.see(Sse(b"error", odd), reading)
    assert reading.fault is not None


def test_content_begins_with_what_a_caller_would_miss() -> None:
    reading = Reading()
    start = [event("message_start", message={"id": "m", "usage": {"input_tokens": 3}})]
    opened = [event("content_block_start", index=0, content_block={"type": "text", "text": ""})]
    for one in [*start, event("ping"), *opened]:
        anthropic.see(one, reading)
    assert not reading.content
    block = {"type": "redacted_thinking", "data": "x"}
    anthropic.see(event("content_block_start", index=1, content_block=block), reading)
    assert reading.content


def test_a_token_count_is_read_and_bought_nothing() -> None:
    reading = Reading()
    anthropic.read_count(b'{"input_tokens":9}', reading)
    assert reading.done
    assert not reading.usage_seen
    with pytest.raises(Fault):
        anthropic.read_count(b'{"tokens":9}', reading)


@pytest.mark.parametrize(
    ("metadata", "session"),
    [
        ({"user_id": '{"device_id":"d","session_id":"s-1"}'}, "s-1"),
        ({"user_id": "somebody"}, ""),
        ({"user_id": None}, ""),
        ({}, ""),
        ("odd", ""),
    ],
)
def test_claude_codes_session_is_found_in_its_user_id(metadata: object, session: str) -> None:
    body = json.dumps({"model": "m", "metadata": metadata}).encode()
    assert anthropic.session(Envelope(body)) == session
    assert anthropic.session(Envelope(b"{}")) == ""


@given(st.text(min_size=1))
def test_a_canned_answer_is_a_message_to_anthropics_own_client(text: str) -> None:
    whole = canned_reply(anthropic, text)
    assert Message.model_validate_json(whole, strict=True).content[0].to_dict()["text"] == text
    reading = Reading(keep_text_chars=10**6)
    for one in events(canned_reply(anthropic, text, stream=True)):
        assert EVENT.validate_json(one.data, strict=True).type == one.name.decode()
        anthropic.see(one, reading)
    assert reading.done
    assert "".join(reading.text) == text


def test_a_canned_answer_passes_through_the_sdk_streamed_and_whole() -> None:
    got = anthropic_sdk(canned_reply(anthropic, "No model.")).messages.create(**ASK)
    assert got.to_dict()["content"] == [{"type": "text", "text": "No model."}]
    client = anthropic_sdk(canned_reply(anthropic, "No model.", stream=True), kind=EVENTS)
    with client.messages.stream(**ASK) as stream:
        final = stream.get_final_message()
    assert final.to_dict()["content"] == [{"type": "text", "text": "No model."}]
    assert final.stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("kind", "status", "raised"),
    [
        (Kind.INVALID, 400, sdk.BadRequestError),
        (Kind.AUTH, 401, sdk.AuthenticationError),
        (Kind.NOT_FOUND, 404, sdk.NotFoundError),
        (Kind.RATE_LIMITED, 429, sdk.RateLimitError),
        (Kind.LOOP, 429, sdk.RateLimitError),
        (Kind.OVERLOADED, 529, sdk.InternalServerError),
        (Kind.UPSTREAM, 502, sdk.InternalServerError),
    ],
)
def test_our_errors_are_the_sdks_errors(
    kind: Kind, status: int, raised: type[sdk.APIStatusError]
) -> None:
    body = anthropic.error_body(Fault(kind, "why it failed"), "id-1")
    with pytest.raises(raised, match="why it failed") as caught:
        anthropic_sdk(body, status=status).messages.create(**ASK)
    assert anthropic.classify(status, body)[0] == anthropic.ERROR_TYPES.get(kind, "api_error")
    assert caught.value.body == json.loads(body)


def test_our_error_inside_a_stream_is_raised_by_the_sdk() -> None:
    fault = Fault(Kind.IDLE, "the upstream sent nothing for 300 s")
    opening = canned_reply(anthropic, "part", stream=True).split(b"event: content_block_stop")
    body = opening[0] + anthropic.PING + anthropic.error_event(fault, "id-1", Reading())
    got = []
    with pytest.raises(sdk.APIStatusError, match="sent nothing for 300 s"):  # noqa: PT012
        for one in anthropic_sdk(body, kind=EVENTS).messages.create(**ASK, stream=True):
            got.append(one.type)  # noqa: PERF401 - what came before the error counts
    assert got == ["message_start", "content_block_start", "content_block_delta"]


@pytest.mark.parametrize(
    ("diagnostics", "told"),
    [
        (
            {"cache_miss_reason": {"type": "tools_changed", "cache_missed_input_tokens": 900}},
            ("tools_changed", 900),
        ),
        ({"cache_miss_reason": {"type": "unavailable"}}, ("unavailable", 0)),
        ({"cache_miss_reason": {"type": "a", "cache_missed_input_tokens": -5}}, ("a", 0)),
        ({"cache_miss_reason": None}, None),
        ({"cache_miss_reason": "a text"}, None),
        ("unheard of", None),
        (None, None),
    ],
    ids=str,
)
def test_why_the_cache_missed_is_read_from_whole_and_streamed_replies(
    diagnostics: object, told: tuple[str, int] | None
) -> None:
    usage = {"input_tokens": 1, "output_tokens": 1}
    whole = read(reply(usage, diagnostics=diagnostics))
    streamed = Reading()
    opening = {"usage": usage, "diagnostics": diagnostics}
    anthropic.see(event("message_start", message=opening), streamed)
    assert whole.cache_miss == streamed.cache_miss == told
    assert whole.warnings == streamed.warnings == []
    assert whole.usage == streamed.usage
