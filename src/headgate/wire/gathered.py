"""Gives a kept reply in the form its next caller wants: whole, as a stream, or at a pace.

Rule 1: in the form it came in, a reply is given byte for byte; for a Chat Completions caller
who did not ask for the tokens of a stream, without the chunk that tells them; for a Responses
caller, with what it repeats of the request as that caller wrote it.
Rule 2: a form that could only be had by leaving something out does not exist.
Rule 3: a pace is that of the first time: as long until the first event, as long in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from headgate.wire import Surface
from headgate.wire.anthropic import gathered as messages
from headgate.wire.openai_chat import gathered as chat
from headgate.wire.openai_chat import is_usage_only
from headgate.wire.openai_responses import gathered as responses
from headgate.wire.sse import blocks, events, parse

STEP_S = 0.02
"""events that are nearer to each other are given together"""


def form(
    surface: Surface, body: bytes, *, streamed: bool, stream: bool, usage: bool = False
) -> bytes | None:
    """What is kept, for a caller who wants it as a stream or whole; None: it has no such form.

    `usage`: did a Chat Completions caller ask for the tokens of its stream.
    """
    if not stream:
        return whole_of(surface, body) if streamed else body
    if not streamed:
        return stream_of(surface, body, usage=usage)
    return _with_usage(body, usage) if surface.name == "chat" else body


def addressed(
    surface: Surface, reply: bytes, asked: Mapping[str, msgspec.Raw], *, streamed: bool
) -> bytes | None:
    """A kept reply as it would be to the caller of a request with these members: a Response
    repeats some of them. None: nobody can tell."""
    if surface.name != "responses":
        return reply
    return responses.addressed(reply, asked, streamed=streamed)


def whole_of(surface: Surface, stream: bytes) -> bytes | None:
    """A whole reply of a stream that came to its end."""
    told = events(stream)
    if surface.name == "messages":
        return messages.whole(told)
    if surface.name == "chat":
        return chat.whole(told)
    return responses.whole(told) if surface.name == "responses" else None


def stream_of(surface: Surface, body: bytes, *, usage: bool = False) -> bytes | None:
    """A stream that tells a whole reply."""
    if surface.name == "messages":
        return messages.stream(body)
    if surface.name == "chat":
        return chat.stream(body, include_usage=usage)
    return responses.stream(body) if surface.name == "responses" else None


def _with_usage(stream: bytes, wanted: bool) -> bytes | None:
    """The stream with the chunk that tells its tokens, or without."""
    whole = blocks(stream)
    telling = [block for block in whole[-3:] if _tells_usage(block)]
    if wanted:
        return stream if telling else None
    return b"".join(block for block in whole if block not in telling) if telling else stream


def _tells_usage(block: bytes) -> bool:
    event = parse(block)
    return event is not None and is_usage_only(event)


def paced(stream: bytes, took_ms: int, first_ms: int = 0) -> Iterator[tuple[float, bytes]]:
    """(seconds to wait, what to send then): the stream as slowly as it once came."""
    told = blocks(stream)
    if not told:
        return
    first_s = min(first_ms, took_ms) / 1000
    rest = sum(map(len, told[1:]))
    s_per_byte = (took_ms / 1000 - first_s) / rest if rest else 0.0
    wait_s, waiting = first_s, [told[0]]
    for block in told[1:]:
        lapse_s = len(block) * s_per_byte
        if waiting and (wait_s >= STEP_S or lapse_s >= STEP_S):
            yield wait_s, b"".join(waiting)
            wait_s, waiting = 0.0, []
        wait_s += lapse_s
        waiting.append(block)
    yield wait_s, b"".join(waiting)
