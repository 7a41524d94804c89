"""The Response object: its frame, its items, and its usage as OpenAI counts it."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from headgate.wire import seal
from headgate.wire.meaning import Refusal, Stop, Text, Thought, ToolCall
from headgate.wire.model import STANDARD, Terms, Usage
from headgate.wire.openai_responses import read, reply
from headgate.wire.reading import Reading
from headgate.wire.voice import Voice
from tests.wire.openai_responses.talk import SEALING

VOICE = Voice("c1", 7, "asked-for")
COUNT = st.integers(0, 10**6)


def closed(voice: Voice = VOICE, stop: Stop = Stop.END, terms: Terms = STANDARD) -> Response:
    body = reply.frame(voice, "", "").closed(stop, [], Usage(3, output=2), terms)
    return Response.model_validate_json(body, strict=True)


def test_ids_and_the_model_are_the_upstreams_where_it_said_them() -> None:
    assert reply.frame(VOICE, "resp_1", "theirs", 9)[1:4] == ("resp_1", "theirs", 9)
    assert reply.frame(VOICE, "msg_1", "")[1:4] == ("resp_msg_1", "asked-for", 7)
    assert reply.frame(VOICE, "", "").id == "resp_c1"
    assert reply.item_id("fc", VOICE, 2) == "fc_c1_2"


def test_a_response_repeats_the_request_or_says_the_defaults() -> None:
    echo = {
        "instructions": b'"be brief"',
        "temperature": b" null",
        "top_p": b"0.5",
        "metadata": b'{"a":"b"}',
        "tools": b'[{"type":"function","name":"f","parameters":{},"strict":true}]',
        "tool_choice": b'"required"',
        "input": b'"never repeated"',
    }
    voice = Voice("c1", 7, "m", echo={k: msgspec.Raw(v) for k, v in echo.items()})
    got = closed(voice)
    assert (got.instructions, got.temperature, got.top_p) == ("be brief", 1.0, 0.5)
    assert (got.metadata, got.tool_choice, len(got.tools)) == ({"a": "b"}, "required", 1)
    assert b"never repeated" not in reply.frame(voice, "", "").opened()
    plain = closed()
    assert (plain.tools, plain.tool_choice, plain.parallel_tool_calls) == ([], "auto", True)


def test_a_response_that_has_just_been_opened_has_said_and_cost_nothing() -> None:
    got = Response.model_validate_json(reply.frame(VOICE, "", "").opened(), strict=True)
    assert (got.status, got.output, got.usage, got.error) == ("in_progress", [], None, None)


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        (Stop.END, "completed", None),
        (Stop.TOOLS, "completed", None),
        (Stop.SEQUENCE, "completed", None),
        (Stop.PAUSE, "completed", None),
        (Stop.LENGTH, "incomplete", "max_output_tokens"),
        (Stop.CONTEXT, "incomplete", "max_output_tokens"),
        (Stop.REFUSAL, "incomplete", "content_filter"),
    ],
)
def test_every_end_has_its_status(stop: Stop, status: str, reason: str | None) -> None:
    got = closed(stop=stop)
    details = got.incomplete_details
    assert (got.status, details.reason if details else None) == (status, reason)


@pytest.mark.parametrize(
    ("tier", "told"), [("", "default"), ("flex", "flex"), ("batch", "default")]
)
def test_the_tier_that_was_served_is_told(tier: str, told: str) -> None:
    assert closed(terms=Terms(tier=tier)).service_tier == told


@pytest.mark.slow
@given(st.builds(Usage, *[COUNT] * 8))
def test_usage_adds_up_to_what_openai_would_count(usage: Usage) -> None:
    body = reply.frame(VOICE, "", "").closed(Stop.END, [], usage, STANDARD)
    reading = Reading()
    read(body, reading)
    got = reading.usage
    assert (got.input_total, got.output) == (usage.input_total, usage.output)
    assert (got.input_fresh, got.cache_read) == (usage.input_fresh, usage.cache_read)
    assert got.cache_write_30m == usage.cache_write_30m + usage.cache_write_5m
    assert got.cache_write_12h == usage.cache_write_12h + usage.cache_write_1h
    assert got.reasoning_of_output == usage.reasoning_of_output


def test_usage_has_both_details_even_of_nothing() -> None:
    told = reply.said_usage(Usage())
    assert told["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}
    assert told["output_tokens_details"] == {"reasoning_tokens": 0}


def test_sources_are_told_in_openais_words() -> None:
    page = {"type": "url_citation", "url": "https://a", "title": ""}
    ours = {**page, "start_index": 1, "end_index": 2}
    found = {**page, "url": "https://b", "encrypted_index": "E"}
    theirs = {"type": "page_location", "cited_text": "x"}
    stored = {"type": "file_citation", "file_id": "f", "filename": "n", "index": 0}
    part = reply.words(Text("text", citations=[ours, found, theirs, stored]))
    assert part["annotations"] == [
        ours,
        {
            "type": "url_citation",
            "url": "https://b",
            "title": "",
            "start_index": 0,
            "end_index": 4,
        },
        stored,
    ]
    assert reply.words(Refusal("no")) == {"type": "refusal", "refusal": "no"}


def test_a_call_into_a_group_names_the_group() -> None:
    item = reply.call(ToolCall("c", "f", "{}", namespace="n"), "fc_1", "completed")
    assert (item["namespace"], item["arguments"]) == ("n", "{}")
    item = reply.call(ToolCall("c", "f", "ls", custom=True), "ctc_1", "completed")
    assert (item["type"], item["input"]) == ("custom_tool_call", "ls")
    assert "namespace" not in item


def test_reasoning_is_sealed_only_for_callers_who_send_it_back() -> None:
    thought = Thought("hm", "signature", maker="anthropic")
    assert reply.wants_seals(SEALING)
    assert not reply.wants_seals(VOICE)
    item = reply.reasoning(thought, "rs_1", sealed=True)
    assert seal.unwrap(item["encrypted_content"]) == thought
    assert item["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert json.dumps(reply.reasoning(Thought(), "rs_1", sealed=False)) == json.dumps(
        {"id": "rs_1", "type": "reasoning", "summary": []}
    )
