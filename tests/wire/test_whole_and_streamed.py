"""An answer means the same to its caller, whether it comes whole or streamed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.conformance.saying import sent, stream_of, whole_of
from tests.conformance.grammar.whole import whole
from tests.wire.fuzz import Play, play_of
from tests.wire.translated import Route, answered, streamed

PER_TEST = 40


def ordered(play: Play) -> bool:
    """Does a whole answer know the order of its words: Chat's keeps refusals apart."""
    kinds = {bit.kind for bit in play.bits if bit.whole}
    return play.route.upstream != "openai_chat" or not {"text", "refusal"} <= kinds


PLAYS = [(seed, play) for seed in range(700) if (play := play_of(seed)).valid and ordered(play)]


def calls_of(calls: list[tuple[str, str, str]]) -> list[tuple[str, str, Any]]:
    """Calls with what their arguments mean, as far as they are JSON."""
    return [(id, name, parsed(text)) for id, name, text in calls]


def parsed(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def of_message(it: dict[str, Any]) -> tuple[Any, ...]:
    blocks = it["content"]
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = [
        (block["id"], block["name"], block["input"])
        for block in blocks
        if block["type"] == "tool_use"
    ]
    return text, "", calls, it["stop_reason"]


def of_chat(it: dict[str, Any]) -> tuple[Any, ...]:
    choice = it["choices"][0]
    message = choice["message"]
    calls = [
        (call["id"], body["name"], body.get("arguments", body.get("input")))
        for call in message.get("tool_calls", [])
        for body in (call[call["type"]],)
    ]
    words = (message["content"] or "", message["refusal"] or "")
    return *words, calls_of(calls), choice["finish_reason"]


def of_response(it: dict[str, Any]) -> tuple[Any, ...]:
    parts = [p for item in it["output"] if item["type"] == "message" for p in item["content"]]
    calls = [
        (item["call_id"], item["name"], item.get("arguments", item.get("input")))
        for item in it["output"]
        if item["type"].endswith("_call")
    ]
    why = (it["incomplete_details"] or {}).get("reason", it["status"])
    text = "".join(part.get("text", "") for part in parts)
    return text, "".join(part.get("refusal", "") for part in parts), calls_of(calls), why


READ = {"anthropic": of_message, "openai_chat": of_chat, "openai_responses": of_response}


def both(play: Play) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """(what is left of the streamed answer, what of the whole one)."""
    route: Route = replace(play.route, stop=(), include_usage=False)
    source = route.upstream
    data = streamed(route, sent(source, stream_of(source, play.bits, play.stop)))
    verdict = whole(route.caller, data)
    calls = [(p.id, p.name, p.text) for p in verdict.parts if p.kind in ("tool", "custom")]
    one = (verdict.text, verdict.refusal, calls_of(calls), verdict.stop)
    body = json.dumps(whole_of(source, play.bits, play.stop)).encode()
    return one, READ[route.caller](json.loads(answered(route, body)))


@pytest.mark.parametrize("first", range(0, len(PLAYS), PER_TEST))
def test_a_whole_answer_and_its_stream_leave_the_same(first: int) -> None:
    for seed, play in PLAYS[first : first + PER_TEST]:
        streamed_one, whole_one = both(play)
        assert streamed_one == whole_one, f"seed {seed}: {play.route}, {play.bits}"
