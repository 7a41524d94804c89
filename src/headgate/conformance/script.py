"""The scripted upstream: an ASGI app that answers each case as its script says, and records.

Rule 1: a case is known by the mark in the conversation's text, because no gateway owes it to
anybody to pass on header fields.
Rule 2: a model that is asked through another surface than its own answers 404, as a server
does that serves only one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from headgate.conformance.case import DIALECTS, Heard
from headgate.conformance.hearing import hear
from headgate.conformance.saying import Bit, Event, sent, stream_of, whole_of
from headgate.conformance.talk import NONCE, Talk
from headgate.wire.model import Headers

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EDGE = "headgate.edge"
"""where our server keeps the connection, which a script may want to reset"""
STEP_S = 0.005
SSE = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
JSON = [(b"content-type", b"application/json")]
ENDINGS = (
    ("/messages/count_tokens", "count_tokens"),
    ("/messages", "messages"),
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
)


@dataclass(frozen=True, slots=True)
class Script:
    """How one case is answered."""

    bits: tuple[Bit, ...] = (Bit("text", ("Hello", " from", " upstream.")),)
    stop: str = "end"
    """end, tools, length or refusal"""
    status: int = 200
    error: tuple[str, str] = ("", "")
    """(type or code, message) of an error answer, or of an error amid a stream"""
    headers: Headers = field(default_factory=list)
    breaks: str = ""
    """amid a stream: error, cut (its bytes just end) or reset"""
    chopped: bool = False
    """delivered in the smallest pieces that there are, with lines that end in CRLF"""
    pace_s: float = 0.0
    """between the events of a stream"""
    silent_s: float = 0.0
    """in the middle of a stream"""
    said_by: Callable[[Talk], tuple[Bit, ...]] | None = None
    """instead of bits: what a model says that was asked this"""
    events: Callable[[str], list[Event]] | None = None
    """instead of bits, for what only one dialect can say"""
    raw: bytes = b""
    """instead of everything: these bytes"""


class Scripted:
    """All cases' scripts by their marks, and what was heard of each."""

    def __init__(self) -> None:
        self.scripts: dict[str, tuple[str, Script]] = {}
        """mark -> (the surface its model is served through, the script)"""
        self.heard: dict[str, list[Heard]] = {}

    def expect(self, mark: str, surface: str, script: Script) -> None:
        self.scripts[mark] = surface, script
        self.heard[mark] = []

    def forget(self, mark: str) -> list[Heard]:
        del self.scripts[mark]
        return self.heard.pop(mark)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        surface = next((name for end, name in ENDINGS if scope["path"].endswith(end)), "")
        call = Heard(
            surface,
            scope["method"],
            scope["path"],
            scope["query_string"],
            list(scope["headers"]),
            body,
        )
        mark = NONCE.search(body.decode("utf-8", "replace"))
        known = self.scripts.get(mark[0].strip()) if mark else None
        line = _Line(send, scope.get(EDGE))
        if mark is None or known is None:
            await line.whole(404, JSON, _error(surface, "not_found", "no case has this mark"))
            return
        self.heard[mark[0].strip()].append(call)
        wanted, script = known
        if surface not in (wanted, "count_tokens"):
            told = f"this server does not serve {scope['path']}"
            await line.whole(404, JSON, _error(surface, "not_found_error", told))
            return
        await _watched(_play(surface, script, hear(wanted, body), line), call, receive)


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _watched(play: Awaitable[None], call: Heard, receive: Receive) -> None:
    """Answer, and note when the one who asked leaves before the end."""
    answering = asyncio.ensure_future(play)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait((answering, leaving), return_when=first)
        call.gone = not answering.done()
    finally:
        for task in (answering, leaving):
            task.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(slots=True)
class _Line:
    """The way out."""

    send: Send
    edge: Any

    async def head(self, status: int, headers: Headers) -> None:
        message = {"type": "http.response.start", "status": status, "headers": headers}
        await self.send(message)

    async def write(self, data: bytes, *, last: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": not last})

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        await self.head(status, [*headers, (b"content-length", b"%d" % len(body))])
        await self.write(body, last=True)

    async def reset(self) -> None:
        await asyncio.sleep(10 * STEP_S)  # what was written shall have left before
        if self.edge is not None:
            self.edge.abort()
        await asyncio.Event().wait()


async def _play(surface: str, script: Script, talk: Talk, line: _Line) -> None:
    if surface == "count_tokens":
        await line.whole(200, JSON, b'{"input_tokens":4242}')
        return
    named = [*script.headers, (b"request-id", b"req_of_the_vendor")]
    if script.status != 200:
        body = script.raw or _error(surface, *script.error)
        await line.whole(script.status, [*JSON, *named], body)
        return
    bits = _until_stop(script.said_by(talk) if script.said_by else script.bits, talk.stop)
    dialect = DIALECTS[surface]
    if not talk.stream:
        body = script.raw or json.dumps(whole_of(dialect, bits, script.stop)).encode()
        await line.whole(200, [*JSON, *named], body)
        return
    events = script.events(surface) if script.events else stream_of(dialect, bits, script.stop)
    await line.head(200, [*SSE, *named])
    await _stream(surface, script, sent(dialect, events), line)


def _until_stop(bits: tuple[Bit, ...], stops: tuple[str, ...]) -> list[Bit]:
    """A vendor that was told a stop sequence says nothing beyond it."""
    out = []
    for bit in bits:
        ends = [bit.whole.find(stop) for stop in stops if stop in bit.whole]
        if bit.kind == "text" and ends:
            out.append(bit._replace(pieces=(bit.whole[: min(ends)],)))
            return out
        out.append(bit)
    return out


async def _stream(surface: str, script: Script, frames: list[bytes], line: _Line) -> None:
    if script.raw:
        frames = [script.raw]
    if script.breaks:
        frames = frames[: max(1, len(frames) // 2)]
    for at, frame in enumerate(frames):
        if script.silent_s and at == len(frames) // 2:
            await asyncio.sleep(script.silent_s)
        if script.chopped:
            await _in_crumbs(frame.replace(b"\n", b"\r\n"), line)
        else:
            await line.write(frame)
        if script.pace_s:
            await asyncio.sleep(script.pace_s)
    if script.breaks == "error":
        await line.write(_error_event(surface, *script.error))
    elif script.breaks == "reset":
        await line.reset()
    await line.write(b"", last=True)


async def _in_crumbs(frame: bytes, line: _Line) -> None:
    """Bytes that are more than ASCII, and ends of lines, come one by one."""
    start = 0
    for at, byte in enumerate(frame):
        if byte > 127 or byte == 13:
            await line.write(frame[start : at + 1])
            start = at + 1
            await asyncio.sleep(0.001)
    await line.write(frame[start:])


def _error(surface: str, kind: str, message: str) -> bytes:
    if surface in ("messages", "count_tokens"):
        error = {"type": kind, "message": message}
        body: dict[str, Any] = {"type": "error", "error": error, "request_id": "req_1"}
    else:
        body = {"error": {"message": message, "type": kind, "param": None, "code": kind}}
    return json.dumps(body).encode()


def _error_event(surface: str, kind: str, message: str) -> bytes:
    if surface == "messages":
        return b"event: error\ndata: " + _error(surface, kind, message) + b"\n\n"
    if surface == "chat":
        return b"data: " + _error(surface, kind, message) + b"\n\n"
    failed = {"type": "error", "code": kind, "message": message, "param": None}
    failed["sequence_number"] = 99  # type: ignore[assignment]  # a record of two kinds
    return b"event: error\ndata: " + json.dumps(failed).encode() + b"\n\n"
