"""The Chat Completions wire, and Embeddings beside it: what replies and streams say.

Facts: API reference "Chat", "Streaming" and "Embeddings", as of 2026-11-20. A stream names
its usage only when asked to, in a last chunk without choices; `data: [DONE]` ends it.
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
from headgate.wire.reading import Reading
from headgate.wire.sse import Sse, encode

NAME = "openai_chat"
PING = b": ping\n\n"
MAX_OUTPUT_FIELDS: tuple[str, ...] = ("max_completion_tokens", "max_tokens")
STOP_ENDS = True
"""some compatible servers close after finish_reason and never send [DONE]"""
SHOWS_SEARCHES = False
STATUS = openai.STATUS
INCLUDE_USAGE = b'{"include_usage":true}'
_NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: openai.InputDetails | None = None
    completion_tokens_details: openai.OutputDetails | None = None


class _Function(Struct):
    arguments: Any = None


class _ToolCall(Struct):
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct):
    content: str | list[Any] | None = None  # a list: Mistral, where it reasons
    refusal: str | None = None
    reasoning_content: str | None = None  # DeepSeek, vLLM and others
    reasoning: Any = None  # OpenRouter, Groq
    tool_calls: list[_ToolCall] | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    id: str | None = None
    model: str | None = None
    object: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None
    error: openai.AnyError = None
    message: str | None = None
    code: str | int | None = None


class _OddError(Struct):
    error: Any = None


class _Reply(_Chunk):
    data: msgspec.Raw = msgspec.Raw(b"")


_CHUNK = Reader(_Chunk)
_REPLY = Reader(_Reply)


def see(event: Sse, reading: Reading) -> None:
    """Learn from one chunk of a stream; odd shapes are tolerated."""
    if event.data == DONE:
        reading.done = reading.content = True
        return
    try:
        chunk = _CHUNK.decode(event.data)
    except msgspec.ValidationError:
        chunk = _odd(event, reading)
    _note(chunk, reading)
    for choice in chunk.choices or ():
        _hear(choice.delta, reading)
        if choice.finish_reason:
            reading.stop = choice.finish_reason
            reading.content = True
    error = _failure(chunk)
    if error:
        reading.fault = openai.stream_fault(error)


def _failure(chunk: _Chunk) -> openai.AnyError:
    """vLLM's older versions wrap an error in nothing."""
    if chunk.error or chunk.object != "error":
        return chunk.error
    return openai.Error(chunk.message, None, chunk.code)


def _odd(event: Sse, reading: Reading) -> _Chunk:
    """What can be read of a chunk that is not of its shape."""
    if event.data.strip() == DONE:
        reading.done = reading.content = True
        return _Chunk()
    reading.warn("odd_event")
    return _CHUNK.odd(event.data) or _Chunk(error=_error_in(event.data))


def _error_in(data: bytes) -> str:
    try:
        error = msgspec.json.decode(data, type=_OddError).error
    except msgspec.ValidationError:
        return ""
    return str(error) if error else ""


def is_usage_only(event: Sse) -> bool:
    """Is this the extra chunk that exists only because usage was asked for."""
    if b'"delta"' in event.data or event.data == DONE:
        return False
    try:
        chunk = _CHUNK.decode(event.data)
    except BROKEN:
        return False
    return not chunk.choices and chunk.usage is not None


def _note(chunk: _Chunk, reading: Reading) -> None:
    reading.reply_id = chunk.id or reading.reply_id
    reading.model = chunk.model or reading.model
    reading.terms = openai.terms(chunk.service_tier, reading.terms)
    it = chunk.usage
    if it is None:
        return
    prompt, output = it.prompt_tokens_details, it.completion_tokens_details
    openai.count(
        reading,
        openai.Count(
            it.prompt_tokens,
            prompt.cached_tokens if prompt is not None else 0,
            (prompt.cache_write_tokens or 0) if prompt is not None else 0,
            0,
            it.completion_tokens,
            output.reasoning_tokens if output is not None else 0,
            it.total_tokens,
        ),
    )


def _hear(delta: _Delta | None, reading: Reading) -> None:
    if delta is None:
        return
    if isinstance(delta.content, list):
        _hear_parts(delta.content, reading)
    else:
        reading.hear(delta.content)
    reading.hear(delta.refusal)
    reading.think(delta.reasoning_content)
    _think(delta.reasoning, reading)
    for call in delta.tool_calls or ():
        reading.content = True
        if call.id:
            reading.tools_called += 1
        if call.function is not None:
            _think(call.function.arguments, reading)


def _hear_parts(parts: list[Any], reading: Reading) -> None:
    for part in parts:
        members = part if isinstance(part, dict) else {}
        text, thinking = members.get("text"), members.get("thinking")
        reading.hear(text if isinstance(text, str) else None)
        if isinstance(thinking, list):
            inner = (one.get("text") for one in thinking if isinstance(one, dict))
            thinking = "".join(text for text in inner if isinstance(text, str))
        _think(thinking, reading)


def _think(said: object, reading: Reading) -> None:
    if isinstance(said, str):
        reading.think(said)
    elif said is not None:
        reading.think(msgspec.json.encode(said).decode())


def read(body: bytes, reading: Reading) -> None:
    """Learn from a whole reply; Fault when it is not one."""
    reply = _whole(body, reading, "choices", "a chat completion")
    if reply.choices is None:
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a chat completion")
    reading.content = reading.done = True
    _note(reply, reading)
    for choice in reply.choices:
        _hear(choice.message, reading)
        reading.stop = choice.finish_reason or reading.stop


def read_embeddings(body: bytes, reading: Reading) -> None:
    """Learn from an embeddings reply, whose vectors are left alone."""
    reply = _whole(body, reading, "data", "a list of embeddings")
    if not len(memoryview(reply.data)):
        raise Fault(Kind.UPSTREAM, "the upstream's answer is not a list of embeddings")
    reading.content = reading.done = True
    _note(reply, reading)


def _whole(body: bytes, reading: Reading, key: str, wanted: str) -> _Reply:
    reply = _REPLY.whole(body, reading, key, wanted)
    if reply is None:
        return _Reply(choices=[], data=msgspec.Raw(b"[]"))
    error = _failure(reply)
    if error:  # OpenRouter reports some failures inside a 200
        raise openai.stream_fault(error)
    return reply


def error_event(fault: Fault, call_id: str, reading: Reading) -> bytes:
    """What ends a stream that cannot go on: SDKs raise on a chunk with `error`."""
    return encode(error_body(fault, call_id))
