"""A Responses reply in its other form: whole of a stream, and a stream of a whole one.

Rule 1: the last event of a stream repeats the whole reply; where a server leaves its items out
there, they are taken from where they were done.
Rule 2: a stream tells the whole life of messages, reasoning and calls; an item of another kind
is added and done, as it is.
Rule 3: what a reply repeats of whoever asked first is not shown to whoever asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from headgate.wire.broken import BROKEN, DONE
from headgate.wire.envelope import Envelope
from headgate.wire.meaning import Object
from headgate.wire.model import Fault
from headgate.wire.sse import Sse, blocks, encode, parse

_json = msgspec.json.Encoder().encode
_READ = msgspec.json.Decoder(dict[str, Any]).decode
_ENDS = ("completed", "incomplete")
_OF_THE_CALLER = {
    "metadata": b"{}",
    "user": b"null",
    "safety_identifier": b"null",
    "prompt_cache_key": b"null",
}
"""members of a request that its reply repeats, and how it does where there are none"""
_CALLS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}
_WORDS = {
    "output_text": ("text", "response.output_text"),
    "refusal": ("refusal", "response.refusal"),
}


class _Event(msgspec.Struct):
    type: str = ""
    output_index: int = 0
    item: msgspec.Raw = msgspec.Raw(b"")
    response: msgspec.Raw = msgspec.Raw(b"")


_EVENT = msgspec.json.Decoder(_Event).decode


def whole(events: Iterable[Sse]) -> bytes | None:
    done: dict[int, msgspec.Raw] = {}
    last = _Event()
    try:
        for event in events:
            if event.data.strip() == DONE:
                continue
            last = _EVENT(event.data)
            if last.type == "response.output_item.done":
                done[last.output_index] = last.item
        if last.type.removeprefix("response.") not in _ENDS:
            return None
        response: Object = _READ(last.response)
    except BROKEN:
        return None
    if done and not response.get("output"):
        return _json({**response, "output": [done[index] for index in sorted(done)]})
    return bytes(last.response)


def stream(body: bytes) -> bytes | None:
    try:
        response = _READ(body)
        return b"".join(
            encode(_json({"type": kind, "sequence_number": number, **members}), kind.encode())
            for number, (kind, members) in enumerate(_told(response, body))
        )
    except (*BROKEN, ValueError, KeyError, TypeError, AttributeError):
        return None


def addressed(
    reply: bytes, asked: Mapping[str, msgspec.Raw], *, streamed: bool
) -> bytes | None:
    """The reply as it would be to a request with these members; None: nobody can tell."""
    try:
        return _stream_addressed(reply, asked) if streamed else _whole_addressed(reply, asked)
    except (*BROKEN, Fault):
        return None


def _stream_addressed(stream: bytes, asked: Mapping[str, msgspec.Raw]) -> bytes | None:
    said = []
    for block in blocks(stream):
        event = parse(block)
        if event is None or b'"response":' not in event.data:
            said.append(block)
            continue
        envelope = Envelope(event.data)
        response = envelope.members.get("response")
        if response is None:
            said.append(block)
            continue
        if b"\n" in event.data:
            return None
        mine = _whole_addressed(bytes(response), asked)
        changed = b"".join(envelope.edit({"response": mine}))
        said.append(block if changed == event.data else encode(changed, event.name))
    return b"".join(said)


def _whole_addressed(body: bytes, asked: Mapping[str, msgspec.Raw]) -> bytes:
    envelope = Envelope(body)
    changes = {}
    for name, nothing in _OF_THE_CALLER.items():
        told = envelope.members.get(name)
        own = bytes(asked.get(name, nothing))
        if told is not None and _read(bytes(told)) != _read(own):
            changes[name] = nothing if own == b"null" else own
    return b"".join(envelope.edit(changes)) if changes else body


def _read(value: bytes) -> object:
    return msgspec.json.decode(value) or None


Told = Iterator[tuple[str, Object]]


def _told(response: Object, body: bytes) -> Told:
    if response["status"] not in _ENDS:
        raise ValueError("it is not over")
    unknown = ("incomplete_details", "completed_at", "usage")
    opening = {
        **response,
        "status": "in_progress",
        **{name: None for name in unknown if name in response},
        "output": [],
    }
    yield "response.created", {"response": opening}
    yield "response.in_progress", {"response": opening}
    for index, item in enumerate(response["output"]):
        yield from _item(item, index)
    whole = response if b"\n" in body or b"\r" in body else msgspec.Raw(body)
    yield f"response.{response['status']}", {"response": whole}


def _item(item: Object, index: int) -> Told:
    """The life of an item."""
    kind, place = item["type"], {"item_id": item.get("id", ""), "output_index": index}
    empty: Object = {"status": "in_progress"} if "status" in item else {}
    told: Told = iter(())
    if kind == "message":
        empty["content"] = []
        told = _message(item, place)
    elif kind == "reasoning":
        empty["summary"] = []
        if item.get("content"):
            empty["content"] = []
        told = _reasoning(item, place)
    elif kind in _CALLS:
        taken, name = _CALLS[kind]
        empty[taken] = ""
        told = _pieces(name, taken, item[taken], place)
    else:
        empty = {}
    yield "response.output_item.added", {"output_index": index, "item": {**item, **empty}}
    yield from told
    yield "response.output_item.done", {"output_index": index, "item": item}


def _pieces(name: str, member: str, text: str, place: Object) -> Told:
    if text:
        yield f"{name}.delta", {**place, "delta": text}
    yield f"{name}.done", {**place, member: text}


def _message(item: Object, place: Object) -> Told:
    for at, part in enumerate(item["content"]):
        here = {**place, "content_index": at}
        member, name = _WORDS.get(part["type"], ("", ""))
        empty: Object = {member: ""} if member else {}
        if part.get("annotations"):
            empty["annotations"] = []
        if part.get("logprobs"):
            empty["logprobs"] = []
        yield "response.content_part.added", {**here, "part": {**part, **empty}}
        if member:
            extra = {"logprobs": part.get("logprobs") or []} if member == "text" else {}
            for kind, members in _pieces(name, member, part[member], here):
                yield kind, {**members, **extra}
        for n, one in enumerate(part.get("annotations") or ()):
            told = {**here, "annotation_index": n, "annotation": one}
            yield "response.output_text.annotation.added", told
        yield "response.content_part.done", {**here, "part": part}


def _reasoning(item: Object, place: Object) -> Told:
    for at, part in enumerate(item.get("summary") or ()):
        here = {**place, "summary_index": at}
        added = {**here, "part": {**part, "text": ""}}
        yield "response.reasoning_summary_part.added", added
        yield from _pieces("response.reasoning_summary_text", "text", part["text"], here)
        yield "response.reasoning_summary_part.done", {**here, "part": part}
    for at, part in enumerate(item.get("content") or ()):
        here = {**place, "content_index": at}
        yield from _pieces("response.reasoning_text", "text", part["text"], here)
