"""Streams heard: whatever a server does, parts come in order and nothing is invented."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    More,
    Over,
    Part,
    Refusal,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.openai_chat import Listener, decode_answer
from headgate.wire.sse import Decoder, Sse
from tests.wire.openai_chat.spoken import (
    ARGUMENTS,
    NAMES,
    WORDS,
    call,
    delta,
    ended,
    listened,
    stream,
    whole,
)
from tests.wire.streams import chunked

FIRST = delta(role="assistant", content="")
USAGE: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
DONE = "[DONE]"


def parts(*chunks: dict[str, Any] | str) -> list[Part]:
    return whole(listened(*chunks))[0]


def calls(*chunks: dict[str, Any] | str) -> list[ToolCall]:
    return [part for part in parts(*chunks) if isinstance(part, ToolCall)]


def test_words_are_told_as_they_come_and_the_end_at_done() -> None:
    listener = Listener()

    def hear(chunk: dict[str, Any] | str) -> list[Delta]:
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        return listener.hear(Sse(b"", data.encode()))

    assert hear(FIRST) == []
    assert hear(delta(content="a")) == [Begun(Text("")), More("a")]
    assert hear(delta(content="b")) == [More("b")]
    assert hear(ended("stop")) == []
    assert hear(USAGE) == []
    assert hear(DONE) == [ENDED, Over(Stop.END)]
    assert hear(delta(content="c")) == hear(DONE) == listener.finish() == []


def test_reasoning_words_and_a_call_are_three_parts() -> None:
    got = listened(
        FIRST,
        delta(reasoning_content="r"),
        delta(reasoning_content="s", reasoning="s"),
        delta(content="c"),
        call(0, "", id="a", name="f"),
        call(0, "{}"),
        ended("tool_calls"),
        DONE,
    )
    assert whole(got) == (
        [Thought("rs", maker="openai_chat"), Text("c"), ToolCall("a", "f", "{}")],
        Stop.TOOLS,
    )


def test_an_id_and_a_name_said_again_change_nothing() -> None:
    again = {"id": "a", "name": "f"}
    got = [call(0, "{", **again), call(0, '"x":1', **again), call(0, "}", **again)]
    assert calls(*got, ended("stop")) == [ToolCall("a", "f", '{"x":1}')]


def test_a_call_without_an_id_gets_the_same_one_every_time() -> None:
    chunks = [call(0, "{}", name="f"), call(1, "{}", name="g"), ended("tool_calls")]
    made = calls(*chunks)
    assert made == calls(*chunks)
    first, second = (it.id for it in made)
    assert first.startswith("call_0_")
    assert second.startswith("call_1_")
    message = {"tool_calls": [{"function": {"name": n, "arguments": "{}"}} for n in "fg"]}
    body = {"id": "c-1", "choices": [{"index": 0, "message": message}]}
    assert decode_answer(json.dumps(body).encode()).parts == made


def test_an_id_given_twice_is_not_used_twice() -> None:
    made = calls(
        call(0, "{}", id="a", name="f"), call(1, "{}", id="a", name="g"), ended("stop")
    )
    assert len({it.id for it in made}) == 2


def test_parallel_calls_stream_one_after_another() -> None:
    listener = Listener()
    chunks = (
        call(0, "", id="a", name="f"),
        call(0, '{"x":'),
        call(1, "", id="b", name="g"),
        call(1, '{"y"'),
        call(0, "1}"),
        call(1, ":2}"),
        ended("tool_calls"),
    )
    out = [listener.hear(event) for event in stream(*chunks)]
    assert out[2] == out[3] == []
    assert out[4] == [More("1}"), ENDED, Begun(ToolCall("b", "g")), More('{"y"')]
    assert out[5] == [More(":2}")]
    got = [one for some in out for one in some] + listener.finish()
    assert whole(got) == (
        [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", '{"y":2}')],
        Stop.TOOLS,
    )


def test_words_inside_a_call_wait_for_its_end_and_words_after_it_do_not() -> None:
    assert parts(
        call(0, '{"x":', id="a", name="f"),
        delta(content="b"),
        delta(content="c"),
        call(0, "1}"),
        delta(content="d"),
        ended("stop"),
    ) == [ToolCall("a", "f", '{"x":1}'), Text("bcd")]


def test_calls_that_all_say_index_0_or_none_are_told_apart() -> None:
    for index in (0, None):
        made = calls(
            call(index, '{"x":1}', id="a", name="f"),
            call(index, '{"x":2}', id="b", name="f"),
            call(index, "{}", id="c", name="g"),
            ended("tool_calls"),
        )
        assert [(it.id, it.arguments) for it in made] == [
            ("a", '{"x":1}'),
            ("b", '{"x":2}'),
            ("c", "{}"),
        ]


def test_fragments_without_an_index_belong_to_the_last_call() -> None:
    made = calls(
        call(None, "", id="a", name="f"),
        call(None, "{}"),
        call(None, "", id="b", name="g"),
        call(None, '{"x":'),
        call(None, "1}"),
        ended("tool_calls"),
    )
    assert [it.arguments for it in made] == ["{}", '{"x":1}']
    nameless = {"function": {"name": "f", "arguments": "{}"}}
    assert len(calls(delta(tool_calls=[nameless, nameless]), ended("stop"))) == 2


def test_a_call_without_a_name_waits_for_one_and_is_never_made_up() -> None:
    late = [call(0, '{"x"', id="a"), delta(content="b"), call(0, ":1}", name="f")]
    assert parts(*late, ended("stop")) == [ToolCall("a", "f", '{"x":1}'), Text("b")]
    assert parts(call(0, "{}", id="a"), ended("tool_calls")) == [ToolCall("a", "", "{}")]
    assert whole(listened(call(0, None, id="a"), ended("tool_calls"))) == ([], Stop.END)


def test_arguments_may_be_an_object_and_may_never_come() -> None:
    inner = {"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
    assert calls(delta(tool_calls=[inner]), ended("stop"))[0].arguments == '{"x":1}'
    listed = {**inner, "function": {"name": "f", "arguments": [1]}}
    assert calls(delta(tool_calls=[listed]), ended("stop"))[0].arguments == "[1]"
    made = calls(
        call(0, None, id="a", name="f"), call(1, "{}", id="b", name="g"), ended("stop")
    )
    assert [it.arguments for it in made] == ["", "{}"]


def test_free_text_calls_are_heard_as_such() -> None:
    opening = {
        "index": 0,
        "id": "a",
        "type": "custom",
        "custom": {"name": "exec", "input": "l"},
    }
    more = {"index": 0, "custom": {"input": "s"}}
    got = listened(delta(tool_calls=[opening]), delta(tool_calls=[more]), ended("tool_calls"))
    assert whole(got)[0] == [ToolCall("a", "exec", "ls", custom=True)]


def test_the_older_function_call_is_a_tool_call() -> None:
    got = listened(
        delta(function_call={"name": "f", "arguments": ""}),
        delta(function_call={"arguments": "{}"}),
        ended("function_call"),
    )
    made, stop = whole(got)
    assert isinstance(made[0], ToolCall)
    assert (made[0].name, made[0].arguments, stop) == ("f", "{}", Stop.TOOLS)


def test_a_refusal_is_a_part_and_the_reason_to_stop() -> None:
    got = listened(delta(refusal="n"), delta(refusal="o"), ended("stop"), DONE)
    assert whole(got) == ([Refusal("no")], Stop.REFUSAL)


def test_a_whole_message_in_one_chunk_is_heard() -> None:
    inner = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "hi", "tool_calls": [inner]}
    chunk = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    assert whole(listened(chunk)) == ([Text("hi"), ToolCall("a", "f", "{}")], Stop.TOOLS)


def test_only_the_first_choice_is_heard() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "x"}, "finish_reason": "length"}]}
    assert whole(listened(delta(content="a"), other, ended("stop"))) == ([Text("a")], Stop.END)


def test_content_in_parts_is_put_together() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    words = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    got = parts(delta(content=thinking), delta(content=words), ended("stop"))
    assert got == [Thought("hm", maker="openai_chat"), Text("ab")]


@pytest.mark.parametrize("last", [[], [delta(content="b")], [call(0, '{"x', id="a", name="f")]])
def test_a_stream_that_was_cut_owes_nothing(last: list[dict[str, Any]]) -> None:
    """Half a tool call that looks whole would be run."""
    got = listened(delta(content="a"), *last)
    assert not any(isinstance(it, Over) for it in got)
    assert got[-1] != ENDED


def test_done_without_a_reason_is_an_end_and_a_reason_without_done_too() -> None:
    assert whole(listened(delta(content="a"), DONE))[1] is Stop.END
    assert whole(listened(delta(content="a"), ended("length")))[1] is Stop.LENGTH
    assert whole(listened(call(0, "{}", id="a", name="f"), " [DONE] "))[1] is Stop.TOOLS


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
def test_an_answer_that_confesses_to_have_failed_is_never_over(reason: str) -> None:
    assert not any(
        isinstance(it, Over) for it in listened(delta(content="a"), ended(reason), DONE)
    )


def test_odd_chunks_are_heard_as_far_as_they_can_be() -> None:
    odd: dict[str, Any] = {
        "id": 7,
        "choices": [
            7,
            {"index": "x", "delta": {"content": "a", "tool_calls": 7}, "finish_reason": None},
            {"delta": 7, "finish_reason": "stop"},
        ],
    }
    assert whole(listened(odd)) == ([Text("a")], Stop.END)
    emoji = r'{"choices":[{"index":0,"delta":{"content":"\ud83d"},"finish_reason":"stop"}]}'
    assert parts(emoji) == [Text("\ufffd")]
    assert listened("{", "7", "null", "[]", '{"choices":7}', '{"error":{"message":"x"}}') == []


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[Part], list[dict[str, Any]]]:
    """(the parts of an answer, chunks that say it in pieces, calls mingled at will)."""
    made: list[Part] = []
    chunks = [FIRST]
    for kind, field in ((Thought, "reasoning_content"), (Text, "content")):
        text = draw(st.just("") | WORDS)
        if text:
            made.append(Thought(text, maker="openai_chat") if kind is Thought else Text(text))
            chunks += [delta(**{field: piece}) for piece in pieces(draw, text)]
    fragments: list[list[dict[str, Any]]] = []
    for n in range(draw(st.integers(0, 3))):
        name, arguments = draw(NAMES), draw(ARGUMENTS)
        made.append(ToolCall(f"id-{n}", name, arguments))
        first, *rest = pieces(draw, arguments)
        fragments.append([call(n, first, id=f"id-{n}", name=name), *(call(n, p) for p in rest)])
    opened = 0
    while any(fragments):
        # a call begins only after the one before, and then goes on whenever it likes
        ready = [n for n, left in enumerate(fragments) if left and n <= opened]
        n = draw(st.sampled_from(ready))
        chunks.append(fragments[n].pop(0))
        opened = max(opened, n + 1)
    return made, [*chunks, ended("tool_calls" if fragments else "stop"), USAGE]


def pieces(draw: st.DrawFn, text: str) -> list[str]:
    cuts = draw(st.lists(st.integers(0, len(text)), max_size=3))
    at = sorted({0, len(text), *cuts})
    return [text[a:b] for a, b in pairwise(at)]


@pytest.mark.slow
@given(answers(), st.lists(st.integers(0), max_size=5), st.booleans())
def test_any_chunking_of_an_answer_gives_the_same_parts(
    answer: tuple[list[Part], list[dict[str, Any]]], cuts: list[int], done: bool
) -> None:
    made, chunks = answer
    said = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks] + [DONE] * done
    data = b"".join(b"data: " + one.encode() + b"\n\n" for one in said)
    decoder, listener = Decoder(), Listener()
    got: list[Delta] = []
    for chunk in chunked(data, cuts):
        for event in decoder.feed(chunk):
            got += listener.hear(event)
    parts, stop = whole(got + listener.finish())
    assert parts == made
    assert stop in (Stop.END, Stop.TOOLS)


_FIELDS = "choices delta message content tool_calls function index id name arguments"
FIELDS = st.sampled_from(_FIELDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=10,
)
DELTAS = st.dictionaries(
    st.sampled_from(["content", "tool_calls", "refusal", "reasoning", "function_call"]),
    WORDS | JSON,
    max_size=3,
)
FRAGMENTS = st.builds(
    call,
    st.none() | st.integers(0, 2),
    st.sampled_from([None, "", "{", "}", "{}", '"x":1', " "]),
    id=st.sampled_from([None, "", "a", "b"]),
    name=st.sampled_from([None, "f", "g"]),
)
EVENTS = (
    FRAGMENTS
    | DELTAS.map(lambda it: delta(**it))
    | JSON
    | st.sampled_from(["stop", "tool_calls", "length"]).map(ended)
)


@pytest.mark.slow
@given(st.lists(EVENTS, max_size=12), st.booleans())
def test_no_events_whatever_make_parts_that_interleave(events: list[Any], done: bool) -> None:
    said = [json.dumps(event) for event in events] + [DONE] * done
    got = listened(*said)
    if any(isinstance(it, Over) for it in got):
        whole(got)
        ids = [part.id for part in whole(got)[0] if isinstance(part, ToolCall)]
        assert len(ids) == len(set(ids))
    else:
        whole([*got, ENDED])


def cites(url: str, **place: int) -> dict[str, Any]:
    return delta(annotations=[{"type": "url_citation", "url_citation": {"url": url, **place}}])


def pages(*chunks: dict[str, Any] | str) -> list[tuple[str, str]]:
    """(text, page) of every citation: the text as far as it was told by then."""
    found: list[tuple[str, str]] = []
    said = ""
    for one in listened(*chunks):
        match one:
            case Begun():
                said = ""
            case More(text):
                said += text
            case Cited(citation):
                found.append((said, citation["url"]))
            case _:
                pass
    return found


def test_pages_go_with_the_text_they_are_of() -> None:
    a, b = delta(content="one"), delta(content="two")
    assert pages(FIRST, a, cites("u"), b, DONE) == [("one", "u")]
    assert pages(FIRST, cites("u"), a, DONE) == [("one", "u")]
    thought = delta(reasoning_content="hm")
    late = cites("u", start_index=3, end_index=6)
    assert pages(FIRST, a, thought, late, b, DONE) == [("two", "u")]
    half = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a'}}
    rest = {"index": 0, "function": {"arguments": '":1}'}}
    waiting = [delta(tool_calls=[half]), a, cites("u"), delta(tool_calls=[rest])]
    assert pages(FIRST, *waiting, DONE) == [("one", "u")]


def test_pages_of_words_that_are_over_come_with_no_words() -> None:
    """So that who hears the stream knows of them, and can tell that they were lost."""
    words, thought = delta(content="one"), delta(reasoning_content="hm")
    early = cites("u", start_index=0, end_index=3)
    assert pages(FIRST, words, thought, early, DONE) == [("", "u")]


def test_what_a_server_says_of_files_is_no_citation() -> None:
    odd = delta(annotations=[{"type": "file", "file": {}}, "x", {"type": "url_citation"}])
    assert pages(FIRST, delta(content="one"), odd, DONE) == []
