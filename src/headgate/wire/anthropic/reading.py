"""The Anthropic Messages wire: what its replies and streams say, and how we say things in it.

Facts: docs pages "Messages", "Streaming" and "Errors", as of 2026-11-20. Input tokens exclude
cache reads and writes here; counts in `message_delta` are cumulative, and what an event leaves
out, or names as 0, stands as it was (as Claude Code 2.1.329 counts, seen 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from headgate.wire.broken import BROKEN, Reader
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.overflow import spoken
from headgate.wire.reading import MOST_TOKENS, CacheMiss, Reading
from headgate.wire.sse import Sse, encode

NAME = "anthropic"
PING = encode(b'{"type":"ping"}', b"ping")
MAX_OUTPUT_FIELDS: tuple[str, ...] = ("max_tokens",)
STOP_ENDS = False
THREADLESS = "thread_unsupported_request"
"""the error code on which the SDK sends the whole conversation instead of a thread's end"""
SHOWS_SEARCHES = False
"""a search without what was found, sealed by Anthropic, could not be sent back to it"""
STATUS: dict[Kind, int] = {}
"""where this dialect answers with another status than FAULTS says"""

ERROR_TYPES: dict[Kind, str] = {
    Kind.INVALID: "invalid_request_error",
    Kind.NOT_FOUND: "not_found_error",
    Kind.NO_SUCH_PATH: "not_found_error",
    Kind.AUTH: "authentication_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.RATE_LIMITED: "rate_limit_error",
    Kind.BUDGET: "billing_error",
    Kind.LOOP: "rate_limit_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.OUTCOME_UNKNOWN: "conflict_error",
    Kind.TOO_LONG: "invalid_request_error",
    Kind.UNSUPPORTED: "invalid_request_error",
    Kind.UNTRANSLATABLE: "invalid_request_error",
    Kind.UPSTREAM_INVALID: "invalid_request_error",
    Kind.UPSTREAM_LIMITED: "rate_limit_error",
    Kind.OVERLOADED: "overloaded_error",
    Kind.TIMEOUT: "timeout_error",
    Kind.IDLE: "timeout_error",
}

_FAULT_OF_TYPE = {
    "overloaded_error": Kind.OVERLOADED,
    "rate_limit_error": Kind.UPSTREAM_LIMITED,
    "timeout_error": Kind.TIMEOUT,
    "invalid_request_error": Kind.UPSTREAM_INVALID,
    "request_too_large": Kind.UPSTREAM_INVALID,
    "authentication_error": Kind.UPSTREAM_AUTH,
    "permission_error": Kind.UPSTREAM_AUTH,
    "billing_error": Kind.UPSTREAM_AUTH,
}

_NO_PREMIUM = frozenset((None, "", "global", "not_available"))
_OPENS_EMPTY = frozenset(("text", "thinking", "tool_use"))
"""blocks that open empty and are filled by deltas; any other block is content by itself"""


class _Error(Struct):
    type: str | None = None
    message: str | None = None


class _CacheCreation(Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _ServerTools(Struct):
    web_search_requests: int | None = None


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _Usage(Struct):
    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


class _Block(Struct):
    type: str = ""
    text: str | None = None


class _WholeBlock(_Block):
    thinking: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"")


class _Opening(Struct):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    diagnostics: msgspec.Raw = msgspec.Raw(b"")


class _MissReason(Struct):
    type: str = ""
    cache_missed_input_tokens: int | None = None


class _Diagnostics(Struct):
    cache_miss_reason: _MissReason | None = None


class _Message(_Opening):
    type: str = ""
    content: list[_WholeBlock] | None = None
    stop_reason: str | None = None
    error: _Error | None = None


class _Delta(Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(Struct):
    type: str = ""
    message: _Opening | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


class _ErrorBody(Struct):
    error: _Error


class _Metadata(Struct):
    user_id: str = ""


class _User(Struct):
    session_id: str = ""


class _TokenCount(Struct):
    input_tokens: int


_EVENT = Reader(_Event)
_REPLY = Reader(_Message)
_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)
_DIAGNOSTICS = msgspec.json.Decoder(_Diagnostics)
_METADATA = msgspec.json.Decoder(_Metadata)
_USER = msgspec.json.Decoder(_User)
_TOKEN_COUNT = msgspec.json.Decoder(_TokenCount)


def see(event: Sse, reading: Reading) -> None:
    """Learn from one event of a stream; unknown events and odd shapes are tolerated."""
    try:
        it = _EVENT.decode(event.data)
    except msgspec.ValidationError:
        it = _odd(event, reading)
    learn = _LEARN.get(it.type)
    if learn is not None:
        learn(it, reading)


def _odd(event: Sse, reading: Reading) -> _Event:
    """What can be read of an event that is not of its shape: at least its name."""
    reading.warn("odd_event")
    return _EVENT.odd(event.data) or _Event(type=event.name.decode("latin-1"))


def _on_start(it: _Event, reading: Reading) -> None:
    if it.message is not None:
        _note(it.message, reading)


def _on_block(it: _Event, reading: Reading) -> None:
    block = it.content_block
    if block is None:
        return
    if block.type not in _OPENS_EMPTY:
        reading.content = True
    if block.type == "tool_use":
        reading.tools_called += 1
    reading.hear(block.text)


def _on_piece(it: _Event, reading: Reading) -> None:
    reading.content = True
    if it.delta is not None:
        reading.hear(it.delta.text)
        reading.think(it.delta.thinking)
        reading.think(it.delta.partial_json)


def _on_totals(it: _Event, reading: Reading) -> None:
    if it.usage is not None:
        _count(it.usage, reading)
    if it.delta is not None and it.delta.stop_reason:
        reading.stop = it.delta.stop_reason


def _on_stop(it: _Event, reading: Reading) -> None:
    reading.done = reading.content = True


def _on_error(it: _Event, reading: Reading) -> None:
    reading.fault = _fault_of(it.error or _Error())


def _fault_of(error: _Error) -> Fault:
    kind = _FAULT_OF_TYPE.get(error.type or "", Kind.UPSTREAM)
    return Fault(kind, error.message or "the upstream reported an error", quoted=True)


_LEARN: dict[str, Callable[[_Event, Reading], None]] = {
    "message_start": _on_start,
    "content_block_start": _on_block,
    "content_block_delta": _on_piece,
    "message_delta": _on_totals,
    "message_stop": _on_stop,
    "error": _on_error,
}


def _note(message: _Opening, reading: Reading) -> None:
    reading.reply_id = message.id or reading.reply_id
    reading.model = message.model or reading.model
    if message.usage is not None:
        _count(message.usage, reading)
    if message.diagnostics:
        _diagnose(message.diagnostics, reading)


def _diagnose(raw: msgspec.Raw, reading: Reading) -> None:
    """Why the cache missed: told to callers that named their last message (docs page "Cache
    diagnostics", as of 2026-11-20)."""
    try:
        reason = _DIAGNOSTICS.decode(raw).cache_miss_reason
    except BROKEN:  # a shape nobody has seen yet: it decides nothing
        return
    if reason is not None and reason.type:
        tokens = reason.cache_missed_input_tokens or 0
        reading.cache_miss = CacheMiss(reason.type, min(max(tokens, 0), MOST_TOKENS))


def _count(it: _Usage, reading: Reading) -> None:
    before = reading.usage
    write_5m, write_1h = _writes(it, before, reading)
    details, tools = it.output_tokens_details, it.server_tool_use
    reading.count(
        Usage(  # by position: names cost as much as all the rest of this
            it.input_tokens or before.input_fresh,
            it.cache_read_input_tokens or before.cache_read,
            write_5m,
            write_1h,
            0,
            0,
            it.output_tokens or 0,
            (details.thinking_tokens or 0) if details is not None else 0,
            (tools.web_search_requests or 0) if tools is not None else 0,
        )
    )
    old = reading.terms
    tier = _unless_standard(it.service_tier)
    speed = _unless_standard(it.speed)
    geo = "" if it.inference_geo in _NO_PREMIUM else it.inference_geo or ""
    if tier or speed or geo:
        reading.terms = Terms(tier or old.tier, speed or old.speed, geo or old.geo)


def _unless_standard(value: str | None) -> str:
    return "" if value is None or value == "standard" else value


def _writes(it: _Usage, before: Usage, reading: Reading) -> tuple[int, int]:
    """Cache writes by lifetime; what of the total has none is of the default 5 minutes."""
    parts, total = it.cache_creation, it.cache_creation_input_tokens
    write_5m = (parts.ephemeral_5m_input_tokens or 0) if parts is not None else 0
    write_1h = (parts.ephemeral_1h_input_tokens or 0) if parts is not None else 0
    if write_5m or write_1h:
        if total and write_5m + write_1h > total:
            reading.warn("impossible_usage")
        return max(write_5m, (total or 0) - write_1h), write_1h
    if not total:
        return before.cache_write_5m, before.cache_write_1h
    return max(0, total - before.cache_write_1h), min(total, before.cache_write_1h)


def read(body: bytes, reading: Reading) -> None:
    """Learn from a whole reply; Fault when it is not one."""
    message = _REPLY.whole(body, reading, "content", "a message")
    if message is None:
        message = _Message(content=[])
    if message.error is not None:
        raise _fault_of(message.error)
    if message.content is None:
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a message")
    reading.content = reading.done = True
    _note(message, reading)
    reading.stop = message.stop_reason or ""
    for block in message.content:
        reading.hear(block.text)
        reading.think(block.thinking)
        if block.type == "tool_use":
            reading.tools_called += 1
            reading.text_chars += len(memoryview(block.input))


def read_count(body: bytes, reading: Reading) -> None:
    """A count_tokens reply: it names tokens, but none were bought."""
    try:
        _TOKEN_COUNT.decode(body)
    except BROKEN:
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a token count") from None
    reading.content = reading.done = True


def classify(status: int, body: bytes) -> tuple[str, str]:
    """(type, message) of an error answer; empty when it is not in this dialect."""
    try:
        error = _ERROR_BODY.decode(body).error
    except BROKEN:
        return "", ""
    return error.type or "error", error.message or ""


def error_body(fault: Fault, call_id: str) -> bytes:
    too_long = fault.kind is Kind.TOO_LONG
    error: dict[str, object] = {
        "type": ERROR_TYPES.get(fault.kind, "api_error"),
        "message": spoken(fault.message) if too_long else fault.message,
    }
    if fault.detail == THREADLESS:
        error["details"] = {"error_code": THREADLESS, "unsupported": ["model"]}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": call_id})


def error_event(fault: Fault, call_id: str, reading: Reading) -> bytes:
    """What ends a stream that cannot go on."""
    return encode(error_body(fault, call_id), b"error")


def session(envelope: Envelope) -> str:
    """The conversation this request names in its body; empty when it names none."""
    raw = envelope.members.get("metadata")
    if raw is None:
        return ""
    try:
        # Claude Code puts a JSON text into user_id (2.1.329, seen 2026-11-20)
        return _USER.decode(_METADATA.decode(raw).user_id).session_id
    except BROKEN:
        return ""
