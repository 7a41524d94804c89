"""One client connection: HTTP/1.1 in, a Line for each request, bytes out.

Rule 1: what a stranger sends is bounded in bytes and in time, before it is a request and after.
Rule 2: a body waits here until it is whole; a task is spent on it then, or when it is long.
Rule 3: a connection that is lost is known at once: nobody has to ask.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools

from headgate.wire.model import Headers

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

EDGE = "headgate.edge"
"""The scope entry under which an app finds the connection it answers on."""
LINE = "headgate.line"
"""The scope entry under which it finds the quick way to read and answer."""

MAX_HEAD_BYTES = 65_536  # nginx takes 32 KiB, node 16 KiB; agents' metadata headers are long
HEAD_S = 15.0
BODY_STALL_S = 30.0
BODY_S = 600.0
KEEP_ALIVE_S = 75.0
EARLY_BYTES = 262_144
"""a longer body is not waited for: its sender must be known before more of it is kept"""
FRAMING_SHARE = 8
"""bytes of chunk sizes and trailers that a byte of body may cost, beyond a head's worth"""
PIPELINED = 8
DISCARD_TIMES = 4
"""a body up to so many times its limit is read to its end, so that its sender hears why"""

_STATUS = {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_log = logging.getLogger("headgate.edge")


class Edge(asyncio.Protocol):
    """The protocol the server makes for every connection it accepts.

    While a head or a body is being received, `waiting_since` says since when nothing came.
    """

    stall_s = 120.0
    """how long a client may refuse to read before its connection is reset"""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.app: App = config.loaded_app
        self.loop = _loop or asyncio.get_running_loop()
        self.transport = cast(asyncio.Transport, None)  # until connection_made
        self._state = server_state
        self._parser: Any = httptools.HttpRequestParser(self)  # Cython: no types to check
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._place: dict[str, Any] = {}
        self._url = b""
        self._headers: Headers = []
        self._line: Line | None = None
        """the request being received, or received last"""
        self._answering: Line | None = None
        self._queue: deque[Line] = deque()
        self._drained: list[asyncio.Future[None]] = []
        self._read_paused = self.stalled = self._in_body = False
        self.waiting_since: float | None = None
        self._body_since = 0.0
        self._head_bytes = self._framing_bytes = 0
        self._unread, self._unread_since = 0, 0.0

    # -- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._state.connections.add(self)
        self.waiting_since = self.loop.time()
        tls = transport.get_extra_info("ssl_object") is not None
        client = transport.get_extra_info("peername")
        server = transport.get_extra_info("sockname")
        self._place = {
            "scheme": "https" if tls else "http",
            "client": tuple(client[:2]) if client else None,
            "server": tuple(server[:2]) if server else None,
        }

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self.waiting_since = None
        self.resume_writing()
        lines = [self._answering, *self._queue, self._line]
        self._queue.clear()
        for line in dict.fromkeys(line for line in lines if line is not None):
            line.lose()
        self._parser = self._line = None  # they hold us: see Line.run

    def pause_writing(self) -> None:
        self.stalled = True

    def resume_writing(self) -> None:
        self.stalled = False
        waiting, self._drained = self._drained, []
        for done in waiting:
            if not done.done():
                done.set_result(None)

    async def drain(self) -> None:
        done = self.loop.create_future()
        self._drained.append(done)
        await done

    def shutdown(self) -> None:
        """The server is about to stop: finish what is being answered, then close."""
        if self._answering is None:
            self.transport.close()
        else:
            self._answering.keep_alive = False

    def abort(self) -> None:
        """Reset the connection, as a crashing server would."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            linger = struct.pack("ii", 1, 0)
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    def refuse(self, status: int, text: bytes) -> None:
        """Answer in the plainest form and close: for what never became a request."""
        if self.transport.is_closing():
            return
        if self._answering is None:  # words amid another reply would be taken for its body
            length = b"content-type: text/plain\r\ncontent-length: %d\r\n" % len(text)
            self.transport.write(_STATUS[status] + length + b"connection: close\r\n\r\n" + text)
        self.transport.close()

    def sweep(self, now: float) -> None:
        """Look at the clock: who is late is refused or cut off."""
        unread = self.transport.get_write_buffer_size()
        if not unread or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since >= self.stall_s:
            self.abort()
        if self.waiting_since is None or self._read_paused:
            return
        waited = now - self.waiting_since
        if self._in_body:
            if waited > BODY_STALL_S or now - self._body_since > BODY_S:
                self.refuse(408, b"request body not received in time")
        elif self._answering is not None:
            return
        elif self._head_bytes:
            if waited > HEAD_S:
                self.refuse(408, b"request head not received in time")
        elif waited > (HEAD_S if self._line is None else KEEP_ALIVE_S):
            self.transport.close()

    # -- receiving

    def data_received(self, data: bytes) -> None:
        if self._in_body:
            self.waiting_since = self.loop.time()
            self._framing_bytes += len(data)
        else:
            if not self._head_bytes:
                self.waiting_since = self.loop.time()
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing is upgraded here: the request is answered as it is
        except httptools.HttpParserError:
            self.refuse(400, b"Invalid HTTP request received.")
        if self._head_bytes > MAX_HEAD_BYTES and not self._in_body:
            self.refuse(431, b"request head too large")
        elif self._framing_bytes > MAX_HEAD_BYTES:
            self.refuse(431, b"request trailers too large")

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers
        self._headers = []  # a trailer adds nothing to a request that is being answered
        self._in_body, self._head_bytes, self._framing_bytes = True, 0, 0
        self._body_since = self.loop.time()
        path, query = _split(self._url)
        version = parser.get_http_version()
        line = Line(self, version != "1.0", version != "1.0" and parser.should_keep_alive())
        line.scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": parser.get_method().decode("latin-1"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": path.encode("latin-1"),
            "query_string": query,
            "root_path": "",
            "headers": headers,
            **self._place,
            EDGE: self,
            LINE: line,
        }
        self._line = line
        for name, value in headers:
            if name == b"expect" and value.lower() == b"100-continue":
                line.expects = True
                self._begin(line)

    def on_body(self, body: bytes) -> None:
        line = self._line
        assert line is not None
        self._framing_bytes = max(0, self._framing_bytes - FRAMING_SHARE * len(body))
        line.take(body)
        if line.held > EARLY_BYTES and not line.taken:
            if not line.begun:
                self._begin(line)
            self.pause()

    def on_message_complete(self) -> None:
        line = self._line
        assert line is not None
        self._in_body, self._framing_bytes, self.waiting_since = False, 0, None
        line.all_here = True
        line.wake()
        self.resume()
        if not line.begun:
            self._begin(line)

    def pause(self) -> None:
        if not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        # With room in the queue reading goes on: only a read tells who has left.
        if self._read_paused and len(self._queue) < PIPELINED:
            self._read_paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    # -- answering

    def _begin(self, line: Line) -> None:
        """Answer the request now, or after those before it on this connection."""
        line.begun = True
        if self._answering is not None:
            self._queue.append(line)
            if len(self._queue) >= PIPELINED:
                self.pause()
            return
        self._answering = line
        task = line.task = self.loop.create_task(line.run(self.app))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def answered(self, line: Line) -> None:
        """A reply is complete: close, or go on with the next request."""
        self._state.total_requests += 1
        self._answering = None
        if not line.keep_alive:
            self.transport.close()
            return
        if not line.all_here:
            line.ignore()
            self.resume()
        if self._queue:
            self._begin(self._queue.popleft())
            self.resume()
        elif self.waiting_since is None:
            self.waiting_since = self.loop.time()


class Line:
    """One request and the way to answer it.

    As an ASGI app sees it: receive and send. As the hot routes see it: `body`, then `whole`, or
    `start`, `send` and `end`; that does the same in half the time.
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
        "expects",
        "held",
        "keep_alive",
        "lost",
        "on_lost",
        "scope",
        "started",
        "taken",
        "task",
    )

    def __init__(self, edge: Edge, chunked: bool, keep_alive: bool) -> None:
        self.scope: Scope = {}
        self.task: asyncio.Task[None] | None = None
        self.on_lost: Callable[[], object] | None = None
        """called when the client leaves before its reply is complete"""
        self.keep_alive = keep_alive
        self.begun = self.all_here = self.taken = self.expects = False
        self.started = self.complete = self.lost = False
        self.held = self._size = 0
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
                await self.whole(500, [(b"content-type", b"text/plain")], b"internal error")
        finally:
            if not self.complete and not self.lost:
                self._edge.transport.close()
            self.scope, self._parts = {}, []  # it holds us: without this both wait for a sweep

    # -- reading

    async def body(self, limit: int) -> bytes | None:
        """The whole body; None when it is longer than `limit`. Ask `lost` before you answer."""
        self._limit, self.taken = limit, True
        if self._size > limit:
            self._parts.clear()
        self._ask()
        while not (self.all_here or self.lost or self._size > limit * DISCARD_TIMES):
            await self._wait()
        if self._size > limit:
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
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

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
        if self.expects:  # nobody knows whether the body still comes
            self.keep_alive = self.expects = False
        parts = [_STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status]
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


def _split(url: bytes) -> tuple[str, bytes]:
    """(path, query) of a request target, also of one that names the whole address."""
    if not url.startswith(b"/"):
        parsed = httptools.parse_url(url)
        return (parsed.path or b"/").decode("latin-1"), parsed.query or b""
    path, _, query = url.partition(b"#")[0].partition(b"?")
    return path.decode("latin-1"), query
