"""The judge of Messages streams accepts what a client accepts, and names what breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.conformance.grammar.check import VENDORS, check
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

USAGE = {
    "input_tokens": 76,
    "cache_creation_input_tokens": 100,
    "cache_read_input_tokens": 1024,
    "output_tokens": 50,
}


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **it: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": it}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


PING = {"type": "ping"}
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
OPENING = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    },
}
WHOLE: Events = [
    OPENING,  # 0
    start(0, type="thinking", thinking="", signature=""),  # 1
    delta(0, type="thinking_delta", thinking="Hm"),  # 2
    delta(0, type="signature_delta", signature="c2ln"),  # 3
    stop(0),  # 4
    start(1, type="text", text=""),  # 5
    PING,  # 6
    delta(1, type="text_delta", text="o"),  # 7
    delta(1, type="text_delta", text="k \U0001f600"),  # 8
    stop(1),  # 9
    start(2, type="tool_use", id="toolu_1", name="a", input={}),  # 10
    delta(2, type="input_json_delta", partial_json='{"x"'),  # 11
    delta(2, type="input_json_delta", partial_json=": 1}"),  # 12
    stop(2),  # 13
    start(3, type="tool_use", id="toolu_2", name="b", input={}),  # 14
    stop(3),  # 15
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": USAGE,
    },  # 16
    {"type": "message_stop"},  # 17
]
MUTATIONS = [
    Mutation("no start", drop(0), "message_start does not come first"),
    Mutation("start twice", repeat(0), "a second message_start"),
    Mutation("start late", move(0, 2), "message_start does not come first"),
    Mutation(
        "start with content", edit(0, "message.content", ["x"]), "message_start whose content"
    ),
    Mutation(
        "start without counts",
        remove(0, "message.usage.input_tokens"),
        "message_start without usage.input_tokens",
    ),
    Mutation("start without id", edit(0, "message.id", ""), "message_start without an id"),
    Mutation("a block never stops", drop(4), "a block starts before the last one stopped"),
    Mutation("the last block never stops", drop(15), "message_delta before the last block"),
    Mutation("interleaved", move(10, 8), "a block starts before the last one stopped"),
    Mutation("index skipped", both(edit(10, "index", 5)), "the block's index is not the next"),
    Mutation("index repeated", edit(5, "index", 0), "the block's index is not the next"),
    Mutation("delta elsewhere", edit(7, "index", 0), "a delta of another index"),
    Mutation("delta outside", move(8, 9), "a delta while no block is open"),
    Mutation("stop twice", repeat(9), "a stop while no block is open"),
    Mutation(
        "wrong delta", edit(7, "delta.type", "thinking_delta"), "does not match its block"
    ),
    Mutation("delta without text", remove(7, "delta.text"), "a delta without its text"),
    Mutation("nothing in a block", drop(7, 8), "an empty text block"),
    Mutation("no signature", drop(3), "a thinking block without a signature"),
    Mutation("thinking after it", move(3, 2), "thinking after its signature"),
    Mutation("half arguments", drop(12), "arguments do not join to a JSON object"),
    Mutation(
        "a list of arguments",
        edit(11, "delta.partial_json", "[1"),
        "arguments do not join to a JSON object",
    ),
    Mutation("input begun", edit(10, "content_block.input", {"x": 1}), "start with input {}"),
    Mutation("odd id", edit(10, "content_block.id", "call:1"), "a tool_use id that is refused"),
    Mutation("same id", edit(14, "content_block.id", "toolu_1"), "two tool_use blocks of one"),
    Mutation("no name", edit(10, "content_block.name", ""), "a tool_use without a name"),
    Mutation("no totals", drop(16), "message_stop without message_delta"),
    Mutation("totals twice", repeat(16), "a second message_delta"),
    Mutation("totals early", move(16, 14), "a block after message_delta"),
    Mutation("no output", remove(16, "usage.output_tokens"), "no usage.output_tokens"),
    Mutation("no input", remove(16, "usage.input_tokens"), "no usage.input_tokens"),
    Mutation("odd stop", edit(16, "delta.stop_reason", "stop"), "a known stop_reason"),
    Mutation("no stop_sequence", remove(16, "delta.stop_sequence"), "not even null"),
    Mutation(
        "end_turn", edit(16, "delta.stop_reason", "end_turn"), "end_turn after a tool_use"
    ),
    Mutation(
        "tools without tools", drop(*range(10, 16)), "stop_reason tool_use without a tool_use"
    ),
    Mutation("no end", drop(17), "ends without message_stop or error"),
    Mutation("end twice", repeat(17), "an event after the end"),
    Mutation("ping after the end", put(-1, PING), "an event after the end"),
    Mutation("error after the end", put(-1, ERROR), "an event after the end"),
    Mutation("end after error", put(9, ERROR), "an event after the end"),
    Mutation("no content", drop(*range(1, 16)), "a message without content"),
    Mutation("unknown", put(5, {"type": "content_block_pause"}), "an unknown event"),
    Mutation("misnamed", put(5, 'event: ping\ndata: {"type":"pong"}\n\n'), "not its type"),
    Mutation("no JSON", put(5, "{"), "data is not a JSON object"),
    Mutation("half an event", put(18, "data: {}\n\n:\ndata: x\n\n"), "an event after the end"),
]


def test_a_whole_stream_gives_the_whole_message() -> None:
    verdict = whole("anthropic", sse(WHOLE, named=True))
    assert verdict.ending == "complete"
    assert [part.kind for part in verdict.parts] == ["thought", "text", "tool", "tool"]
    assert (verdict.text, verdict.thought, verdict.stop) == ("ok \U0001f600", "Hm", "tool_use")
    assert verdict.calls == [("toolu_1", "a", {"x": 1}), ("toolu_2", "b", {})]
    assert verdict.usage == USAGE
    assert (verdict.id, verdict.model) == ("msg_1", "claude-haiku-5-5")


@pytest.mark.parametrize("at", range(1, 17))
def test_an_error_may_end_the_stream_anywhere(at: int) -> None:
    verdict = whole("anthropic", sse([*WHOLE[:at], ERROR], named=True))
    assert verdict.ending == "error"
    assert verdict.error == ERROR["error"]


@pytest.mark.parametrize("at", range(18))
def test_a_ping_may_come_anywhere_before_the_end(at: int) -> None:
    assert whole("anthropic", sse([*WHOLE[:at], PING, *WHOLE[at:]], named=True)).calls


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.name for each in MUTATIONS])
def test_a_broken_stream_is_blamed_for_what_is_broken(mutation: Mutation) -> None:
    verdict = check("anthropic", sse(broken(WHOLE, mutation), named=True))
    assert any(mutation.rule in rule for rule in verdict.rules), verdict.complaints


def test_the_last_call_may_be_half_said_when_the_tokens_ran_out() -> None:
    cut = Mutation("", both(drop(12, 14, 15), edit(13, "delta.stop_reason", "max_tokens")), "")
    verdict = whole("anthropic", sse(broken(WHOLE, cut), named=True))
    assert verdict.calls == [("toolu_1", "a", None)]


def test_a_vendor_may_do_more_than_we_do() -> None:
    free = Mutation("", both(repeat(16), put(5, {"type": "later"}), drop(3)), "")
    assert check("anthropic", sse(broken(WHOLE, free), named=True), VENDORS).violations == []


def test_half_a_character_and_half_an_event_are_blamed() -> None:
    stream = sse(WHOLE, named=True)
    assert "the last event lacks its blank line" in check("anthropic", stream[:-1]).rules
    torn = stream.replace("\U0001f600".encode(), "\U0001f600".encode()[:2])
    assert any("UTF-8" in rule for rule in check("anthropic", torn).rules)
