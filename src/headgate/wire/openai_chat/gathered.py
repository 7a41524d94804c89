"""A Chat Completions reply in its other form: whole of a stream, and a stream of a whole one.

Rule 1: every choice, its probabilities and what other vendors add to it stay as they are.
Rule 2: what nobody here knows how to put together, or take apart, has no other form.
Rule 3: tokens are told where they are known: a stream that was not asked for them has no whole
form, and none is made of a whole reply for a caller who did not ask.
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

_WORDS = ("reasoning_content", "reasoning", "content", "refusal")
"""members of a message that come piece by piece, in the order they are told"""
_OF_CHUNK = ("index", "delta", "finish_reason", "logprobs")
_OF_CHOICE = ("index", "message", "finish_reason", "logprobs")
_DONE = encode(DONE)


class _NoOther(Exception):
    """There is something in it that has no other form."""


_WITHOUT = (*BROKEN, _NoOther, KeyError, TypeError, ValueError, AttributeError)
"""what reading raises on things of other shapes than those that have two forms"""


def whole(events: Iterable[Sse]) -> bytes | None:
    reply: Object = {}
    choices: dict[int, Object] = {}
    try:
        for event in events:
            if event.data.strip() != DONE:
                _gather(_READ(event.data), reply, choices)
        if not reply.get("usage") or not choices:
            return None
        made = [_choice(index, choices[index]) for index in sorted(choices)]
    except _WITHOUT:
        return None
    usage = reply.pop("usage")
    return _json({**reply, "object": "chat.completion", "choices": made, "usage": usage})


def _gather(chunk: Object, reply: Object, choices: dict[int, Object]) -> None:
    if "error" in chunk:
        raise _NoOther
    told = chunk.pop("choices", None) or ()
    chunk.pop("obfuscation", None)
    reply |= {name: value for name, value in chunk.items() if value is not None}
    for one in told:
        index = one.get("index") or 0
        choice = choices.setdefault(index, {"message": {}, "calls": {}, "rest": {}})
        _grow(choice, one.get("delta") or {})
        if one.get("finish_reason"):
            choice["finish_reason"] = one["finish_reason"]
        choice["rest"] |= _without(one, _OF_CHUNK)
        for name, values in (one.get("logprobs") or {}).items():
            known = choice.setdefault("logprobs", {})
            known[name] = [*(known.get(name) or ()), *values] if values else known.get(name)


def _grow(choice: Object, delta: Object) -> None:
    message: Object = choice["message"]
    for name, value in delta.items():
        if value is None:
            message.setdefault(name, None)
        elif name in _WORDS and isinstance(value, str):
            message[name] = (message.get(name) or "") + value
        elif name == "role":
            message[name] = value
        elif name == "tool_calls":
            for piece in value:
                _call(choice["calls"].setdefault(piece["index"], {}), piece)
        elif name == "function_call":
            _call(choice["calls"].setdefault(-1, {}), {"function": value})
        elif name == "annotations":
            message[name] = [*(message.get(name) or ()), *value]
        else:
            raise _NoOther


def _call(call: Object, piece: Object) -> None:
    """Add to a call: names and ids are told once, what it takes comes in pieces."""
    for name, value in piece.items():
        if name in ("function", "custom"):
            inner = call.setdefault(name, {})
            for member, text in (value or {}).items():
                if member in ("arguments", "input"):
                    inner[member] = (inner.get(member) or "") + (text or "")
                elif not inner.get(member):
                    inner[member] = text
        elif name != "index" and not call.get(name):
            call[name] = value


def _without(members: Object, names: tuple[str, ...]) -> Object:
    return {name: value for name, value in members.items() if name not in names}


def _choice(index: int, choice: Object) -> Object:
    calls: dict[int, Object] = choice["calls"]
    message: Object = {"role": "assistant", "content": None, "refusal": None}
    message |= choice["message"]
    legacy = calls.pop(-1, None)
    if legacy is not None:
        message["function_call"] = legacy["function"]
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return {
        "index": index,
        "message": message,
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice["finish_reason"],
        **choice["rest"],
    }


def stream(body: bytes, *, include_usage: bool) -> bytes | None:
    try:
        return b"".join(_told(_READ(body), include_usage))
    except _WITHOUT:
        return None


def _told(reply: Object, include_usage: bool) -> Iterator[bytes]:
    choices, usage = reply.pop("choices"), reply.pop("usage", None)
    if not choices or (include_usage and not usage):
        raise _NoOther
    head = {**reply, "object": "chat.completion.chunk"}
    tail = {"usage": None} if include_usage else {}
    for choice in choices:
        for members in _chunks(choice):
            one = {"index": choice.get("index") or 0, "delta": {}, **members}
            yield encode(_json({**head, "choices": [one], **tail}))
    if include_usage:
        yield encode(_json({**head, "choices": [], "usage": usage}))
    yield _DONE


def _chunks(choice: Object) -> Iterator[Object]:
    """What every chunk of a choice says of it."""
    finish, probable = choice["finish_reason"], choice.get("logprobs")
    if finish is None:
        raise _NoOther
    for delta in _deltas({**choice["message"]}):
        has_words = not delta.keys().isdisjoint(_WORDS) and "role" not in delta
        yield {
            "delta": delta,
            "logprobs": probable if has_words else None,
            "finish_reason": None,
        }
        if has_words:
            probable = None
    yield {"logprobs": probable, "finish_reason": finish, **_without(choice, _OF_CHOICE)}


def _deltas(message: Object) -> Iterator[Object]:
    """What comes of a message, one after the other; it is empty then."""
    content = message.get("content")
    role = message.pop("role", "assistant")
    yield {"role": role, "content": None if content is None else ""}
    for name in _WORDS:
        if text := message.pop(name, None):
            if not isinstance(text, str):
                raise _NoOther
            yield {name: text}
    for index, call in enumerate(message.pop("tool_calls", None) or ()):
        for piece in _pieces(call):
            yield {"tool_calls": [{"index": index, **piece}]}
    if legacy := message.pop("function_call", None):
        for piece in _pieces({"function": legacy}):
            yield {"function_call": piece["function"]}
    if annotations := message.pop("annotations", None):
        yield {"annotations": annotations}
    if any(value is not None for value in message.values()):
        raise _NoOther


def _pieces(call: Object) -> Iterator[Object]:
    """A call as it begins, and then what it takes."""
    kind, taken = ("custom", "input") if "custom" in call else ("function", "arguments")
    inner = call[kind]
    yield {**call, kind: {**inner, taken: ""}}
    if inner[taken]:
        yield {kind: {taken: inner[taken]}}
