"""What a client understands of an answer: a stream by its grammar, a whole one by its shape."""

from __future__ import annotations

import json
from typing import Any

from headgate.conformance.grammar.check import check
from headgate.conformance.grammar.verdict import (
    Part,
    Verdict,
    Violation,
    Wish,
    entries,
    members,
    whole_number,
    word,
)

Json = dict[str, Any]
STOPS = {
    "end": ("end_turn", "stop", "completed"),
    "tools": ("tool_use", "tool_calls", "completed"),
    "length": ("max_tokens", "length", "max_output_tokens"),
    "refusal": ("refusal", "content_filter"),
}
"""what the dialects call each way to end"""


TOLERATED = {
    "anthropic": {"no stop_sequence, not even null"},
    "openai_chat": {"a choice without finish_reason, not even null"},
    "openai_responses": {
        "the event's name is not its type",
        "an event without a sequence_number",
    },
}
"""rules of the vendors' grammar that their SDKs, Claude Code and Codex read over"""


def read(
    dialect: str, body: bytes, *, stream: bool = False, with_usage: bool = False
) -> Verdict:
    """The message that a client of this dialect is left with."""
    if stream:
        return check(dialect, body, Wish(usage_chunk=with_usage, ours=False))
    verdict = Verdict(dialect)
    try:
        it = json.loads(body)
    except ValueError:
        it = None
    if not isinstance(it, dict):
        return _blamed(verdict, "the answer is no JSON object")
    if it.get("error"):
        verdict.ending, verdict.error = "error", members(it["error"])
        return verdict
    verdict.id, verdict.model = word(it.get("id")), word(it.get("model"))
    verdict.usage = members(it.get("usage"))
    {
        "anthropic": _read_message,
        "openai_chat": _read_chat,
        "openai_responses": _read_response,
    }[dialect](it, verdict)
    if not verdict.id or not verdict.model:
        _blamed(verdict, "an answer without id and model")
    return verdict


def _blamed(verdict: Verdict, rule: str) -> Verdict:
    verdict.violations.append(Violation(rule, 0, None))
    return verdict


def _read_message(it: Json, verdict: Verdict) -> None:
    for block in map(members, entries(it.get("content"))):
        kind = block.get("type")
        if kind == "text":
            verdict.parts.append(Part("text", word(block.get("text"))))
        elif kind == "thinking":
            seal = word(block.get("signature"))
            verdict.parts.append(Part("thought", word(block.get("thinking")), seal=seal))
        elif kind == "tool_use":
            call = Part("tool", "", word(block.get("id")), word(block.get("name")))
            call.arguments = block.get("input")
            verdict.parts.append(call)
    _end(verdict, word(it.get("stop_reason")))
    sequence = it.get("stop_sequence")
    verdict.stop_sequence = sequence if isinstance(sequence, str) else None


def _read_chat(it: Json, verdict: Verdict) -> None:
    choice = members(next(iter(entries(it.get("choices"))), None))
    message = members(choice.get("message"))
    named = (("thought", "reasoning_content"), ("text", "content"), ("refusal", "refusal"))
    for kind, member in named:
        if word(message.get(member)):
            verdict.parts.append(Part(kind, message[member]))
    for call in map(members, entries(message.get("tool_calls"))):
        custom = isinstance(call.get("custom"), dict)
        body = members(call.get("custom" if custom else "function"))
        part = Part("custom" if custom else "tool", "", word(call.get("id")))
        part.name = word(body.get("name"))
        part.text = word(body.get("input" if custom else "arguments"))
        _parse(part, verdict)
        verdict.parts.append(part)
    _end(verdict, word(choice.get("finish_reason")))


def _read_response(it: Json, verdict: Verdict) -> None:
    for item in map(members, entries(it.get("output"))):
        kind = word(item.get("type"))
        if kind == "message":
            verdict.parts += map(_piece, map(members, entries(item.get("content"))))
        elif kind == "reasoning":
            texts = [members(each).get("text") for each in entries(item.get("summary"))]
            verdict.parts.append(Part("thought", "".join(map(word, texts))))
        elif kind in ("function_call", "custom_tool_call"):
            custom = kind == "custom_tool_call"
            part = Part("custom" if custom else "tool", "", word(item.get("call_id")))
            part.name = word(item.get("name"))
            part.text = word(item.get("input" if custom else "arguments"))
            _parse(part, verdict)
            verdict.parts.append(part)
    reason = word(members(it.get("incomplete_details")).get("reason"))
    _end(verdict, reason or word(it.get("status")))


def _piece(piece: Json) -> Part:
    kind = "refusal" if piece.get("type") == "refusal" else "text"
    return Part(kind, word(piece.get(kind)))


def _parse(part: Part, verdict: Verdict) -> None:
    if part.kind != "tool":
        return
    try:
        part.arguments = json.loads(part.text)
    except ValueError:
        _blamed(verdict, "a tool's arguments are no JSON")


def _end(verdict: Verdict, stop: str) -> None:
    verdict.stop = stop
    verdict.ending = "complete" if stop else "cut"
    if not stop:
        _blamed(verdict, "an answer that does not say why it stopped")


def ended(verdict: Verdict, how: str) -> bool:
    """Did the answer end this way: end, tools, length or refusal."""
    return verdict.stop in STOPS[how]


def tokens(verdict: Verdict) -> dict[str, int]:
    """The usage in one convention: fresh input beside what was read from and put in a cache."""
    usage = verdict.usage
    count = {name: value for name, value in usage.items() if whole_number(value)}
    if verdict.dialect == "anthropic":
        return {
            "fresh": count.get("input_tokens", 0),
            "read": count.get("cache_read_input_tokens", 0),
            "written": count.get("cache_creation_input_tokens", 0),
            "output": count.get("output_tokens", 0),
        }
    chat = verdict.dialect == "openai_chat"
    into, out = ("prompt_tokens", "completion_tokens") if chat else (
        "input_tokens", "output_tokens"
    )  # fmt: skip
    details = members(usage.get(f"{into}_details"))
    cached, written = (
        value if whole_number(value := details.get(name)) else 0
        for name in ("cached_tokens", "cache_write_tokens")
    )
    fresh = count.get(into, 0) - cached - written
    return {
        "fresh": fresh,
        "read": cached,
        "written": written,
        "output": count.get(out, 0),
    }


def broken_rules(verdict: Verdict) -> list[str]:
    """What of the grammar a client would stumble over."""
    tolerated = TOLERATED[verdict.dialect]
    return [
        str(each)
        for each in verdict.violations
        if each.rule not in tolerated and not (each.event and each.event.data == "[DONE]")
    ]
