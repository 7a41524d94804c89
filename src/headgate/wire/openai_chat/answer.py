"""A whole Chat Completions reply, heard from an upstream and said to a caller.

Facts: API reference "Chat", as of 2026-11-20.
Rule 1: what was paid for is heard as far as it can be read, whatever else of it is odd.
Rule 2: a caller hears one text, one refusal and the tool calls; reasoning is not shown.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.broken import BROKEN, mend
from headgate.wire.meaning import (
    Answer,
    Object,
    Part,
    Refusal,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_chat import said
from headgate.wire.openai_chat.reading import NAME, read
from headgate.wire.reading import Reading
from headgate.wire.voice import Voice

_ANYTHING = msgspec.json.Decoder()


def decode_answer(body: bytes, reading: Reading | None = None) -> Answer:
    """What the upstream answered; Fault when it is none. `reading`: has read it already."""
    if reading is None:
        reading = Reading()
        read(body, reading)
    reply = _object(_decoded(body))
    choice = next(
        (
            it
            for it in map(_object, _list(reply.get("choices")))
            if it.get("index") in (0, None)
        ),
        {},
    )
    finish = _string(choice.get("finish_reason"))
    if finish in said.BROKE_OFF:
        raise Fault(Kind.UPSTREAM, f"the upstream's answer broke off: {finish}")
    parts = _parts(_object(choice.get("message")), reading.reply_id)
    called = any(isinstance(part, ToolCall) for part in parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    created = reply.get("created")
    return Answer(
        parts,
        said.stop_of(finish, called=called, refused=refused),
        id=reading.reply_id,
        model=reading.model,
        usage=reading.usage,
        terms=reading.terms,
        created_s=created if isinstance(created, int) and created > 0 else 0,
    )


def _decoded(body: bytes) -> Any:
    try:
        return _ANYTHING.decode(body)
    except BROKEN:
        return _ANYTHING.decode(mend(body))  # `read` has done the same: it is JSON now


def _parts(message: Object, reply: str) -> list[Part]:
    texts, thoughts = content_of(message.get("content"))
    thought = reasoning_of(message) or "".join(thoughts)
    parts: list[Part] = [Thought(thought, maker=NAME)] if thought else []
    if texts:
        cited = said.pages_in(message.get("annotations"))
        parts.append(Text("".join(texts), citations=cited))
    refusal = _string(message.get("refusal"))
    if refusal:
        parts.append(Refusal(refusal))
    calls = [_object(it) for it in _list(message.get("tool_calls"))]
    legacy = _object(message.get("function_call"))
    if legacy and not calls:
        calls = [{"function": legacy}]
    taken: set[str] = set()
    for call in calls:
        made = _call(call, said.minted_id(len(taken), reply), taken)
        if made is not None:
            taken.add(made.id)
            parts.append(made)
    return parts


def reasoning_of(message: Object) -> str:
    """What a server shows of the model's reasoning; some say it twice, under both names."""
    return _string(message.get("reasoning_content")) or _string(message.get("reasoning"))


def content_of(content: object) -> tuple[list[str], list[str]]:
    """(texts, thoughts) of a message's content: a string, or parts as Mistral has them."""
    if isinstance(content, str):
        return [content] if content else [], []
    texts: list[str] = []
    thoughts: list[str] = []
    for part in map(_object, _list(content)):
        inner = part.get("thinking")
        if isinstance(inner, str):
            thoughts.append(inner)
        elif isinstance(inner, list):
            thoughts += content_of(inner)[0]
        elif _string(part.get("text")):
            texts.append(part["text"])
    return texts, thoughts


def _call(call: Object, minted: str, taken: set[str]) -> ToolCall | None:
    """One tool call; None for one that calls nothing with nothing."""
    custom = _object(call.get("custom"))
    inner = custom or _object(call.get("function"))
    name = _string(inner.get("name"))
    arguments = written(inner.get("input" if custom else "arguments"))
    if not name and not arguments:
        return None
    id = _string(call.get("id"))
    if not id or id in taken:
        id = minted
    return ToolCall(id, name, arguments, bool(custom))


def written(arguments: object) -> str:
    """Arguments as text; some servers send the object itself."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def encode_answer(answer: Answer, voice: Voice) -> bytes:
    """The reply as its caller hears it."""
    message = _message(answer)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": said.finish_of(answer.stop, called="tool_calls" in message),
    }
    return msgspec.json.encode(
        {
            "id": answer.id or f"chatcmpl-{voice.call_id}",
            "object": "chat.completion",
            "created": answer.created_s or voice.at_s,
            "model": answer.model or voice.model,
            "choices": [choice],
            "usage": said.usage_members(answer.usage),
            **said.tier_members(answer.terms),
        }
    )


def _message(answer: Answer) -> Object:
    texts: list[str] = []
    refusals: list[str] = []
    calls: list[Object] = []
    annotations: list[Object] = []
    length = 0
    for part in answer.parts:
        match part:
            case Text():
                annotations += said.annotations_of(part, len(part.text), length)
                texts.append(part.text)
                length += len(part.text)
            case Refusal():
                refusals.append(part.text)
            case ToolCall():
                calls.append(_said_call(part))
            case _:
                pass  # reasoning, and what only its own vendor understands
    refusal = "".join(refusals)
    if answer.stop is Stop.REFUSAL:
        refusal = refusal or said.DECLINED
    content = "".join(texts)
    message: Object = {
        "role": "assistant",
        "content": content if content or not (calls or refusal) else None,
        "refusal": refusal or None,
    }
    if annotations:
        message["annotations"] = annotations
    if calls:
        message["tool_calls"] = calls
    return message


def _said_call(call: ToolCall) -> Object:
    if call.custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": call.id, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}
