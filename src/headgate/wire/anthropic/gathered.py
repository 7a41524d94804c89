"""A Messages reply in its other form: a whole message of a stream, a stream of a whole message.

Rule 1: nothing of a message is lost between its forms, also not what only its vendor knows.
Rule 2: what nobody here knows how to put together, or take apart, has no other form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from headgate.wire.broken import BROKEN, DONE
from headgate.wire.meaning import Object
from headgate.wire.sse import Sse, encode

_json = msgspec.json.Encoder().encode
_READ = msgspec.json.Decoder(dict[str, Any]).decode

_GROWS = {"text_delta": "text", "thinking_delta": "thinking"}
_LAST_TOLD = ("stop_reason", "stop_sequence", "stop_details", "container")
"""members of a message that its stream tells at the end"""


class _NoOther(Exception):
    """There is something in it that has no other form."""


_WITHOUT = (*BROKEN, _NoOther, KeyError, TypeError, ValueError, AttributeError)
"""what reading raises on things of other shapes than those that have two forms"""


def whole(events: Iterable[Sse]) -> bytes | None:
    gathering = _Gathering()
    try:
        for event in events:
            if event.data.strip() != DONE:
                gathering.hear(_READ(event.data))
        return _json(gathering.message()) if gathering.over else None
    except _WITHOUT:
        return None


class _Gathering:
    """A message that is being put together."""

    def __init__(self) -> None:
        self.over = False
        self._message: Object = {}
        self._blocks: dict[int, Object] = {}
        self._inputs: dict[int, list[str]] = {}

    def hear(self, event: Object) -> None:
        kind = event.get("type")
        if kind == "content_block_delta":
            self._grow(event["index"], event["delta"])
        elif kind == "content_block_start":
            self._blocks[event["index"]] = event["content_block"]
        elif kind == "message_start":
            self._message = event["message"]
        elif kind == "message_delta":
            self._total(event)
        elif kind == "message_stop":
            self.over = bool(self._message)
        elif kind not in ("content_block_stop", "ping"):
            raise _NoOther

    def _grow(self, index: int, delta: Object) -> None:
        block, kind = self._blocks[index], delta["type"]
        if kind in _GROWS:
            name = _GROWS[kind]
            block[name] = (block.get(name) or "") + delta[name]
        elif kind == "input_json_delta":
            self._inputs.setdefault(index, []).append(delta["partial_json"])
        elif kind == "signature_delta":
            block["signature"] = delta["signature"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        else:
            raise _NoOther

    def _total(self, event: Object) -> None:
        told = {name: value for name, value in event.items() if name not in ("type", "usage")}
        self._message |= told.pop("delta")
        self._message |= told
        usage = event.get("usage") or {}
        self._message["usage"] = {
            **(self._message.get("usage") or {}),
            **{name: value for name, value in usage.items() if value is not None},
        }

    def message(self) -> Object:
        for index, pieces in self._inputs.items():
            if text := "".join(pieces):
                self._blocks[index]["input"] = msgspec.json.decode(text)
        self._message["content"] = [self._blocks[index] for index in sorted(self._blocks)]
        return self._message


def stream(body: bytes) -> bytes | None:
    try:
        return b"".join(_told(_READ(body)))
    except _WITHOUT:
        return None


def _told(message: Object) -> Iterator[bytes]:
    if message["type"] != "message" or message.get("stop_reason") is None:
        raise _NoOther
    usage: Object = message["usage"]
    early = {name: count for name, count in usage.items() if name != "output_tokens_details"}
    opening = {
        **message,
        "content": [],
        **{name: None for name in _LAST_TOLD if name in message},
        "usage": {**early, "output_tokens": 0},
    }
    yield _event("message_start", message=opening)
    for index, block in enumerate(message["content"]):
        first, deltas = _apart(block)
        yield _event("content_block_start", index=index, content_block=first)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ending = {name: message[name] for name in _LAST_TOLD if name in message}
    yield _event("message_delta", delta=ending, usage=usage)
    yield _event("message_stop")


def _apart(block: Object) -> tuple[Object, list[Object]]:
    """How a block begins, and what comes after."""
    kind = block["type"]
    if kind == "text":
        text, cited = block["text"], block.get("citations") or []
        deltas = [{"type": "text_delta", "text": text}] if text else []
        deltas += [{"type": "citations_delta", "citation": one} for one in cited]
        return {**block, "text": "", **({"citations": []} if cited else {})}, deltas
    if kind == "thinking":
        text, signature = block["thinking"], block.get("signature")
        deltas = [{"type": "thinking_delta", "thinking": text}] if text else []
        if signature:
            deltas.append({"type": "signature_delta", "signature": signature})
        return {**block, "thinking": "", **({"signature": ""} if signature else {})}, deltas
    if isinstance(block.get("input"), dict):
        text = _json(block["input"]).decode()
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": text}]
    return block, []


def _event(name: str, **members: object) -> bytes:
    return encode(_json({"type": name, **members}), name.encode())
