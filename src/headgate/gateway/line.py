"""One request and the way to answer it, as an ASGI app and as the hot routes see it.

Rule 1: nothing is written for a client that has left, and nothing kept that nobody will read.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

from headgate.wire import headers as fields
from headgate.wire.model import Headers

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DISCARD_BYTES = 128 * 1024 * 1024
"""what is left of an answered request's body is read so far to keep its connection in use"""
STATUS_LINE = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_RETRY = (b"x-should-retry", b"false")
_log = logging.getLogger("headgate.gateway")


def call_id(headers: Headers) -> str:
    """The caller's request id if it is a safe one, else one of ours."""
    value = fields.first(headers, b"x-request-id")
    return (
        fields.valid_request_id(value) if value else ""
    ) or f"hg_{random.getrandbits(96):024x}"


def id_field(headers: Headers) -> tuple[bytes, bytes]:
    """The field that names a reply to a request with these headers."""
    return b"x-request-id", call_id(headers).encode()


class Carrier(Protocol):
    """The connection a Line belongs to."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    stalled: bool
    """does so much wait for the client that sending would have to wait too"""

    async def drain(self) -> None: ...
    def resume(self) -> None: ...
    def answered(self, line: Line) -> None: ...


class Line:
    """One request and the way to answer it.

    As an ASGI app sees it: receive and send. As the hot routes see it: `gather` and `body`,
    then `whole`, or `start`, `send` and `end`; that does the same in half the time.
    """

    __slots__ = (
        "_chunked",
        "_edge",
        "_limit",
        "_news",
        "_parts",
        "_size",
        "all_here",
        "begun",
        "complete",
        "declared",
        "expects",
        "fields",
        "held",
        "keep_alive",
        "lost",
        "on_lost",
        "scope",
        "started",
        "taken",
        "task",
    )

    def __init__(self, edge: Carrier, chunked: bool, keep_alive: bool) -> None:
        self.scope: Scope = {}
        self.fields: Headers = []
        """the header fields but those of the body: one list for as long as they repeat"""
        self.task: asyncio.Task[None] | None = None
        self.on_lost: Callable[[], object] | None = None
        """called when the client leaves before its reply is complete"""
        self.keep_alive = keep_alive
        self.begun = self.all_here = self.taken = self.expects = False
        self.started = self.complete = self.lost = False
        self.held = self.declared = self._size = 0
        self._limit = 0
        """a body beyond it is counted and not kept; 0: no limit"""
        self._edge = edge
        self._chunked = chunked
        self._parts: list[bytes] = []
        self._news: asyncio.Future[None] | None = None

    # -- the edge's side

    def take(self, data: bytes) -> None:
        self._size += len(data)
        if self._limit and self._size > self._limit:
            self._parts.clear()
            self.held = 0
        else:
            self._parts.append(data)
            self.held += len(data)
        self.wake()

    def ignore(self) -> None:
        """The rest of the body is of no use to anybody."""
        self._limit, self.taken = 1, True
        self._parts.clear()

    def lose(self) -> None:
        if self.lost:
            return
        self.lost = True
        self.wake()
        if self.on_lost is not None and not self.complete:
            self.on_lost()

    def wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def run(self, app: App) -> None:
        try:
            await app(self.scope, self.receive, self.send_message)
        except Exception:  # noqa: BLE001 - the last line: whatever an app raises is answered
            _log.exception("the app failed")
            if not self.started and not self.lost:
                named = id_field(self.scope["headers"])
                plain = [(b"content-type", b"text/plain"), named, NO_RETRY]
                await self.whole(500, plain, b"internal error")
        finally:
            if not self.complete and not self.lost:
                self._edge.transport.close()
            self.scope, self._parts = {}, []  # it holds us: without this both wait for a sweep

    # -- reading

    async def gather(self, limit: int) -> None:
        """Wait until the body is whole or longer than `limit`, or the client has left."""
        self._limit, self.taken = limit, True
        if self._size > limit:
            self._parts.clear()
        self._ask()
        while not (self.all_here or self.lost or self._size > limit):
            await self._wait()

    def body(self, limit: int) -> bytes | None:
        """The body that was gathered, once; None when it is longer than `limit`."""
        self.taken, self.expects = True, False
        if self._size > limit:
            self._parts.clear()
            return None
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def receive(self) -> Message:
        self._ask()
        while not (self._parts or self.all_here or self.lost):
            await self._wait()
        if self.lost or (self.taken and self.all_here and not self._parts):
            while not self.lost and not self.complete:
                await self._wait()
            return {"type": "http.disconnect"}
        data, self._parts, self.held = b"".join(self._parts), [], 0
        self.taken = self.all_here
        return {"type": "http.request", "body": data, "more_body": not self.all_here}

    def _ask(self) -> None:
        if self.expects and not self.all_here and not self.lost:
            self._edge.transport.write(_CONTINUE)
        self.expects = False
        self._edge.resume()

    async def _wait(self) -> None:
        self._news = self._edge.loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    # -- answering

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """A complete reply."""
        framing = b"content-length: %d\r\n" % len(body) if status != 204 else b""
        head = self._head(status, headers, framing)
        if self._edge.stalled:
            await self._edge.drain()
        if not self.lost:
            self._edge.transport.write(head + body)
            self._finish()

    async def start(self, status: int, headers: Headers) -> None:
        """The head of a reply whose body comes in pieces; HTTP/1.0 ends it by closing."""
        if not self._chunked:
            self.keep_alive = False
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        await self._write(self._head(status, headers, framing))

    async def send(self, data: bytes) -> None:
        if self._edge.stalled:
            await self._edge.drain()
        self.put(data)

    def put(self, data: bytes) -> None:
        """What send() does once it need not wait."""
        if not self.lost:
            chunk = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
            self._edge.transport.write(chunk)

    async def end(self, data: bytes) -> None:
        if self._chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        await self._write(data)
        if not self.lost:
            self._finish()

    async def send_message(self, message: Message) -> None:
        """What an ASGI app sends."""
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message.get("headers", [])]
            if any(name == b"content-length" for name, _ in headers):
                self._chunked = False
                await self._write(self._head(message["status"], headers, b""))
            else:
                await self.start(message["status"], headers)
            return
        data = b"" if self.scope["method"] == "HEAD" else message.get("body", b"")
        if not message.get("more_body", False):
            await self.end(data)
        elif data:
            await self.send(data)

    async def _write(self, data: bytes) -> None:
        if self._edge.stalled:
            await self._edge.drain()
        if not self.lost:
            self._edge.transport.write(data)

    def _head(self, status: int, headers: Headers, framing: bytes) -> bytes:
        if not self.all_here and (
            self.expects  # nobody knows whether the body still comes
            or self.declared - self._size > DISCARD_BYTES
        ):
            self.keep_alive = self.expects = False
        parts = [STATUS_LINE.get(status) or b"HTTP/1.1 %d \r\n" % status]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        closing = b"" if self.keep_alive else b"connection: close\r\n"
        parts += (framing, closing, b"\r\n")
        head = b"".join(parts)
        lines = len(headers) + 2 + bool(framing) + bool(closing)
        if head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise ValueError("a reply header holds a line break")
        self.started = True
        return head

    def _finish(self) -> None:
        self.complete = True
        self.wake()
        self._edge.answered(self)
