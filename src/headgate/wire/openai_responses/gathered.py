"""A Responses reply in its other form: whole of a stream, and a stream of a whole one.

Rule 1: the last event of a stream repeats the whole reply; where a server leaves its items out
there, they are taken from where they were done.
Rule 2: a stream tells the whole life of messages, reasoning and calls; an item of another kind
is added and done, as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.meaning import Object
from headgate.wire.sse import Sse, encode

_json = msgspec.json.Encoder().encode
_READ = msgspec.json.Decoder(dict[str, Any]).decode
_ENDS = ("completed", "incomplete")
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
