"""A stream of Anthropic's is heard piece by piece, and any answer is said as such a stream."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.conformance.grammar.check import check
from headgate.wire.anthropic import Listener, Speaker
from headgate.wire.anthropic.answer import NOTHING_SAID
from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    Foreign,
    More,
    Over,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import STANDARD, Fault, Kind, Usage
from headgate.wire.seal import unwrap
from headgate.wire.sse import Decoder, Sse, events
from headgate.wire.voice import Voice
from tests.wire.sdks import EVENTS, anthropic_sdk
from tests.wire.streams import chunked

VOICE = Voice("c1", 1_700_000_000, "asked-for")
USAGE = Usage(76, 1024, 60, 40, output=50, reasoning_of_output=30)


def event(name: str, **members: Any) -> Sse:
    return Sse(name.encode(), json.dumps({"type": name, **members}).encode())


def start(index: int, **block: Any) -> Sse:
    return event("content_block_start", index=index, content_block=block)


def piece(index: int, kind: str, **delta: Any) -> Sse:
    return event("content_block_delta", index=index, delta={"type": kind, **delta})


def stop(index: int) -> Sse:
    return event("content_block_stop", index=index)


def end(reason: str | None, **delta: Any) -> list[Sse]:
    return [
        event("message_delta", delta={"stop_reason": reason, **delta}, usage={}),
        event("message_stop"),
    ]


def heard(*sent: Sse) -> list[Delta]:
    listener = Listener()
    deltas = [delta for one in sent for delta in listener.hear(one)]
    return deltas + listener.finish()


def spoken(*deltas: Delta) -> bytes:
    speaker = Speaker(VOICE)
    pieces = [speaker.begin("msg_1", "m"), *(speaker.say(delta) for delta in deltas)]
    return b"".join([*pieces, speaker.end(USAGE, STANDARD)])


def told(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(one.data) for one in events(data)]


def types(data: bytes) -> list[str]:
    """What each event is, with the kind of its piece."""
    return [
        one["delta"]["type"] if one["type"] == "content_block_delta" else one["type"]
        for one in told(data)
    ]


def test_every_kind_of_block_is_heard_as_it_comes() -> None:
    assert heard(
        event("message_start", message={"id": "msg_1"}),
        event("ping"),
        start(0, type="thinking", thinking="", signature=""),
        piece(0, "thinking_delta", thinking="t"),
        piece(0, "signature_delta", signature="s"),
        stop(0),
        start(1, type="redacted_thinking", data="d"),
        stop(1),
        start(2, type="text", text=""),
        piece(2, "text_delta", text="a"),
        piece(2, "citations_delta", citation={}),
        piece(2, "text_delta", text="b"),
        stop(2),
        start(3, type="tool_use", id="t1", name="a", input={}),
        piece(3, "input_json_delta", partial_json=""),
        piece(3, "input_json_delta", partial_json='{"x"'),
        piece(3, "input_json_delta", partial_json=":1}"),
        stop(3),
        *end("tool_use"),
    ) == [
        Begun(Thought(maker="anthropic")),
        More("t"),
        Sealed("s"),
        ENDED,
        Begun(Thought(seal="d", redacted=True, maker="anthropic")),
        ENDED,
        Begun(Text("")),
        More("a"),
        More("b"),
        ENDED,
        Begun(ToolCall("t1", "a")),
        More('{"x"'),
        More(":1}"),
        ENDED,
        Over(Stop.TOOLS),
    ]


def test_a_call_of_the_vendors_own_tool_is_told_when_it_is_whole() -> None:
    deltas = heard(
        start(0, type="server_tool_use", id="s1", name="web_search", input={}),
        piece(0, "input_json_delta", partial_json='{"query":'),
        piece(0, "input_json_delta", partial_json='"x"}'),
        stop(0),
        start(1, type="web_search_tool_result", tool_use_id="s1", content=[]),
        stop(1),
    )
    foreign = [delta.part for delta in deltas if isinstance(delta, Begun)]
    assert [type(delta) for delta in deltas] == [Begun, type(ENDED)] * 2
    assert all(isinstance(part, Foreign) and part.maker == "anthropic" for part in foreign)
    raws = [json.loads(bytes(part.raw)) for part in foreign if isinstance(part, Foreign)]
    assert raws[0]["input"] == {"query": "x"}
    assert raws[1]["type"] == "web_search_tool_result"


def test_a_call_whose_input_came_at_once_is_whole_too() -> None:
    deltas = heard(start(0, type="tool_use", id="t", name="a", input={"x": 1}), stop(0))
    assert deltas == [Begun(ToolCall("t", "a")), More('{"x":1}'), ENDED]


def test_words_that_came_with_the_start_are_not_lost() -> None:
    assert heard(
        start(0, type="text", text="a"), piece(0, "text_delta", text="b"), stop(0)
    ) == [
        Begun(Text("")),
        More("a"),
        More("b"),
        ENDED,
    ]


def test_a_block_that_was_never_opened_or_is_of_another_kind_opens_one() -> None:
    assert heard(
        piece(0, "thinking_delta", thinking="t"),
        piece(0, "text_delta", text="a"),
        *end("end_turn"),
    ) == [
        Begun(Thought(maker="anthropic")),
        More("t"),
        ENDED,
        Begun(Text("")),
        More("a"),
        ENDED,
        Over(Stop.END),
    ]


def test_mixed_blocks_are_the_upstreams_fault_and_no_mixed_answer() -> None:
    with pytest.raises(Fault) as caught:
        heard(
            start(0, type="tool_use", id="1", name="a"),
            start(1, type="tool_use", id="2", name="a"),
            piece(0, "input_json_delta", partial_json="{}"),
        )
    assert caught.value.kind is Kind.UPSTREAM


def test_a_stream_that_was_cut_is_never_over() -> None:
    whole = [start(0, type="text", text="a"), stop(0), *end("end_turn")]
    assert heard(*whole)[-1] == Over(Stop.END)
    assert not any(isinstance(delta, Over) for delta in heard(*whole[:-1]))


def test_nothing_follows_the_end() -> None:
    late = [piece(0, "text_delta", text="late"), start(1, type="text", text="x")]
    assert heard(*end("max_tokens"), *late, *end("end_turn")) == [Over(Stop.LENGTH)]


@pytest.mark.parametrize(
    ("delta", "over"),
    [
        ({"stop_reason": "stop_sequence", "stop_sequence": "END"}, Over(Stop.SEQUENCE, "END")),
        ({"stop_reason": "model_context_window_exceeded"}, Over(Stop.CONTEXT)),
        ({}, Over(Stop.END)),
    ],
)
def test_why_it_ended_is_heard(delta: dict[str, Any], over: Over) -> None:
    sent = [event("message_delta", delta=delta), event("message_delta", delta={})]
    assert heard(*sent, event("message_stop")) == [over]


def test_why_it_was_refused_is_heard() -> None:
    details = {"type": "refusal", "category": None, "explanation": "No."}
    assert heard(*end("refusal", stop_details=details)) == [
        Begun(Refusal()),
        More("No."),
        ENDED,
        Over(Stop.REFUSAL),
    ]


def test_a_broken_event_is_the_upstreams_fault_and_an_odd_one_is_none() -> None:
    with pytest.raises(Fault, match="malformed"):
        heard(Sse(b"", b'{"type":'))
    assert heard(Sse(b"", b'{"type":5}'), Sse(b"", b"[]")) == []
    half = Sse(b"", piece(0, "text_delta", text="@").data.replace(b"@", b"\\ud83d"))
    assert heard(half) == [Begun(Text("")), More("\ufffd")]


def test_a_stream_is_said_with_the_events_of_anthropics() -> None:
    deltas: list[Delta] = [
        Begun(Thought(maker="openai_chat")),
        More("r"),
        ENDED,
        Begun(Text("")),
        More("ü😀"),
        ENDED,
        Begun(ToolCall("t1", "a")),
        More("{}"),
        ENDED,
        Over(Stop.END),
    ]
    said = spoken(*deltas)
    assert types(said) == [
        "message_start",
        *("content_block_start", "thinking_delta", "signature_delta", "content_block_stop"),
        *("content_block_start", "text_delta", "content_block_stop"),
        *("content_block_start", "input_json_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    assert all(one.name.decode() == json.loads(one.data)["type"] for one in events(said))
    opening, *blocks, totals, _ = told(said)
    assert opening["message"]["content"] == []
    assert opening["message"]["usage"]["input_tokens"] == 0
    assert [one["index"] for one in blocks] == [0] * 4 + [1] * 3 + [2] * 3
    assert blocks[7]["content_block"] == {
        "type": "tool_use",
        "id": "t1",
        "name": "a",
        "input": {},
    }
    assert unwrap(blocks[2]["delta"]["signature"]) == Thought(maker="openai_chat")
    assert totals["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert totals["usage"]["input_tokens"] == 76
    assert totals["usage"]["cache_creation"]["ephemeral_1h_input_tokens"] == 40


def test_blocks_without_content_are_not_said() -> None:
    empty: list[Delta] = [Begun(Text("")), More(""), ENDED, Begun(Thought()), ENDED]
    said = spoken(*empty, Begun(Text("")), More("a"), ENDED, Over(Stop.END))
    assert [one["index"] for one in told(said) if "index" in one] == [0, 0, 0]


def test_no_stream_is_empty() -> None:
    said = told(spoken(Begun(Text("")), ENDED, Over(Stop.END)))
    assert [one["delta"]["text"] for one in said if one["type"] == "content_block_delta"] == [
        NOTHING_SAID
    ]


def test_the_seal_of_a_thought_comes_before_its_end() -> None:
    thought = Thought(maker="openai_responses", id="rs_1")
    said = told(spoken(Begun(thought), Sealed("enc"), ENDED, Over(Stop.END)))
    kinds = [one["type"] for one in said[1:4]]
    assert kinds == ["content_block_start", "content_block_delta", "content_block_stop"]
    sealed = Thought(seal="enc", maker="openai_responses", id="rs_1")
    assert unwrap(said[2]["delta"]["signature"]) == sealed


def test_a_refusal_is_said_as_text_and_ends_as_one() -> None:
    *_, totals, _ = said = told(spoken(Begun(Refusal()), More("No."), ENDED, Over(Stop.END)))
    assert said[1]["content_block"] == {"type": "text", "text": ""}
    assert totals["delta"]["stop_reason"] == "refusal"


def test_an_error_leaves_the_open_block_open() -> None:
    speaker = Speaker(VOICE)
    said = (
        speaker.begin("", "") + speaker.say(Begun(ToolCall("t", "a"))) + speaker.say(More("{"))
    )
    said += speaker.fail(Fault(Kind.OVERLOADED, "busy"))
    assert types(said)[-2:] == ["input_json_delta", "error"]
    assert told(said)[0]["message"]["id"] == "msg_c1"
    assert told(said)[-1] == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "c1",
    }


_PIECES = st.lists(st.builds(More, st.text(min_size=1, max_size=5)), min_size=1, max_size=3)
_WORDS = st.builds(lambda pieces: [Begun(Text("")), *pieces, ENDED], _PIECES)
_THOUGHTS = st.builds(
    lambda pieces, seal: [Begun(Thought(maker="anthropic")), *pieces, Sealed(seal), ENDED],
    _PIECES | st.just([]),
    st.text(min_size=1, max_size=5),
)
_HIDDEN = st.builds(
    lambda seal: [Begun(Thought(seal=seal, redacted=True, maker="anthropic")), ENDED],
    st.text(min_size=1, max_size=5),
)
_CALLS = st.sampled_from(
    [[Begun(ToolCall("", "a")), *pieces, ENDED] for pieces in ([], [More('{"x"'), More(":1}")])]
)
_FOREIGN = st.just(
    [Begun(Foreign("x", msgspec.Raw(b'{"type":"x","a":[null]}'), "anthropic")), ENDED]
)


def _joined(parts: list[list[Delta]], over: Over) -> list[Delta]:
    """One stream; every call has its own id."""
    deltas: list[Delta] = [delta for part in parts for delta in part]
    for at, delta in enumerate(deltas):
        if isinstance(delta, Begun) and isinstance(delta.part, ToolCall):
            deltas[at] = Begun(ToolCall(f"t{at}", "a"))
    return [*deltas, over]


_STREAMS = st.builds(
    _joined,
    st.lists(_WORDS | _THOUGHTS | _HIDDEN | _CALLS | _FOREIGN, min_size=1, max_size=5),
    st.sampled_from([Over(Stop.LENGTH), Over(Stop.SEQUENCE, "END"), Over(Stop.PAUSE)]),
)


@pytest.mark.slow
@given(_STREAMS)
def test_what_was_said_is_heard_again(deltas: list[Delta]) -> None:
    said = spoken(*deltas)
    assert heard(*events(said)) == deltas
    assert check("anthropic", said).complaints == []


@pytest.mark.slow
@given(_STREAMS, st.lists(st.integers(0), max_size=8))
def test_any_chunks_of_the_same_bytes_say_the_same(
    deltas: list[Delta], cuts: list[int]
) -> None:
    decoder = Decoder()
    pieces = [decoder.feed(chunk) for chunk in chunked(spoken(*deltas), cuts)]
    sent = [one for some in [*pieces, decoder.finish()] for one in some]
    assert heard(*sent) == deltas


@pytest.mark.slow
@given(_STREAMS)
def test_the_official_sdk_gathers_the_same_answer(deltas: list[Delta]) -> None:
    with anthropic_sdk(spoken(*deltas), kind=EVENTS).messages.stream(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        message = stream.get_final_message()
    begun = [delta.part for delta in deltas if isinstance(delta, Begun)]
    assert len(message.content) == len(begun)
    called = [part.id for part in begun if isinstance(part, ToolCall)]
    assert [block.id for block in message.content if block.type == "tool_use"] == called
    assert message.usage.input_tokens == USAGE.input_fresh
    assert message.usage.output_tokens == USAGE.output


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
_ODD = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            [
                "content_block_start",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
            ]
        )
        | _JSON,
        "index": st.integers(0, 1) | _JSON,
        "content_block": st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "thinking", "tool_use", "x"]) | _JSON},
            optional={"text": _JSON, "input": _JSON, "id": _JSON, "thinking": _JSON},
        ),
        "delta": st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["text_delta", "thinking_delta", "input_json_delta", "signature_delta"]
                )
            },
            optional={"text": _JSON, "thinking": _JSON, "partial_json": _JSON},
        ),
    },
)


@pytest.mark.slow
@given(st.lists(_ODD, max_size=8))
def test_whatever_is_sent_parts_never_interleave_and_only_faults_are_raised(
    sent: list[dict[str, Any]],
) -> None:
    listener, speaker = Listener(), Speaker(VOICE)
    deltas: list[Delta] = []
    said = [speaker.begin("", "")]
    try:
        for one in sent:
            more = listener.hear(Sse(b"", json.dumps(one).encode()))
            said += [speaker.say(delta) for delta in more]
            deltas += more
    except Fault as fault:
        said.append(speaker.fail(fault))
    is_open = False
    for delta in deltas:
        assert isinstance(delta, Begun) != is_open
        is_open = delta is not ENDED
    assert types(b"".join(said))[0] == "message_start"


FOUND = {
    "type": "web_search_result_location",
    "url": "https://a.example",
    "title": "A",
    "cited_text": "so",
    "encrypted_index": "Eo8B",
}


def test_what_a_text_cites_is_heard_and_said_in_its_block() -> None:
    deltas = heard(
        start(0, type="text", text="", citations=[FOUND]),
        piece(0, "text_delta", text="a"),
        piece(0, "citations_delta", citation=FOUND),
        stop(0),
        start(1, type="thinking", thinking=""),
        piece(1, "citations_delta", citation=FOUND),
        stop(1),
        *end("end_turn"),
    )
    pages = [delta.citation for delta in deltas if isinstance(delta, Cited)]
    assert [(page["type"], page["url"]) for page in pages] == [
        ("url_citation", FOUND["url"])
    ] * 2
    data = spoken(Begun(Text("")), More("a"), Cited(pages[0]), ENDED, Over(Stop.END))
    assert FOUND in [one.get("delta", {}).get("citation") for one in told(data)]
    assert types(data)[2:4] == ["text_delta", "citations_delta"]


def test_the_sdk_keeps_the_pages_of_a_stream() -> None:
    page = {"type": "url_citation", "url": "https://a.example", "title": ""}
    data = spoken(Begun(Text("")), More("a"), Cited(page), ENDED, Over(Stop.END))
    client = anthropic_sdk(data, kind=EVENTS)
    ask: Any = {"role": "user", "content": "hi"}
    with client.messages.stream(model="m", max_tokens=9, messages=[ask]) as stream:
        (block,) = stream.get_final_message().content
    assert block.type == "text"
    assert block.citations is not None
    assert block.citations[0].type == "web_search_result_location"


def test_nothing_is_cited_before_there_are_words() -> None:
    page = {"type": "url_citation", "url": "https://a.example", "title": ""}
    data = spoken(Begun(Text("")), Cited(page), ENDED, Over(Stop.END))
    assert "citations_delta" not in types(data)
