"""The Responses wire: what its replies and streams say, and how we say things in it.

Facts: API reference "Responses" and "Streaming events", as of 2026-11-20. Every stream ends
with `response.completed`, `.incomplete` or `.failed`, or with a bare `error` event.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from headgate.wire import openai
from headgate.wire.broken import BROKEN, DONE, Reader
from headgate.wire.model import Fault, Kind
from headgate.wire.openai import classify as classify
from headgate.wire.openai import error_body as error_body
from headgate.wire.openai import session as session
from headgate.wire.reading import MOST_TOKENS, CacheMiss, Reading
from headgate.wire.sse import Sse, encode

NAME = "openai_responses"
PING = b": ping\n\n"
MAX_OUTPUT_FIELDS: tuple[str, ...] = ("max_output_tokens",)
STOP_ENDS = False
SHOWS_SEARCHES = True
STATUS = openai.STATUS


class _WriteDetails(Struct):
    ttl_30m_tokens: int | None = None
    ttl_12h_tokens: int | None = None


class _InputDetails(openai.InputDetails):
    cache_write_tokens_details: _WriteDetails | None = None


class _Usage(Struct):
    input_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens: int | None = None
    output_tokens_details: openai.OutputDetails | None = None
    total_tokens: int | None = None


class _Part(Struct):
    text: str | None = None
    refusal: str | None = None


class _Item(Struct):
    type: str = ""
    content: list[_Part] | None = None
    arguments: Any = None
    input: Any = None


class _Response(Struct):
    id: str | None = None
    created_at: float | None = None
    model: str | None = None
    status: str | None = None
    output: list[_Item] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None
    error: openai.AnyError = None
    prompt_cache_diagnostics: msgspec.Raw = msgspec.Raw(b"")


class _Diagnosis(Struct):
    type: str = ""
    reason: str | None = None
    cache_missed_tokens: int | None = None


class _Kind(Struct):
    type: str = ""


class _Event(_Kind):
    response: _Response | None = None
    item: _Kind | None = None
    delta: str | None = None
    message: str | None = None
    code: str | int | None = None
    error: openai.AnyError = None
    sequence_number: int | None = None


_EVENT = Reader(_Event)
_REPLY = Reader(_Response)
_DIAGNOSIS = msgspec.json.Decoder(_Diagnosis | None)
_FAILURES = {
    Kind.RATE_LIMITED: "rate_limit_exceeded",
    Kind.UPSTREAM_LIMITED: "rate_limit_exceeded",
    Kind.INVALID: "invalid_prompt",
    Kind.UPSTREAM_INVALID: "invalid_prompt",
}
"""a failed response names one of a closed set of codes; any other failure is a server_error"""
_SPOKEN = frozenset(("response.output_text.delta", "response.refusal.delta"))
_LAST = frozenset(("response.completed", "response.incomplete", "response.cancelled"))


def see(event: Sse, reading: Reading) -> None:
    """Learn from one event of a stream; unknown events and odd shapes are tolerated."""
    if event.data == DONE:
        return
    try:
        it = _EVENT.decode(event.data)
    except msgspec.ValidationError:
        it = _odd(event, reading)
    if it.sequence_number is not None:
        reading.last_sequence = it.sequence_number
    if it.type.endswith(".delta"):
        reading.content = True
        (reading.hear if it.type in _SPOKEN else reading.think)(it.delta)
    elif it.type == "error":
        error = it.error or openai.Error(it.message, None, it.code)
        reading.fault = openai.stream_fault(error)
    elif it.type == "response.output_item.done":
        reading.content = True
        reading.tools_called += it.item is not None and it.item.type.endswith("_call")
    elif it.response is not None:
        _on_response(it.type, it.response, reading)


def _odd(event: Sse, reading: Reading) -> _Event:
    """What can be read of an event that is not of its shape: at least its name."""
    reading.warn("odd_event")
    name = event.name.decode("latin-1")
    return _EVENT.odd(event.data) or _Event(type=name, response=_Response())


def _on_response(kind: str, response: _Response, reading: Reading) -> None:
    _note(response, reading)
    if kind in _LAST:
        reading.done = reading.content = True
    elif kind == "response.failed":
        reading.fault = openai.stream_fault(response.error)


def _note(response: _Response, reading: Reading) -> None:
    reading.reply_id = response.id or reading.reply_id
    reading.model = response.model or reading.model
    reading.created_at = response.created_at or reading.created_at
    reading.stop = response.status or reading.stop
    reading.terms = openai.terms(response.service_tier, reading.terms)
    if response.prompt_cache_diagnostics:
        _diagnose(response.prompt_cache_diagnostics, reading)
    it = response.usage
    if it is None:
        return
    details, output = it.input_tokens_details, it.output_tokens_details
    openai.count(
        reading,
        openai.Count(
            it.input_tokens,
            details.cached_tokens if details is not None else 0,
            *_writes(details),
            it.output_tokens,
            output.reasoning_tokens if output is not None else 0,
            it.total_tokens,
        ),
    )


def _diagnose(raw: msgspec.Raw, reading: Reading) -> None:
    """Why the cache missed: told to callers that named a response to compare with (the type
    PromptCacheDiagnostics of the vendor's SDK 3.52)."""
    try:
        found = _DIAGNOSIS.decode(raw)
    except BROKEN:  # a shape nobody has seen yet: it decides nothing
        return
    if found is not None and found.type == "cache_miss" and found.reason:
        tokens = found.cache_missed_tokens or 0
        reading.cache_miss = CacheMiss(found.reason, min(max(tokens, 0), MOST_TOKENS))


def _writes(details: _InputDetails | None) -> tuple[int, int]:
    """Cache writes by lifetime; what of the total has none is of the default 30 minutes."""
    if details is None:
        return 0, 0
    parts, total = details.cache_write_tokens_details, details.cache_write_tokens or 0
    if parts is None:
        return total, 0
    write_12h = parts.ttl_12h_tokens or 0
    return max(parts.ttl_30m_tokens or 0, total - write_12h), write_12h


def read(body: bytes, reading: Reading) -> None:
    """Learn from a whole reply; Fault when it is not one."""
    reply = _REPLY.whole(body, reading, "output", "a response object")
    if reply is None:
        reply = _Response(output=[])
    if reply.output is None and reply.error:
        raise openai.stream_fault(reply.error)
    if reply.output is None:
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a response object")
    _note(reply, reading)
    if reply.status == "failed":
        raise openai.stream_fault(reply.error)
    reading.content = reading.done = True
    for item in reply.output:
        _hear(item, reading)


def _hear(item: _Item, reading: Reading) -> None:
    if item.type.endswith("_call"):
        reading.tools_called += 1
        for written in (item.arguments, item.input):
            if isinstance(written, str):
                reading.think(written)
    speak = reading.think if item.type == "reasoning" else reading.hear
    for part in item.content or ():
        speak(part.text)
        speak(part.refusal)


def error_event(fault: Fault, call_id: str, reading: Reading) -> bytes:
    """What ends a stream that cannot go on: the failed response clients wait for.

    Where nothing came before, it is created first: the SDKs take no other first event.
    """
    number, created = reading.last_sequence + 1, b""
    response = {
        "id": reading.reply_id or f"resp_{call_id}",
        "object": "response",
        "created_at": reading.created_at,
        "status": "failed",
        "model": reading.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": {
            "code": _FAILURES.get(fault.kind, "server_error"),
            "message": fault.message,
        },
    }
    if not (number or reading.reply_id):
        opening = {**response, "status": "in_progress", "error": None}
        number, created = 1, _step("response.created", 0, opening)
    return created + _step("response.failed", number, response)


def _step(name: str, number: int, response: dict[str, object]) -> bytes:
    event = {"type": name, "sequence_number": number, "response": response}
    return encode(msgspec.json.encode(event), name.encode())
