"""The judge of Chat Completions streams accepts what a client accepts, and names the rest."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.conformance.grammar.check import OURS, check
from headgate.conformance.grammar.verdict import Wish
from tests.conformance.grammar.whole import whole
from tests.conformance.grammar.written import (
    Events,
    Mutation,
    both,
    broken,
    drop,
    edit,
    move,
    put,
    remove,
    repeat,
    sse,
)

ASKED = Wish(usage_chunk=True)
OPENING = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1763000000,
    "model": "gpt-6-luna",
}
USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 50,
    "total_tokens": 1250,
    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 30},
}


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**OPENING, "choices": [choice]}


def call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    """A fragment of a tool call; the first one has an id and a name."""
    function = {"arguments": arguments}
    if "name" in more:
        function["name"] = more.pop("name")
    return chunk(tool_calls=[{"index": index, **more, "function": function}])


ERROR = {"error": {"message": "Overloaded", "type": "server_error", "code": "overloaded"}}
WHOLE: Events = [
    chunk(role="assistant", content=""),  # 0
    chunk(content="o"),  # 1
    chunk(content="k \U0001f600"),  # 2
    call(0, "", id="call_1", type="function", name="a"),  # 3
    call(0, '{"x"'),  # 4
    call(0, ": 1}"),  # 5
    call(1, "{}", id="call_2", type="function", name="b"),  # 6
    chunk("tool_calls"),  # 7
    {**OPENING, "choices": [], "usage": USAGE},  # 8
    "[DONE]",  # 9
]
TOOL = "choices.0.delta.tool_calls.0"
MUTATIONS = [
    Mutation("no role", remove(0, "choices.0.delta.role"), "the first delta names no role"),
    Mutation("role again", repeat(0), "a role in a later delta"),
    Mutation("another id", edit(4, "id", "chatcmpl-2"), "another id than in the first"),
    Mutation("another time", edit(4, "created", 1), "another created than in the first"),
    Mutation("another model", edit(7, "model", "m"), "another model than in the first"),
    Mutation("not a chunk", edit(0, "object", "chat.completion"), "not a chunk by its object"),
    Mutation("no id", edit(0, "id", ""), "a chunk without an id"),
    Mutation("choices gone", remove(1, "choices"), "a chunk without choices"),
    Mutation("second choice", edit(1, "choices.0.index", 1), "another index than 0"),
    Mutation("no delta", remove(1, "choices.0.delta"), "a choice without a delta"),
    Mutation("no finish key", remove(1, "choices.0.finish_reason"), "without finish_reason"),
    Mutation("tools from 1", drop(3, 4, 5), "a tool call's index is not the next"),
    Mutation(
        "tool skipped", edit(6, f"{TOOL}.index", 2), "a tool call's index is not the next"
    ),
    Mutation("interleaved", move(6, 4), "a tool call's index is not the next"),
    Mutation("id again", edit(4, f"{TOOL}.id", "call_1"), "a tool call's id again"),
    Mutation("name again", edit(4, f"{TOOL}.function.name", "a"), "a tool call's name again"),
    Mutation("no tool id", remove(3, f"{TOOL}.id"), "a tool call without an id"),
    Mutation("no tool name", remove(3, f"{TOOL}.function.name"), "a tool call without a name"),
    Mutation("no tool type", remove(3, f"{TOOL}.type"), "a tool call without its type"),
    Mutation("one id", edit(6, f"{TOOL}.id", "call_1"), "two tool calls of one id"),
    Mutation("half arguments", drop(5), "arguments do not join to a JSON object"),
    Mutation(
        "no arguments", edit(6, f"{TOOL}.function.arguments", ""), "without arguments, not even"
    ),
    Mutation("no finish", drop(7), "[DONE] without a finish_reason"),
    Mutation("finish twice", repeat(7), "a second finish_reason"),
    Mutation("finish early", move(7, 5), "content after finish_reason"),
    Mutation("stop with tools", edit(7, "choices.0.finish_reason", "stop"), "stop after tool"),
    Mutation("tools without", drop(3, 4, 5, 6), "finish_reason tool_calls without a tool call"),
    Mutation("odd finish", edit(7, "choices.0.finish_reason", "end_turn"), "unknown finish_"),
    Mutation("no usage", drop(8), "no usage, though it was asked for"),
    Mutation("usage twice", repeat(8), "usage twice"),
    Mutation("usage early", move(8, 7), "usage before finish_reason"),
    Mutation("usage beside", edit(7, "usage", USAGE), "usage in a chunk with choices"),
    Mutation("no total", remove(8, "usage.total_tokens"), "usage without total_tokens"),
    Mutation("wrong sum", edit(8, "usage.total_tokens", 7), "usage whose total is not its sum"),
    Mutation("no [DONE]", drop(9), "the stream ends without [DONE]"),
    Mutation("[DONE] twice", repeat(9), "an event after the end"),
    Mutation("more after [DONE]", move(8, 9), "an event after the end"),
    Mutation("error after [DONE]", put(-1, ERROR), "an event after the end"),
    Mutation("chunk after error", put(2, ERROR), "a chunk after the error"),
    Mutation("error as text", put(2, {"error": "busy"}), "an error that is no object"),
    Mutation("named", put(2, "event: chunk\ndata: {}\n\n"), "a named event"),
    Mutation("no JSON", put(2, "{"), "data is not a JSON object"),
]


def test_a_whole_stream_gives_the_whole_message() -> None:
    verdict = whole("openai_chat", sse(WHOLE, named=False), ASKED)
    assert verdict.ending == "complete"
    assert [part.kind for part in verdict.parts] == ["text", "tool", "tool"]
    assert (verdict.text, verdict.stop) == ("ok \U0001f600", "tool_calls")
    assert verdict.calls == [("call_1", "a", {"x": 1}), ("call_2", "b", {})]
    assert (verdict.usage, verdict.id, verdict.model) == (USAGE, "chatcmpl-1", "gpt-6-luna")


def test_usage_comes_only_when_it_was_asked_for() -> None:
    assert "usage that nobody asked for" in check("openai_chat", sse(WHOLE, named=False)).rules
    without = Mutation("", drop(8), "")
    assert whole("openai_chat", sse(broken(WHOLE, without), named=False), OURS).usage == {}


@pytest.mark.parametrize("at", range(1, 9))
def test_an_error_may_end_the_stream_anywhere_and_needs_no_done(at: int) -> None:
    verdict = whole("openai_chat", sse([*WHOLE[:at], ERROR], named=False), ASKED)
    assert verdict.ending == "error"
    assert verdict.error == ERROR["error"]
    assert whole("openai_chat", sse([*WHOLE[:at], ERROR, "[DONE]"], named=False), ASKED).error


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.name for each in MUTATIONS])
def test_a_broken_stream_is_blamed_for_what_is_broken(mutation: Mutation) -> None:
    verdict = check("openai_chat", sse(broken(WHOLE, mutation), named=False), ASKED)
    assert any(mutation.rule in rule for rule in verdict.rules), verdict.complaints


def test_the_last_call_may_be_half_said_when_the_tokens_ran_out() -> None:
    half = Mutation("", both(drop(5, 6), edit(5, "choices.0.finish_reason", "length")), "")
    verdict = whole("openai_chat", sse(broken(WHOLE, half), named=False), ASKED)
    assert verdict.calls == [("call_1", "a", None)]


def test_custom_tools_and_refusals_are_understood() -> None:
    custom = {"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "exec"}}
    more = {"index": 0, "custom": {"input": "ls"}}
    events: Events = [
        chunk(role="assistant", content=None, refusal="I can"),
        chunk(refusal="not"),
        chunk(tool_calls=[custom]),
        chunk(tool_calls=[more]),
        chunk("tool_calls"),
        "[DONE]",
    ]
    verdict = whole("openai_chat", sse(events, named=False))
    assert (verdict.refusal, verdict.calls) == ("I cannot", [("call_1", "exec", "ls")])


def test_comments_are_not_events() -> None:
    events = [": ping\n\n", *WHOLE[:3], ": ping\n\n", *WHOLE[3:]]
    assert whole("openai_chat", sse(events, named=False), ASKED).ending == "complete"
