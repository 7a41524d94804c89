"""Streams said: chunks that OpenAI's client puts together into what was meant."""

from __future__ import annotations

import json
from typing import Any

import openai as sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

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
from headgate.wire.model import STANDARD, Fault, Kind, Terms, Usage
from headgate.wire.openai_chat import Listener, Speaker
from headgate.wire.sse import events
from headgate.wire.voice import Voice
from tests.wire.openai_chat.spoken import ARGUMENTS, NAMES, VOICE, WORDS, whole
from tests.wire.sdks import EVENTS, openai_sdk

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
USAGE = Usage(76, 1024, cache_write_5m=100, output=50)


def part(begun: Part, *pieces: str) -> list[Delta]:
    return [Begun(begun), *map(More, pieces), ENDED]


def said(deltas: list[Delta], voice: Voice = VOICE, terms: Terms = STANDARD) -> bytes:
    speaker = Speaker(voice)
    out = [speaker.begin("msg_1", "claude"), *map(speaker.say, deltas)]
    return b"".join([*out, speaker.end(USAGE, terms)])


def chunks(body: bytes) -> list[dict[str, Any]]:
    *them, last = [event.data for event in events(body)]
    assert last == b"[DONE]"
    return [json.loads(one) for one in them]


def deltas(body: bytes) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(body) if chunk["choices"]]


TWO_CALLS: list[Delta] = [
    Begun(Thought(maker="anthropic")),
    More("hm"),
    Sealed("seal"),
    ENDED,
    *part(Text(""), "o", "k"),
    *part(ToolCall("toolu_1", "a"), '{"x"', ":1}"),
    *part(ToolCall("toolu_2", "b")),
    Over(Stop.TOOLS),
]


def test_an_answer_is_said_as_openai_says_it() -> None:
    body = said(TWO_CALLS)
    function = {"name": "a", "arguments": ""}
    assert deltas(body) == [
        {"role": "assistant", "content": ""},
        {"content": "o"},
        {"content": "k"},
        {
            "tool_calls": [
                {"index": 0, "id": "toolu_1", "type": "function", "function": function}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"x"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
        {
            "tool_calls": [
                {
                    "index": 1,
                    "id": "toolu_2",
                    "type": "function",
                    "function": {"name": "b", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {},
    ]
    *_, finish, usage = chunks(body)
    assert finish["choices"][0]["finish_reason"] == "tool_calls"
    assert usage["choices"] == []
    assert (usage["usage"]["prompt_tokens"], usage["usage"]["completion_tokens"]) == (1200, 50)


def test_every_chunk_carries_the_same_id_time_and_model() -> None:
    named = {
        (it["id"], it["created"], it["model"], it["object"]) for it in chunks(said(TWO_CALLS))
    }
    assert named == {("msg_1", 7, "claude", "chat.completion.chunk")}
    opening = json.loads(events(Speaker(VOICE).begin("", ""))[0].data)
    assert (opening["id"], opening["model"]) == ("chatcmpl-id-1", "m")


def test_usage_is_told_to_those_who_asked_in_a_chunk_of_its_own() -> None:
    *most, last = chunks(said(TWO_CALLS, terms=Terms(tier="priority")))
    assert all(chunk["usage"] is None for chunk in most)
    assert last["service_tier"] == "priority"
    quiet = chunks(said(TWO_CALLS, Voice("id-1", 7, "m")))
    assert not any("usage" in chunk for chunk in quiet)


@pytest.mark.parametrize(
    ("over", "finish"),
    [(Stop.END, "stop"), (Stop.PAUSE, "stop"), (Stop.CONTEXT, "length"), (Stop.TOOLS, "stop")],
)
def test_the_reason_to_stop_is_said_once(over: Stop, finish: str) -> None:
    body = said([*part(Text(""), "a"), Over(over)])
    reasons = [
        chunk["choices"][0]["finish_reason"] for chunk in chunks(body) if chunk["choices"]
    ]
    assert reasons == [None, None, finish]


def test_a_refusal_always_has_words() -> None:
    body = said([*part(Refusal(), "no"), Over(Stop.REFUSAL)])
    assert [it["refusal"] for it in deltas(body) if "refusal" in it] == ["no"]
    body = said([*part(Text(""), "half"), Over(Stop.REFUSAL)])
    assert [it["refusal"] for it in deltas(body) if "refusal" in it] == [
        "The model declined to answer."
    ]


def test_free_text_calls_are_said_as_such() -> None:
    body = said([*part(ToolCall("a", "exec", custom=True), "ls"), Over(Stop.TOOLS)])
    first, more = (it["tool_calls"][0] for it in deltas(body) if "tool_calls" in it)
    custom = {"name": "exec", "input": ""}
    assert first == {"index": 0, "id": "a", "type": "custom", "custom": custom}
    assert more == {"index": 0, "custom": {"input": "ls"}}
    empty = said([*part(ToolCall("a", "exec", custom=True)), Over(Stop.TOOLS)])
    assert len([it for it in deltas(empty) if "tool_calls" in it]) == 1


def test_what_only_another_vendor_understands_is_not_shown() -> None:
    speaker = Speaker(VOICE)
    speaker.begin("a", "m")
    for it in (Begun(Foreign("x", Any)), ENDED, *part(Thought(), "hm")):  # type: ignore[arg-type]
        assert speaker.say(it) == b""
    assert speaker.say(Begun(Text(""))) == speaker.say(More("")) == b""


def test_an_error_is_the_last_thing_said_and_the_sdk_raises_it() -> None:
    speaker = Speaker(VOICE)
    body = speaker.begin("a", "m") + speaker.say(Begun(Text(""))) + speaker.say(More("part"))
    body += speaker.fail(Fault(Kind.OVERLOADED, "try later"))
    got = iter(openai_sdk(body, kind=EVENTS).chat.completions.create(**ASK, stream=True))
    assert [next(got).choices[0].delta.content for _ in range(2)] == ["", "part"]
    with pytest.raises(sdk.APIError, match="try later") as caught:
        next(got)
    assert "overloaded" in (caught.value.code or "")
    assert json.loads(events(body)[-1].data)["error"]["type"] == "server_error"


def test_the_sdk_itself_puts_the_answer_together() -> None:
    body = said(TWO_CALLS)
    with openai_sdk(body, kind=EVENTS).chat.completions.stream(**ASK) as stream:
        choice = stream.get_final_completion().choices[0]
    assert choice.message.content == "ok"
    assert [
        (it.id, it.function.name, it.function.arguments)
        for it in choice.message.tool_calls or ()
    ] == [("toolu_1", "a", '{"x":1}'), ("toolu_2", "b", "{}")]
    assert choice.finish_reason == "tool_calls"


PIECES = st.lists(WORDS, min_size=1, max_size=3)
PARTS = st.builds(lambda pieces: part(Text(""), *pieces), PIECES) | st.builds(
    lambda pieces: part(Refusal(), *pieces), PIECES
)
CALLS = st.lists(st.tuples(NAMES, ARGUMENTS), max_size=3)


@pytest.mark.slow
@given(st.none() | PARTS, CALLS, st.sampled_from([Stop.END, Stop.LENGTH]), st.booleans())
def test_what_is_said_is_heard_as_it_was_meant(
    first: list[Delta] | None, calls: list[tuple[str, str]], stop: Stop, usage: bool
) -> None:
    meant = list(first or ())
    for at, (name, arguments) in enumerate(calls):
        meant += part(ToolCall(f"c{at}", name), arguments[:3], arguments[3:])
    if stop is Stop.END:
        refused = bool(first) and isinstance(whole(list(first or ()))[0][0], Refusal)
        stop = Stop.TOOLS if calls else Stop.REFUSAL if refused else stop
    body = said([*meant, Over(stop)], Voice("id-1", 7, "m", usage))
    listener = Listener()
    heard: list[Delta] = []
    for event in events(body):
        if event.data != b"[DONE]":
            ChatCompletionChunk.model_validate_json(event.data, strict=True)
        heard += listener.hear(event)
    assert whole(heard) == whole([*meant, Over(stop)])


PAGE = {"type": "url_citation", "url": "https://a.example", "title": "A"}
CITING: list[Delta] = [
    Begun(Text("")),
    More("it is so"),
    Cited(PAGE),
    ENDED,
    *part(ToolCall("toolu_1", "a"), '{"x":1}'),
    Begun(Text("")),
    More(" and so"),
    Cited({**PAGE, "start_index": 1, "end_index": 4}),
    ENDED,
    Over(Stop.TOOLS),
]


def test_pages_are_told_once_before_the_end_and_point_into_the_whole_text() -> None:
    told = [delta for delta in deltas(said(CITING)) if "annotations" in delta]
    places = [
        (one["url_citation"]["start_index"], one["url_citation"]["end_index"])
        for one in told[0]["annotations"]
    ]
    assert (len(told), places) == (1, [(0, 8), (9, 12)])


def test_the_sdks_own_stream_keeps_the_pages() -> None:
    client = openai_sdk(said(CITING), kind=EVENTS)
    with client.chat.completions.stream(**ASK) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.annotations is not None
    assert [one.url_citation.url for one in message.annotations] == [PAGE["url"]] * 2
