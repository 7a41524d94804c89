"""Whole Responses replies: what an upstream's means, and how an Answer is said as one.

Rule 1: an answer was paid for: of an item of an odd shape everything readable is kept.
Rule 2: words that follow one another are parts of one message, as OpenAI's own are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.broken import BROKEN, mend
from headgate.wire.citation import known
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
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_responses import reply
from headgate.wire.openai_responses.reading import NAME, read
from headgate.wire.reading import Reading
from headgate.wire.voice import Voice

_MEMBERS = msgspec.json.Decoder(dict[str, Any])
_UNFINISHED = ("cancelled", "in_progress", "queued")


def decode_answer(body: bytes, reading: Reading | None = None) -> Answer:
    """An upstream's whole reply; Fault when it is none. `reading`: has read it already."""
    if reading is None:
        reading = Reading()
        read(body, reading)
    members = _members(body)
    status = _str(members, "status")
    if status in _UNFINISHED:
        raise Fault(Kind.UPSTREAM, f"the upstream's answer is {status}")
    parts: list[Part] = []
    for at, item in enumerate(_list(members, "output")):
        if isinstance(item, dict):
            parts += item_parts(item, at)
    return Answer(
        parts,
        stop_of(members, parts),
        id=reading.reply_id,
        model=reading.model,
        usage=reading.usage,
        terms=reading.terms,
        created_s=int(reading.created_at),
    )


def _members(body: bytes) -> Object:
    try:
        return _MEMBERS.decode(body)
    except BROKEN:
        pass
    try:
        return _MEMBERS.decode(mend(body))
    except BROKEN:
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a response object") from None


def stop_of(response: Object, parts: list[Part]) -> Stop:
    """Why the answer ended, from a Response and what it says."""
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return Stop.REFUSAL if reason == "content_filter" else Stop.LENGTH
    if any(isinstance(part, ToolCall) for part in parts):
        return Stop.TOOLS
    if any(isinstance(part, Refusal) for part in parts):
        return Stop.REFUSAL
    return Stop.END


def item_parts(item: Object, at: int) -> list[Part]:
    """The parts of one item of an output, which stands at that place."""
    kind = _str(item, "type")
    if kind == "message":
        return [part for one in _list(item, "content") if (part := _words(one)) is not None]
    if kind == "reasoning":
        thought = Thought(
            reasoning_text(item),
            _str(item, "encrypted_content"),
            maker=NAME,
            id=_str(item, "id"),
        )
        return [thought] if thought.text or thought.seal else []
    if kind in ("function_call", "custom_tool_call"):
        return [tool_call(item, at)]
    if not kind:
        return []
    foreign = Foreign(kind, msgspec.Raw(msgspec.json.encode(item)), NAME)
    if kind == "web_search_call":
        action = item.get("action")
        foreign.search = _str(action, "query") if isinstance(action, dict) else ""
    return [foreign]


def _words(part: Any) -> Text | Refusal | None:
    if not isinstance(part, dict):
        return None
    if part.get("type") == "refusal":
        return Refusal(_str(part, "refusal"))
    if part.get("type") != "output_text":
        return None
    return Text(_str(part, "text"), citations=known(_list(part, "annotations")))


def reasoning_text(item: Object) -> str:
    """What a vendor shows of its reasoning: a summary, or all of it."""
    for name in ("summary", "content"):
        texts = [_str(one, "text") for one in _list(item, name) if isinstance(one, dict)]
        if any(texts):
            return "\n\n".join(texts)
    return ""


def tool_call(item: Object, at: int) -> ToolCall:
    custom = item.get("type") == "custom_tool_call"
    return ToolCall(
        _str(item, "call_id") or _str(item, "id") or f"call_{at}",
        _str(item, "name"),
        _written(item.get("input" if custom else "arguments")),
        custom,
        _str(item, "namespace"),
    )


def _written(arguments: Any) -> str:
    """Arguments as text; some servers send the object itself."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _str(members: Object, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def _list(members: Object, name: str) -> list[Any]:
    value = members.get(name)
    return value if isinstance(value, list) else []


def encode_answer(answer: Answer, voice: Voice) -> bytes:
    """The Answer as a Response object."""
    items: list[Object] = []
    message: Object | None = None
    sealed = reply.wants_seals(voice)
    for part in answer.parts:
        if isinstance(part, Text | Refusal):
            if message is None:
                message = reply.message(
                    reply.item_id("msg", voice, len(items)), [], "completed"
                )
                items.append(message)
            message["content"].append(reply.words(part))
            continue
        message = None
        item = _item(part, len(items), voice, sealed=sealed)
        if item is not None:
            items.append(item)
    if items and "status" in items[-1]:
        items[-1]["status"] = reply.status(answer.stop)
    frame = reply.frame(voice, answer.id, answer.model, answer.created_s)
    encoded = [msgspec.json.encode(item) for item in items]
    return frame.closed(answer.stop, encoded, answer.usage, answer.terms)


def _item(part: Part, at: int, voice: Voice, *, sealed: bool) -> Object | None:
    if isinstance(part, ToolCall):
        said = part
        if not part.custom and not part.arguments:
            said = msgspec.structs.replace(part, arguments="{}")
        prefix = "ctc" if part.custom else "fc"
        return reply.call(said, reply.item_id(prefix, voice, at), "completed")
    if isinstance(part, Thought):
        return reply.reasoning(part, reply.item_id("rs", voice, at), sealed=sealed)
    if isinstance(part, Foreign) and part.search:
        return reply.search(part.search, reply.item_id("ws", voice, at), "completed")
    return None
