"""A whole reply in the Messages dialect: what it means, and how an Answer is said.

Facts: docs page "Messages", as of 2026-11-20; Claude Code 2.1.329 asks again, and pays again,
when a message holds nothing (seen 2026-11-20).
Rule 1: a reply that was paid for is read as far as it can be read.
Rule 2: no message is empty; no seal of another vendor is shown bare.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from headgate.wire.anthropic import cited
from headgate.wire.anthropic.blocks import say_text, say_thought
from headgate.wire.anthropic.reading import NAME, read
from headgate.wire.broken import BROKEN, mend
from headgate.wire.meaning import (
    Answer,
    Foreign,
    Object,
    Part,
    Refusal,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.reading import Reading
from headgate.wire.seal import wrap
from headgate.wire.voice import Voice
from headgate.wire.walk import object_in

NOTHING_SAID = "(no content)"
"""what Claude Code itself writes where a message holds nothing"""

NO_INPUT = "the model wrote a tool's input that is not JSON"
CUT_SHORT = (Stop.LENGTH, Stop.CONTEXT, Stop.REFUSAL)
STOPS: dict[str, Stop] = {
    "end_turn": Stop.END,
    "max_tokens": Stop.LENGTH,
    "stop_sequence": Stop.SEQUENCE,
    "tool_use": Stop.TOOLS,
    "pause_turn": Stop.PAUSE,
    "compaction": Stop.PAUSE,
    "refusal": Stop.REFUSAL,
    "model_context_window_exceeded": Stop.CONTEXT,
}
_REASONS = {stop: reason for reason, stop in STOPS.items() if reason != "compaction"}
_TIERS = ("priority", "batch")
_ID = re.compile(r"[^a-zA-Z0-9_-]")


def decode_answer(body: bytes, reading: Reading | None = None) -> Answer:
    """What the reply says; Fault when it is none. `reading`: has read it already."""
    if reading is None:
        reading = Reading()
        read(body, reading)
    message = _members(body)
    parts = [_part(block) for block in _list(message.get("content")) if isinstance(block, dict)]
    refusal = explanation_in(message.get("stop_details"))
    if refusal:
        parts.append(Refusal(refusal))
    return Answer(
        parts,
        stop_of(reading.stop, any(isinstance(part, ToolCall) for part in parts)),
        reading.reply_id,
        reading.model,
        _text(message, "stop_sequence"),
        reading.usage,
        reading.terms,
    )


def _members(body: bytes) -> Object:
    try:
        members = msgspec.json.decode(body)
    except BROKEN:
        members = msgspec.json.decode(mend(body))  # `read` has done the same: it is JSON now
    return members if isinstance(members, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(members: Object, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def stop_of(reason: str, called: bool) -> Stop:
    """The stop that a reason means; servers that give none, or their own, stopped anyway."""
    return STOPS.get(reason) or (Stop.TOOLS if called else Stop.END)


def explanation_in(details: Any) -> str:
    """What Claude's provider tells of a refusal."""
    return _text(details, "explanation") if isinstance(details, dict) else ""


def _part(block: Object) -> Part:
    kind = block.get("type")
    if kind == "text":
        given = cited.heard(_list(block.get("citations")))
        return Text(_text(block, "text"), citations=given)
    if kind == "thinking":
        return Thought(_text(block, "thinking"), _text(block, "signature"), maker=NAME)
    if kind == "redacted_thinking":
        return Thought(seal=_text(block, "data"), redacted=True, maker=NAME)
    if kind == "tool_use":
        arguments = msgspec.json.encode(block.get("input") or {}).decode()
        return ToolCall(_text(block, "id"), _text(block, "name"), arguments)
    return foreign(str(kind), block)


def foreign(kind: str, block: Object) -> Foreign:
    """A block of the vendor's own tools, or one that nobody knows."""
    part = Foreign(kind, msgspec.Raw(msgspec.json.encode(block)), NAME)
    if kind == "web_search_tool_result":
        part.search = ""
    elif kind == "server_tool_use" and block.get("name") == "web_search":
        asked = block.get("input")
        part.search = _text(asked, "query") if isinstance(asked, dict) else ""
    return part


def encode_answer(answer: Answer, voice: Voice) -> bytes:
    """The reply as a message."""
    content = [block for part in answer.parts for block in _SAY[type(part)](part)]
    called = any(isinstance(part, ToolCall) for part in answer.parts)
    refused = any(isinstance(part, Refusal) for part in answer.parts)
    _check(answer)
    return msgspec.json.encode(
        {
            **opening(answer.id, answer.model, voice),
            "content": content or [{"type": "text", "text": NOTHING_SAID}],
            **ending(answer.stop, answer.stop_sequence, called=called, refused=refused),
            "usage": usage_of(answer.usage, answer.terms),
        }
    )


def _check(answer: Answer) -> None:
    """A tool's input is a JSON object; only what was cut short may end in half of one."""
    whole = answer.parts[:-1] if answer.stop in CUT_SHORT else answer.parts
    for part in whole:
        if isinstance(part, ToolCall) and not part.custom and not _is_object(part.arguments):
            raise Fault(Kind.UPSTREAM, NO_INPUT)


def _is_object(text: str) -> bool:
    return bool(object_in(text)) or text.strip("{} \t\r\n") == ""


def opening(id: str, model: str, voice: Voice) -> Object:
    """How every message begins."""
    return {
        "id": message_id(id, voice),
        "type": "message",
        "role": "assistant",
        "model": model or voice.model,
    }


def message_id(id: str, voice: Voice) -> str:
    """Another vendor's id in Anthropic's form, the same every time."""
    if id.startswith("msg_"):
        return id
    return f"msg_{_ID.sub('_', id or voice.call_id)}"


def ending(stop: Stop, sequence: str, *, called: bool, refused: bool) -> Object:
    """Why the message ends, in Anthropic's words."""
    if refused:
        stop = Stop.REFUSAL
    elif (stop is Stop.END and called) or (stop is Stop.TOOLS and not called):
        stop = Stop.TOOLS if called else Stop.END
    elif stop is Stop.SEQUENCE and not sequence:
        stop = Stop.END  # which one is unknown, and clients expect to be told
    said: Object = {
        "stop_reason": _REASONS[stop],
        "stop_sequence": sequence if stop is Stop.SEQUENCE else None,
    }
    if stop is Stop.REFUSAL:
        said["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return said


def usage_of(usage: Usage, terms: Terms) -> Object:
    """Usage as Anthropic counts it: fresh input apart from what was cached."""
    short = usage.cache_write_5m + usage.cache_write_30m
    long = usage.cache_write_1h + usage.cache_write_12h
    said: Object = {
        "input_tokens": usage.input_fresh,
        "cache_creation_input_tokens": short + long,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": short,
            "ephemeral_1h_input_tokens": long,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_of_output},
        "service_tier": terms.tier if terms.tier in _TIERS else "standard",
    }
    if usage.web_searches:
        said["server_tool_use"] = {
            "web_search_requests": usage.web_searches,
            "web_fetch_requests": 0,
        }
    if terms.geo:
        said["inference_geo"] = terms.geo
    if "fast" in (terms.speed, terms.tier):
        said["speed"] = "fast"
    return said


def say_native(part: Foreign) -> list[Object]:
    """A block of Anthropic's own; nothing when it is another vendor's."""
    return [object_in(bytes(part.raw).decode())] if part.maker == NAME else []


def signature_of(thought: Thought) -> str:
    """What a client sends back with the thought; Anthropic's own stays bare."""
    if thought.maker == NAME:
        return thought.seal
    return wrap(Thought("", thought.seal, thought.redacted, thought.maker, thought.id))


def _say_words(text: Text) -> list[Object]:
    """Blanks too: what the model wrote, the caller may read."""
    said = say_text(text, cited.say)
    return said or ([{"type": "text", "text": text.text}] if text.text else [])


def _say_thought(thought: Thought) -> list[Object]:
    native = say_thought(thought)
    if native or not (thought.text or thought.seal):
        return native
    signature = signature_of(thought)
    return [{"type": "thinking", "thinking": thought.text, "signature": signature}]


def _say_call(call: ToolCall) -> list[Object]:
    arguments = {"input": call.arguments} if call.custom else object_in(call.arguments)
    return [{"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}]


_SAY: dict[type, Callable[[Any], list[Object]]] = {
    Text: _say_words,
    Thought: _say_thought,
    ToolCall: _say_call,
    Refusal: lambda refusal: say_text(Text(refusal.text)),
    Foreign: say_native,
}
"""an answer holds nothing else"""
