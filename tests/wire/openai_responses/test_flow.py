"""Streams towards a Responses caller: the whole life of every item, numbered without a gap."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseFailedEvent, ResponseStreamEvent
from pydantic import TypeAdapter

from headgate.wire import seal
from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    Foreign,
    More,
    Over,
    Part,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import STANDARD, Fault, Kind, Usage
from headgate.wire.openai_responses import Listener, Speaker, encode_answer, read
from headgate.wire.reading import Reading
from headgate.wire.sse import events
from headgate.wire.voice import Voice
from tests.wire.openai_responses.talk import SEALING, answers, as_answer, parts_of
from tests.wire.sdks import EVENTS, openai_sdk

VOICE = Voice("c1", 7, "m")
USAGE = Usage(3, cache_read=4, output=2)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
Step = dict[str, Any]


def spoken(deltas: Iterable[Delta], voice: Voice = VOICE, *, end: bool = True) -> bytes:
    speaker = Speaker(voice)
    said = [speaker.begin("msg_1", ""), *(speaker.say(delta) for delta in deltas)]
    if end:
        said.append(speaker.end(USAGE, STANDARD))
    return b"".join(said)


def steps(data: bytes) -> list[Step]:
    """The events, each with the name it bears, numbered from 0."""
    out = []
    for number, event in enumerate(events(data)):
        step: Step = json.loads(event.data)
        assert event.name.decode() == step["type"]
        assert step["sequence_number"] == number
        out.append(step)
    return out


def story(data: bytes) -> list[str]:
    return [step["type"].removeprefix("response.") for step in steps(data)]


def part(begun: Part, *texts: str) -> list[Delta]:
    return [Begun(begun), *map(More, texts), ENDED]


def unsealed(parts: list[Part]) -> list[Part]:
    for one in parts:
        if isinstance(one, Thought):
            own = seal.unwrap(one.seal)
            assert own is not None
            one.seal, one.maker, one.id = own.seal, own.maker, own.id
    return parts


def test_words_and_a_call_live_their_whole_lives() -> None:
    call = part(ToolCall("call_1", "f"), '{"a":', "1}")
    data = spoken([*part(Text(""), "Hé", "llo"), *call, Over(Stop.TOOLS)])
    assert story(data) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    last = steps(data)[-1]["response"]
    assert [item["type"] for item in last["output"]] == ["message", "function_call"]
    assert last["output"][1]["arguments"] == '{"a":1}'
    assert last["usage"]["input_tokens_details"] == {
        "cached_tokens": 4,
        "cache_write_tokens": 0,
    }


def test_reasoning_lives_its_life_and_is_sealed_when_it_is_done() -> None:
    thought = Thought(maker="anthropic")
    deltas: list[Delta] = [
        Begun(thought),
        More("hm"),
        Sealed("signature"),
        ENDED,
        Over(Stop.END),
    ]
    data = spoken(deltas, SEALING)
    assert story(data)[2:] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "completed",
    ]
    item = steps(data)[-2]["item"]
    assert seal.unwrap(item["encrypted_content"]) == Thought(
        "hm", "signature", maker="anthropic"
    )
    assert "encrypted_content" not in steps(data)[2]["item"]
    assert b"encrypted_content" not in spoken(deltas)


def test_reasoning_that_is_not_shown_is_an_item_without_a_summary() -> None:
    data = spoken([Begun(Thought()), Sealed("s"), ENDED, Over(Stop.END)], SEALING)
    assert story(data)[2:] == ["output_item.added", "output_item.done", "completed"]
    assert steps(data)[-2]["item"]["summary"] == []


def test_free_text_calls_and_refusals_have_events_of_their_own() -> None:
    custom = part(ToolCall("c", "exec", custom=True, namespace="n"), "ls")
    data = spoken([*custom, *part(Refusal(""), "no"), Over(Stop.REFUSAL)])
    assert story(data)[2:] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "incomplete",
    ]
    last = steps(data)[-1]["response"]
    assert last["incomplete_details"] == {"reason": "content_filter"}
    assert last["output"][0]["namespace"] == "n"


def test_a_call_without_arguments_has_an_empty_object() -> None:
    data = spoken([*part(ToolCall("c", "f")), Over(Stop.TOOLS)])
    assert [step.get("delta") for step in steps(data)][3] == "{}"
    assert steps(data)[-2]["item"]["arguments"] == "{}"


def test_words_in_a_row_are_parts_of_one_message() -> None:
    data = spoken([*part(Text(""), "a"), *part(Text(""), "b"), Over(Stop.END)])
    (item,) = steps(data)[-1]["response"]["output"]
    assert [one["text"] for one in item["content"]] == ["a", "b"]
    assert story(data).count("output_item.done") == 1


def test_what_only_another_vendor_understands_is_not_said() -> None:
    foreign = Begun(Foreign("server_tool_use", msgspec.Raw(b"{}"), "anthropic"))
    a, b = part(Text(""), "a"), part(Text(""), "b")
    data = spoken([*a, foreign, ENDED, *b, Over(Stop.END)])
    assert len(steps(data)[-1]["response"]["output"]) == 2


def test_only_the_item_that_was_cut_off_is_incomplete() -> None:
    call = part(ToolCall("c", "f"), '{"a":')
    data = spoken([*part(Text(""), "a"), *call, Over(Stop.LENGTH)])
    output = steps(data)[-1]["response"]["output"]
    assert [item["status"] for item in output] == ["completed", "incomplete"]
    assert story(data)[-1] == "incomplete"


@pytest.mark.slow
@given(answers())
def test_a_stream_said_is_heard_as_it_was_meant(deltas: list[Delta]) -> None:
    data = spoken(deltas, SEALING)
    listener = Listener()
    heard = [delta for event in events(data) for delta in listener.hear(event)]
    heard += listener.finish()
    assert [d for d in heard if isinstance(d, More)] == [
        d for d in deltas if isinstance(d, More)
    ]
    wanted, _ = parts_of(deltas)
    got, _ = parts_of(heard)
    assert unsealed(got) == wanted


@pytest.mark.slow
@given(answers())
def test_a_stream_repeats_itself_and_agrees_with_the_whole_reply(deltas: list[Delta]) -> None:
    data = spoken(deltas, SEALING)
    told = steps(data)
    output = told[-1]["response"]["output"]
    assert [s["item"] for s in told if s["type"].endswith("output_item.done")] == output
    indexes = [s["output_index"] for s in told if s["type"].endswith("output_item.added")]
    assert indexes == list(range(len(output)))
    answer = as_answer(deltas, USAGE)
    assert told[-1]["response"] == json.loads(encode_answer(answer, SEALING))


@pytest.mark.slow
@given(answers())
def test_openais_own_client_reads_every_event(deltas: list[Delta]) -> None:
    data = spoken(deltas)
    snapshots: dict[int, str] = {}
    for event in events(data):
        parsed = EVENT.validate_json(event.data, strict=True)
        assert parsed.type == event.name.decode()
        if parsed.type.endswith(".delta"):
            at = parsed.output_index
            snapshots[at] = snapshots.get(at, "") + parsed.delta
    for at, item in enumerate(steps(data)[-1]["response"]["output"]):
        inside = item.get("content") or item.get("summary") or [item]
        words = ("text", "refusal", "arguments", "input")
        whole = "".join(one.get(word, "") for one in inside for word in words)
        assert snapshots[at] == whole


def test_the_sdks_own_stream_puts_the_answer_together() -> None:
    call = part(ToolCall("call_1", "f"), '{"a":1}')
    thought = part(Thought(maker="anthropic"), "hm")
    deltas = [*thought, *part(Text(""), "Hé", "llo"), *call, Over(Stop.TOOLS)]
    client = openai_sdk(spoken(deltas, SEALING), kind=EVENTS)
    kinds = []
    with client.responses.stream(model="m", input="hi") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert final.output_text == "Héllo"
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]
    assert final.usage is not None
    assert final.usage.total_tokens == 9
    assert kinds[-1] == "response.completed"


@given(answers(), st.integers(0, 20))
def test_what_breaks_off_fails_and_is_never_closed(deltas: list[Delta], at: int) -> None:
    deltas = [delta for delta in deltas[:at] if not isinstance(delta, Over)]
    speaker = Speaker(VOICE)
    said = [speaker.begin("", ""), *map(speaker.say, deltas)]
    said.append(speaker.fail(Fault(Kind.IDLE, "too quiet")))
    told = steps(b"".join(said))
    assert told[-1]["type"] == "response.failed"
    assert told[-1]["response"]["error"]["message"] == "too quiet"
    assert {step["response"]["id"] for step in told if "response" in step} == {"resp_c1"}
    open_items = {step["output_index"] for step in told if step["type"].endswith("item.added")}
    done = {step["output_index"] for step in told if step["type"].endswith("item.done")}
    assert len(open_items - done) == (1 if open_items else 0)


def test_openais_own_client_raises_no_fake_success_for_a_failure() -> None:
    speaker = Speaker(VOICE)
    said = [speaker.begin("", ""), *map(speaker.say, part(Text(""), "par")[:2])]
    said.append(speaker.fail(Fault(Kind.TRUNCATED, "cut")))
    client = openai_sdk(b"".join(said), kind=EVENTS)
    got = list(client.responses.create(model="m", input="hi", stream=True))
    assert isinstance(got[-1], ResponseFailedEvent)


@pytest.mark.parametrize("stop", Stop)
def test_every_end_is_one_of_the_two_last_events_with_its_usage(stop: Stop) -> None:
    data = spoken([*part(Text(""), "a"), Over(stop)])
    last = steps(data)[-1]
    assert last["type"] in ("response.completed", "response.incomplete")
    reading = Reading()
    read(json.dumps(last["response"]).encode(), reading)
    assert reading.usage == USAGE


def test_pages_are_told_when_their_text_is_whole_and_again_with_its_item() -> None:
    page = {"type": "url_citation", "url": "https://a.example", "title": "A"}
    deltas: list[Delta] = [Begun(Text("")), More("it is so"), Cited(page), ENDED]
    data = spoken([*deltas, *part(Text(""), "more"), Over(Stop.END)])
    placed = {**page, "start_index": 0, "end_index": 8}
    at = story(data).index("output_text.annotation.added")
    assert story(data)[at : at + 2] == ["output_text.annotation.added", "output_text.done"]
    assert steps(data)[at]["annotation"] == placed
    EVENT.validate_python(steps(data)[at], strict=True)
    first, second = steps(data)[-1]["response"]["output"][0]["content"]
    assert (first["annotations"], second["annotations"]) == ([placed], [])


def test_a_search_of_the_web_lives_its_whole_life() -> None:
    search = Foreign("server_tool_use", msgspec.Raw(b"{}"), "anthropic", "what is so")
    found = Foreign("web_search_tool_result", msgspec.Raw(b"{}"), "anthropic", "")
    said: list[Delta] = [Begun(search), ENDED, Begun(found), ENDED]
    data = spoken([*part(Text(""), "a"), *said, *part(Text(""), "b"), Over(Stop.END)])
    assert story(data).count("output_item.added") == 3
    assert [one for one in story(data) if one.startswith("web_search_call")] == [
        "web_search_call.in_progress",
        "web_search_call.searching",
        "web_search_call.completed",
    ]
    for step in steps(data):
        EVENT.validate_python(step, strict=True)
    item = steps(data)[-1]["response"]["output"][1]
    assert (item["status"], item["action"]["query"]) == ("completed", "what is so")
