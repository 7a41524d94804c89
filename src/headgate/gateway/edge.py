"""One client connection: HTTP/1.1 in, a Line for each request, bytes out.

Rule 1: what a stranger sends is bounded in bytes and in time, before it is a request and after.
Rule 2: a body waits here until it is whole; a task is spent on it then, or when it is long.
Rule 3: a connection that is lost is known at once: nobody has to ask.
Rule 4: an answer may come before the request is whole; the connection then ends so gently that
whoever still sends can read it: to close while bytes arrive would reset it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools

from headgate.gateway.keys import Known
from headgate.gateway.line import NO_RETRY, STATUS_LINE, App, Line, id_field
from headgate.gateway.repeat import Repeat
from headgate.wire.model import Headers

EDGE = "headgate.edge"
"""The scope entry under which an app finds the connection it answers on."""
LINE = "headgate.line"
"""The scope entry under which it finds the quick way to read and answer."""

MAX_HEAD_BYTES = 65_536  # nginx takes 32 KiB, node 16 KiB; agents' metadata headers are long
HEAD_S = 15.0
BODY_STALL_S = 30.0
BODY_S = 600.0
KEEP_ALIVE_S = 75.0
LINGER_S = 5.0
"""how long a connection that is answered and ending may be silent; nginx waits as long"""
EARLY_BYTES = 262_144
"""a longer body is not waited for: its sender must be known before it is kept"""
FRAMING_SHARE = 8
"""bytes of chunk sizes and trailers that a byte of body may cost, beyond a head's worth"""
PIPELINED = 8

_FRAMING = frozenset((b"content-length", b"expect"))
"""what is said of one request's body; everything else a client says again with the next"""
_OWN = frozenset(("headers", EDGE, LINE))
"""what a request does not share with those that repeat its head"""
_ASGI = {"version": "3.0", "spec_version": "2.3"}


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
        self._framing: Headers = []
        self._repeated: Headers = []
        """the last request's headers: handed out again while the client repeats them"""
        self._repeat: Repeat | None = None
        """the last request's head, where it said what the one before had said"""
        self._repeats = False
        """may the request being parsed become that"""
        self._between = True
        """is the parser at rest: it has seen nothing of a next request"""
        self.known: Known | None = None
        """who sent them, once that was asked"""
        self._line: Line | None = None
        """the request being received, or received last"""
        self._answering: Line | None = None
        self._queue: deque[Line] = deque()
        self._drained: list[asyncio.Future[None]] = []
        self._read_paused = self.stalled = self._in_body = self._lingers = False
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
        if self.transport.is_closing() or self._lingers:
            return
        line = self._answering
        if line is not None and (line.started or line is not self._line):
            self.transport.close()  # words amid another reply would be taken for its body
            return
        self.transport.write(self._refusal(status, text))
        if line is not None:
            self._answering = None
            line.lose()
        self._linger()

    def _linger(self) -> None:
        """Say no more, and read away what is still being sent until the client is done."""
        if self.transport.is_closing():
            return
        self._lingers, self._body_since = True, self.loop.time()
        self.waiting_since = self._body_since
        if self.transport.can_write_eof():  # not over TLS
            self.transport.write_eof()
        self.resume()

    def _refusal(self, status: int, text: bytes) -> bytes:
        line = self._line
        known = line.scope.get("headers", []) if self._in_body and line else self._headers
        headers = [
            (b"content-type", b"text/plain"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
            id_field(known),
        ]
        if status != HTTPStatus.REQUEST_TIMEOUT:  # the next try may be faster
            headers.append(NO_RETRY)
        fields = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        return STATUS_LINE[status] + fields + b"\r\n" + text

    def sweep(self, now: float) -> None:
        """Look at the clock: who is late is refused or cut off."""
        unread = self.transport.get_write_buffer_size()
        if not unread or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since >= self.stall_s:
            self.abort()
        if self.waiting_since is not None and not self._read_paused:
            self._lose_patience(now, now - self.waiting_since)

    def _lose_patience(self, now: float, waited: float) -> None:
        if self._lingers:
            if waited > LINGER_S or now - self._body_since > BODY_S:
                self.transport.close()
        elif self._in_body:
            if waited > BODY_STALL_S or now - self._body_since > BODY_S:
                self._give_up_on_body()
        elif self._answering is not None:
            return
        elif self._head_bytes:
            if waited > HEAD_S:
                self.refuse(408, b"request head not received in time")
        elif waited > (HEAD_S if self._line is None else KEEP_ALIVE_S):
            self.transport.close()

    def _give_up_on_body(self) -> None:
        if self._line is not None and self._line.complete:
            self.transport.close()
        else:
            self.refuse(408, b"request body not received in time")

    # -- receiving

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            self.waiting_since = self.loop.time()
            return
        if self._in_body:
            self.waiting_since = self.loop.time()
            self._framing_bytes += len(data)
        else:
            if self._between and self._repeat is not None:
                body = self._repeat.body_of(data)
                if body is not None:
                    self._take_again(self._repeat, body)
                    return
            if not self._head_bytes:
                self.waiting_since = self.loop.time()
            self._head_bytes += len(data)
        begins, self._repeats = self._between, False
        self._parse(data)
        if begins and self._repeats and self._between and self._line is not None:
            line = self._line
            scope = {name: line.scope[name] for name in line.scope if name not in _OWN}
            self._repeat = Repeat.of(data, line.declared, scope, line.fields)

    def _take_again(self, last: Repeat, body: bytes) -> None:
        """Begin a request that repeats the last one's head, unparsed."""
        line = Line(self, chunked=True, keep_alive=True)
        length = (b"content-length", b"%d" % len(body))
        headers = [*last.fields, length]
        line.scope = {**last.scope, "headers": headers, EDGE: self, LINE: line}
        line.fields = last.fields
        line.declared, line.all_here = len(body), True
        line.take(body)
        self._line, self.waiting_since = line, None
        self._begin(line)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._repeats = False  # nothing is upgraded here: it is answered as it is
        except httptools.HttpParserError:
            self.refuse(400, b"Invalid HTTP request received.")
        if self._head_bytes > MAX_HEAD_BYTES and not self._in_body:
            self.refuse(431, b"request head too large")
        elif self._framing_bytes > MAX_HEAD_BYTES:
            self.refuse(431, b"request trailers too large")

    def on_message_begin(self) -> None:
        self._between = False
        self._url, self._headers, self._framing = b"", [], []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        (self._framing if name in _FRAMING else self._headers).append((name, value))

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers + self._framing
        if self._head_bytes > MAX_HEAD_BYTES < _size(self._url, headers):
            self.refuse(431, b"request head too large")
            raise ValueError("request head too large")
        again = self._headers == self._repeated
        if not again:
            self._repeated = self._headers
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
        line.fields = self._repeated
        self._line = line
        self._repeat, self._repeats = None, again and line.keep_alive
        for name, value in self._framing:
            if name == b"content-length":
                line.declared = int(value)
            else:
                self._repeats = False
                line.expects = value.lower() == b"100-continue" or line.expects
        if line.expects or line.declared > EARLY_BYTES:
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
        self._between = True
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
        if not line.all_here:
            line.ignore()
            self.resume()
        if not line.keep_alive:
            if line.all_here:
                self.transport.close()
            else:
                self._linger()
            return
        if self._queue:
            self._begin(self._queue.popleft())
            self.resume()
        elif self.waiting_since is None:
            self.waiting_since = self.loop.time()


def _size(url: bytes, headers: Headers) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _split(url: bytes) -> tuple[str, bytes]:
    """(path, query) of a request target, also of one that names the whole address."""
    if not url.startswith(b"/"):
        parsed = httptools.parse_url(url)
        return (parsed.path or b"/").decode("latin-1"), parsed.query or b""
    path, _, query = url.partition(b"#")[0].partition(b"?")
    return path.decode("latin-1"), query
