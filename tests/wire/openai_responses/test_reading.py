"""The Responses wire: tokens in their classes, and words that OpenAI's client takes."""

from __future__ import annotations

import json
from typing import Any

import openai as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseFailedEvent, ResponseStreamEvent
from pydantic import TypeAdapter

from headgate.wire import openai_responses
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.reading import Reading
from headgate.wire.sse import Sse, events
from tests.wire.sdks import EVENTS, openai_sdk
from tests.wire.streams import canned_reply

COUNT = st.integers(0, 10**6)
USAGE = st.builds(
    lambda fresh, cached, short, long, out: Usage(
        fresh,
        cached,
        cache_write_30m=short,
        cache_write_12h=long,
        output=out,
        reasoning_of_output=out // 3,
    ),
    *[COUNT] * 5,
)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
ASK: dict[str, Any] = {"model": "m", "input": "hi"}
CODES = {"server_error", "rate_limit_exceeded", "invalid_prompt"}


def wire_usage(it: Usage) -> dict[str, Any]:
    return {
        "input_tokens": it.input_total,
        "input_tokens_details": {
            "cached_tokens": it.cache_read,
            "cache_write_tokens": it.cache_write_30m + it.cache_write_12h,
            "cache_write_tokens_details": {
                "ttl_30m_tokens": it.cache_write_30m,
                "ttl_12h_tokens": it.cache_write_12h,
            },
        },
        "output_tokens": it.output,
        "output_tokens_details": {"reasoning_tokens": it.reasoning_of_output},
        "total_tokens": it.input_total + it.output,
    }


def response(status: str = "completed", **fields: object) -> dict[str, Any]:
    return {
        "id": "r",
        "object": "response",
        "model": "m",
        "status": status,
        "output": [],
    } | fields


def read(**fields: object) -> Reading:
    reading = Reading(keep_text_chars=100)
    openai_responses.read(json.dumps(response(**fields)).encode(), reading)  # type: ignore[arg-type]  # named fields of the object
    return reading


def seen(*steps: dict[str, Any]) -> Reading:
    reading = Reading(keep_text_chars=100)
    for step in steps:
        data = json.dumps(step).encode()
        openai_responses.see(Sse(str(step["type"]).encode(), data), reading)
    return reading


@given(USAGE, st.sampled_from(["completed", "incomplete", "failed"]))
def test_every_field_of_usage_lands_in_its_class_however_the_response_ended(
    usage: Usage, status: str
) -> None:
    whole = response(status, usage=wire_usage(usage))
    assert seen({"type": f"response.{status}", "response": whole}).usage == usage
    if status != "failed":
        assert read(status=status, usage=wire_usage(usage)).usage == usage


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({"cache_write_tokens": 30}, Usage(70, cache_write_30m=30)),
        ({"cache_write_tokens": 30, "cache_write_tokens_details": {}}, Usage(70, 0, 0, 0, 30)),
        (
            {"cache_write_tokens": 30, "cache_write_tokens_details": {"ttl_12h_tokens": 10}},
            Usage(70, cache_write_30m=20, cache_write_12h=10),
        ),
        (None, Usage(100)),
    ],
)
def test_writes_without_a_lifetime_are_of_the_default_one(
    details: object, usage: Usage
) -> None:
    told = {"input_tokens": 100, "input_tokens_details": details}
    assert read(usage=told).usage == usage
    assert read(usage=told).usage.input_total == 100


def test_more_cached_than_sent_is_impossible_and_named() -> None:
    usage = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 5}}
    assert read(usage=usage).warnings == ["impossible_usage"]


@pytest.mark.parametrize("status", ["completed", "incomplete", "cancelled"])
def test_a_response_that_is_over_is_complete_also_when_it_was_cut_short(status: str) -> None:
    reading = seen({"type": f"response.{status}", "response": response(status)})
    assert reading.done
    assert (reading.stop, reading.fault) == (status, None)


@pytest.mark.parametrize(
    ("diagnostics", "told"),
    [
        (
            {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 900},
            ("tools_changed", 900),
        ),
        ({"type": "cache_miss", "reason": "a", "cache_missed_tokens": -5}, ("a", 0)),
        ({"type": "cache_miss"}, None),
        ({"type": "cache_hit"}, None),
        ({"type": "comparison_response_not_found"}, None),
        ("unheard of", None),
        (None, None),
    ],
    ids=str,
)
def test_why_the_cache_missed_is_read_from_whole_and_streamed_responses(
    diagnostics: object, told: tuple[str, int] | None
) -> None:
    whole = read(prompt_cache_diagnostics=diagnostics)
    last = response(prompt_cache_diagnostics=diagnostics)
    streamed = seen({"type": "response.completed", "response": last})
    assert whole.cache_miss == streamed.cache_miss == told
    assert whole.warnings == streamed.warnings == []


def test_a_failed_response_is_a_fault_streamed_or_whole_and_its_usage_counts() -> None:
    fields: dict[str, Any] = {
        "error": {"code": "rate_limit_exceeded", "message": "why"},
        "usage": wire_usage(Usage(input_fresh=7, output=2)),
    }
    reading = seen({"type": "response.failed", "response": response("failed", **fields)})
    assert reading.fault is not None
    assert (reading.fault.kind, reading.fault.message) == (Kind.UPSTREAM_LIMITED, "why")
    assert reading.usage == Usage(input_fresh=7, output=2)
    with pytest.raises(Fault, match="why"):
        read(status="failed", **fields)


@pytest.mark.parametrize("code", ["server_error", 500, None])
def test_a_bare_error_event_is_a_fault(code: object) -> None:
    reading = seen({"type": "error", "code": code, "message": "why", "sequence_number": 4})
    assert reading.fault is not None
    assert (reading.fault.kind, reading.fault.message) == (Kind.UPSTREAM, "why")
    assert reading.last_sequence == 4


def test_what_is_said_is_told_from_what_is_thought_and_done() -> None:
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "name": "g", "input": "abc"},
    ]
    whole = read(output=output)
    assert (whole.text, whole.text_chars, whole.tools_called) == (["hi", "no"], 11, 2)
    streamed = seen(
        {"type": "response.reasoning_text.delta", "delta": "hm"},
        {"type": "response.output_text.delta", "delta": "hi"},
        {"type": "response.refusal.delta", "delta": "no"},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        {"type": "response.output_item.done", "item": output[3]},
        {"type": "response.custom_tool_call_input.delta", "delta": "abc"},
        {"type": "response.output_item.done", "item": output[4]},
    )
    assert (streamed.text, streamed.text_chars) == (whole.text, whole.text_chars)
    assert streamed.tools_called == whole.tools_called


@pytest.mark.parametrize(
    ("odd", "attribute"),
    [
        ({"type": "response.completed", "response": {"usage": "?"}}, "done"),
        ({"type": "response.failed", "response": {"model": 5}}, "fault"),
        ({"type": "response.output_text.delta", "delta": {"odd": 1}}, "content"),
        ({"type": "error", "message": ["odd"]}, "fault"),
    ],
)
def test_an_event_of_an_odd_shape_still_counts_by_its_name(
    odd: dict[str, Any], attribute: str
) -> None:
    reading = seen(odd)
    assert getattr(reading, attribute)
    assert reading.warnings == ["odd_event"]


def test_a_session_is_its_cache_key() -> None:
    assert openai_responses.session(Envelope(b'{"prompt_cache_key":"s"}')) == "s"
    assert openai_responses.session(Envelope(b'{"prompt_cache_key":[]}')) == ""


@given(st.text(min_size=1))
def test_a_canned_answer_is_a_response_to_openais_own_client(text: str) -> None:
    whole = canned_reply(openai_responses, text)
    assert Response.model_validate_json(whole, strict=True).output_text == text
    reading = Reading(keep_text_chars=10**6)
    numbers = []
    for one in events(canned_reply(openai_responses, text, stream=True)):
        parsed = EVENT.validate_json(one.data, strict=True)
        assert parsed.type == one.name.decode()
        numbers.append(parsed.sequence_number)
        openai_responses.see(one, reading)
    assert numbers == list(range(9))
    assert reading.done
    assert "".join(reading.text) == text


def test_a_canned_answer_passes_through_the_sdk_streamed_and_whole() -> None:
    client = openai_sdk(canned_reply(openai_responses, "No model."))
    assert client.responses.create(**ASK).output_text == "No model."
    body = canned_reply(openai_responses, "No model.", stream=True)
    with openai_sdk(body, kind=EVENTS).responses.stream(**ASK) as stream:
        assert stream.get_final_response().output_text == "No model."


@pytest.mark.parametrize("kind", Kind)
def test_our_error_inside_a_stream_is_a_failed_response_with_a_known_code(kind: Kind) -> None:
    reading = seen(
        {"type": "response.created", "sequence_number": 0, "response": response(created_at=9)},
        {"type": "response.output_text.delta", "sequence_number": 1, "delta": "part"},
    )
    fault = Fault(kind, "why it failed")
    event = events(openai_responses.error_event(fault, "id-1", reading))[0]
    failed = ResponseFailedEvent.model_validate_json(event.data, strict=True)
    assert failed.sequence_number == 2
    assert (failed.response.id, failed.response.created_at) == ("r", 9)
    assert failed.response.error is not None
    assert failed.response.error.message == "why it failed"
    assert failed.response.error.code in CODES


def test_the_sdk_delivers_our_failure_inside_a_stream() -> None:
    steps = canned_reply(openai_responses, "part", stream=True).split(b"\n\n")[:5]
    error = openai_responses.error_event(Fault(Kind.IDLE, "too quiet"), "id-1", Reading())
    body = b"\n\n".join(steps) + b"\n\n" + openai_responses.PING + error
    got = list(openai_sdk(body, kind=EVENTS).responses.create(**ASK, stream=True))
    assert isinstance(got[-1], ResponseFailedEvent)
    assert got[-1].response.error is not None
    assert got[-1].response.error.message == "too quiet"


def test_a_failure_before_any_event_is_a_response_created_and_failed() -> None:
    fault = Fault(Kind.IDLE, "not a word")
    body = openai_responses.PING + openai_responses.error_event(fault, "id-1", Reading())
    with openai_sdk(body, kind=EVENTS).responses.stream(**ASK) as stream:
        got = list(stream)
    assert [event.type for event in got] == ["response.created", "response.failed"]
    assert [event.sequence_number for event in got] == [0, 1]
    first, last = (json.loads(event.data)["response"] for event in events(body))
    assert (first["status"], first["error"], last["status"]) == ("in_progress", None, "failed")
    assert last["error"]["message"] == "not a word"


@pytest.mark.parametrize(
    ("kind", "status", "raised"),
    [
        (Kind.INVALID, 400, sdk.BadRequestError),
        (Kind.FORBIDDEN, 403, sdk.PermissionDeniedError),
        (Kind.LOOP, 400, sdk.BadRequestError),
        (Kind.UPSTREAM_LIMITED, 429, sdk.RateLimitError),
        (Kind.TIMEOUT, 504, sdk.InternalServerError),
    ],
)
def test_our_errors_are_the_sdks_errors(
    kind: Kind, status: int, raised: type[sdk.APIStatusError]
) -> None:
    body = openai_responses.error_body(Fault(kind, "why it failed"), "id-1")
    with pytest.raises(raised, match="why it failed"):
        openai_sdk(body, status=status).responses.create(**ASK)
