"""The judge of Responses streams accepts what a client accepts, and names what breaks it."""

from __future__ import annotations

import copy
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
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 1250,
}


def response(status: str, output: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1763000000,
        "status": status,
        "model": "gpt-6.1-sol",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        **more,
    }


def said(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **more}


def text(words: str) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


def call(id: str, arguments: str, status: str) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{id}",
        "call_id": id,
        "name": "a",
        "arguments": arguments,
        "status": status,
    }


def message(status: str, content: list[Any]) -> dict[str, Any]:
    opening = {"id": "msg_1", "type": "message", "role": "assistant"}
    return {**opening, "status": status, "content": content}


R: dict[str, Any] = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
M: dict[str, Any] = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
C: dict[str, Any] = {"item_id": "fc_call_1", "output_index": 2}
THOUGHT = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm"}],
}
DONE = [
    THOUGHT,
    message("completed", [text("ok \U0001f600")]),
    call("call_1", "{}", "completed"),
]


def numbered(events: Events) -> Events:
    """The events, each with its place in the stream."""
    out: Events = []
    for event in copy.deepcopy(events):
        if isinstance(event, dict) and "sequence_number" not in event:
            event["sequence_number"] = len(out)
        out.append(event)
    return out


PLAIN: Events = [
    said("created", response=response("in_progress", [])),  # 0
    said("in_progress", response=response("in_progress", [])),  # 1
    said("output_item.added", output_index=0, item={**THOUGHT, "summary": []}),  # 2
    said("reasoning_summary_part.added", **R, part={"type": "summary_text", "text": ""}),  # 3
    said("reasoning_summary_text.delta", **R, delta="Hm"),  # 4
    said("reasoning_summary_text.done", **R, text="Hm"),  # 5
    said("reasoning_summary_part.done", **R, part={"type": "summary_text", "text": "Hm"}),  # 6
    said("output_item.done", output_index=0, item=THOUGHT),  # 7
    said("output_item.added", output_index=1, item=message("in_progress", [])),  # 8
    said("content_part.added", **M, part=text("")),  # 9
    said("output_text.delta", **M, delta="o"),  # 10
    said("output_text.delta", **M, delta="k \U0001f600"),  # 11
    said("output_text.done", **M, text="ok \U0001f600"),  # 12
    said("content_part.done", **M, part=text("ok \U0001f600")),  # 13
    said("output_item.done", output_index=1, item=DONE[1]),  # 14
    said("output_item.added", output_index=2, item=call("call_1", "", "in_progress")),  # 15
    said("function_call_arguments.delta", **C, delta="{}"),  # 16
    said("function_call_arguments.done", **C, arguments="{}"),  # 17
    said("output_item.done", output_index=2, item=DONE[2]),  # 18
    said("completed", response=response("completed", DONE, usage=USAGE)),  # 19
]
ERROR = {"code": "server_error", "message": "Overloaded"}
FAILED = said("failed", response=response("failed", [], error=ERROR))
BARE = {"type": "error", "code": "server_error", "message": "Overloaded", "param": None}


MUTATIONS = [
    Mutation("no created", drop(0), "response.created does not come as number 0"),
    Mutation("no in_progress", drop(1), "response.in_progress does not come as number 1"),
    Mutation("created twice", repeat(0), "response.in_progress does not come as number 1"),
    Mutation("created with output", edit(0, "response.output", DONE), "output is not []"),
    Mutation("created as done", edit(0, "response.status", "completed"), "another status"),
    Mutation("another response", edit(19, "response.id", "resp_2"), "another response id"),
    Mutation(
        "number repeated", edit(5, "sequence_number", 4), "sequence_number is not the next"
    ),
    Mutation(
        "number skipped", edit(5, "sequence_number", 6), "sequence_number is not the next"
    ),
    Mutation("from one", edit(0, "sequence_number", 1), "sequence_number is not the next"),
    Mutation("no number", edit(5, "sequence_number", None), "without a sequence_number"),
    Mutation("item never done", drop(14), "an item starts before the last one is done"),
    Mutation("last item never done", drop(18), "the response ends before its last item"),
    Mutation("item never added", drop(8), "while no item is open"),
    Mutation("interleaved", move(15, 11), "an item starts before the last one is done"),
    Mutation("index skipped", edit(8, "output_index", 4), "the item's index is not the next"),
    Mutation("delta elsewhere", edit(10, "output_index", 0), "not the open item's index"),
    Mutation("delta of another", edit(10, "item_id", "msg_2"), "not the open item's id"),
    Mutation("part skipped", edit(10, "content_index", 1), "another index than the open part"),
    Mutation("no part", drop(9), "words while no part is open"),
    Mutation("part never done", drop(13), "an item is done before its part"),
    Mutation("text never done", drop(12), "a part is done before its text"),
    Mutation("word lost", drop(10), "the text done is not what was said"),
    Mutation("other part", edit(13, "part.text", "no"), "the part done is not what was said"),
    Mutation(
        "other item", edit(14, "item.content", []), "a message is done with other content"
    ),
    Mutation("other id", edit(14, "item.id", "msg_9"), "an item is done with another id"),
    Mutation("text late", move(11, 12), "words after they were done"),
    Mutation("empty", drop(9, 10, 11, 12, 13), "a message without content"),
    Mutation("fragment lost", drop(16), "the arguments done are not what was said"),
    Mutation("arguments not done", drop(17), "a call is done before its arguments"),
    Mutation("other arguments", edit(18, "item.arguments", "{ }"), "done with other arguments"),
    Mutation(
        "half arguments",
        both(
            edit(16, "delta", "{"),
            edit(17, "arguments", "{"),
            edit(18, "item.arguments", "{"),
            edit(19, "response.output.2.arguments", "{"),
        ),
        "arguments do not join to a JSON object",
    ),
    Mutation("no call_id", edit(15, "item.call_id", ""), "a call without a call_id"),
    Mutation("call begun", edit(15, "item.arguments", "{"), "start with empty arguments"),
    Mutation("summary lost", edit(7, "item.summary", []), "done with another summary"),
    Mutation("output lost", edit(19, "response.output", DONE[:2]), "output is not the items"),
    Mutation(
        "output moved", edit(19, "response.output", DONE[::-1]), "output is not the items"
    ),
    Mutation("no usage", edit(19, "response.usage", None), "usage without input_tokens"),
    Mutation(
        "no details", remove(19, "response.usage.input_tokens_details"), "without cached_tokens"
    ),
    Mutation(
        "no reasoning",
        remove(19, "response.usage.output_tokens_details"),
        "without reasoning_tokens",
    ),
    Mutation("wrong sum", edit(19, "response.usage.total_tokens", 7), "total is not its sum"),
    Mutation("wrong status", edit(19, "response.status", "failed"), "with another status"),
    Mutation("no end", drop(19), "the stream ends without a terminal event"),
    Mutation("end twice", repeat(19), "an event after the end"),
    Mutation("failed after", put(-1, FAILED), "an event after the end"),
    Mutation("done after", put(-1, "[DONE]"), "an event after the end"),
    Mutation("nothing said", drop(*range(2, 19)), "the output is not the items done"),
    Mutation("unknown", put(9, said("mystery", output_index=1, item_id="msg_1")), "an unknown"),
]


def mutated(mutation: Mutation) -> bytes:
    """Numbers are set before an edit and after anything that adds or drops events."""
    changed = broken(numbered(PLAIN), mutation)
    if "number" not in mutation.name and mutation.name != "from one":
        for event in changed:
            if isinstance(event, dict):
                event.pop("sequence_number", None)
        changed = numbered(changed)
    return sse(changed, named=True)


def test_a_whole_stream_gives_the_whole_message() -> None:
    verdict = whole("openai_responses", sse(numbered(PLAIN), named=True))
    assert verdict.ending == "complete"
    assert [part.kind for part in verdict.parts] == ["thought", "text", "tool"]
    assert (verdict.text, verdict.thought, verdict.stop) == ("ok \U0001f600", "Hm", "completed")
    assert verdict.calls == [("call_1", "a", {})]
    assert (verdict.usage, verdict.id, verdict.model) == (USAGE, "resp_1", "gpt-6.1-sol")


@pytest.mark.parametrize("last", [FAILED, BARE], ids=["failed", "error"])
@pytest.mark.parametrize("at", range(2, 19))
def test_an_error_may_end_the_stream_anywhere(at: int, last: dict[str, Any]) -> None:
    verdict = whole("openai_responses", sse(numbered([*PLAIN[:at], last]), named=True))
    assert verdict.ending == "error"
    assert verdict.error is not None
    assert verdict.error["message"] == "Overloaded"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.name for each in MUTATIONS])
def test_a_broken_stream_is_blamed_for_what_is_broken(mutation: Mutation) -> None:
    verdict = check("openai_responses", mutated(mutation))
    assert any(mutation.rule in rule for rule in verdict.rules), verdict.complaints


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter", "boredom", None])
def test_a_response_that_broke_off_is_incomplete_and_says_why(reason: str | None) -> None:
    cut = [DONE[0], message("incomplete", DONE[1]["content"])]
    details = {"incomplete_details": {"reason": reason}} if reason else {}
    events = [
        *PLAIN[:14],
        said("output_item.done", output_index=1, item=cut[1]),
        said("incomplete", response=response("incomplete", cut, usage=USAGE, **details)),
    ]
    verdict = check("openai_responses", sse(numbered(events), named=True))
    if reason in ("max_output_tokens", "content_filter"):
        assert (verdict.stop, verdict.rules) == (reason, [])
    else:
        assert verdict.rules == ["incomplete without a known reason"]


def test_a_custom_tool_says_its_input_as_text() -> None:
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "exec"}
    at = {"item_id": "ctc_1", "output_index": 0}
    done = {**item, "input": "ls", "status": "completed"}
    events = [
        *PLAIN[:2],
        said("output_item.added", output_index=0, item={**item, "input": ""}),
        said("custom_tool_call_input.delta", **at, delta="ls"),
        said("custom_tool_call_input.done", **at, input="ls"),
        said("output_item.done", output_index=0, item=done),
        said("completed", response=response("completed", [done], usage=USAGE)),
    ]
    verdict = whole("openai_responses", sse(numbered(events), named=True))
    assert verdict.calls == [("call_1", "exec", "ls")]


def test_a_vendor_may_skip_numbers_and_parts_of_reasoning() -> None:
    free = broken(numbered(PLAIN), Mutation("", both(drop(3), drop(5)), ""))
    assert check("openai_responses", sse(free, named=True), VENDORS).violations == []
