"""One connection: writes requests, parses replies strictly, says when it may be used again.

Rule 1: what is not plainly one well-framed HTTP/1 reply is refused, and costs the connection.
Rule 2: a connection is free again only after a whole reply to a wholly written request.
Rule 3: plain sockets are written to directly first: the count of accepted bytes is exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import httptools

from headgate.upstream.exchange import Exchange
from headgate.wire.model import Fault, Headers, Kind

_JOIN_BYTES = 65_536  # below this one copy is cheaper than a scattered write
_PIECE_BYTES = 262_144
FRESH_S = 0.005
"""one that has proved to stay open is not looked at again in the same breath: that costs a
system call"""
_IOV_MAX = 1_000  # POSIX lets a kernel refuse more than 1,024 parts
_DRAIN_READS = 64


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a reply is held before it is refused (head) or left waiting (body)."""

    max_head_bytes: int = 65_536
    max_buffer: int = 262_144


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser."""


class Connection(asyncio.Protocol):
    """An open connection, idle or carrying one exchange."""

    __slots__ = (
        "_aborted",
        "_barren",
        "_begun",
        "_bounds",
        "_complete",
        "_exchange",
        "_fields",
        "_free",
        "_freed_at",
        "_gone",
        "_handed",
        "_head_done",
        "_interim",
        "_keep",
        "_objection",
        "_parser",
        "_paused",
        "_sock",
        "_time",
        "_tls",
        "_to_eof",
        "_transport",
        "_unsent",
        "_write_paused",
        "idle_since",
        "lost",
        "served",
    )

    def __init__(
        self,
        sock: socket.socket,
        clock: Callable[[], float],
        bounds: Bounds,
        free: Callable[[Connection], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self._sock = sock
        self._time = clock
        self._bounds = bounds
        self._free = free
        self._gone = gone
        self._transport = cast(asyncio.Transport, None)  # until connection_made
        self._tls = False
        self._exchange: Exchange | None = None
        self._unsent: deque[memoryview] = deque()
        self._write_paused = self._handed = self._aborted = False
        self._paused = False
        self.lost = False
        self.served = 0
        self.idle_since = 0.0
        self._freed_at = 0.0  # not by the loop's clock, which stands still while it is blocked
        self._parser: Any = httptools.HttpResponseParser(self)  # Cython: no types to check
        self._expect_reply()

    def _expect_reply(self) -> None:
        self._fields: Headers = []
        self._barren = 0
        self._objection = ""
        self._begun = self._head_done = self._interim = False
        self._keep = self._to_eof = self._complete = False

    # -- writing

    def usable(self) -> bool:
        """Is the other end still there, and silent? Asked before a connection is used again."""
        if self._aborted or self.lost or self._transport.is_closing():
            return False
        if self.served > 1 and time.monotonic() - self._freed_at < FRESH_S:
            return True
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # an end of file, or bytes nobody asked for

    def send(self, exchange: Exchange) -> bool:
        """Write the request; False: not one byte of it was accepted."""
        if self._aborted or self.lost or self._transport.is_closing():
            return False
        total = len(exchange.head) + exchange.body_size
        accepted = 0
        if not self._tls:
            try:
                accepted = self._send_now(exchange, total)
            except BlockingIOError:
                accepted = 0
            except OSError:
                return False
        self._exchange = exchange
        exchange.holder = self
        exchange.sent_any = True
        exchange.reused = self.served > 0
        exchange.last_byte_at = self._time()
        self.served += 1
        if accepted == total:
            exchange.sent_all = True
        else:
            self._queue(exchange, accepted)
            self._pump()
        return True

    def _send_now(self, exchange: Exchange, total: int) -> int:
        body = exchange.request.body
        if total <= _JOIN_BYTES:
            return self._sock.send(b"".join((exchange.head, *body)) if body else exchange.head)
        return self._sock.sendmsg((exchange.head, *islice(body, _IOV_MAX)))

    def _queue(self, exchange: Exchange, accepted: int) -> None:
        segments = (exchange.head, *exchange.request.body)
        if self._tls and len(exchange.head) + exchange.body_size <= _JOIN_BYTES:
            segments = (b"".join(segments),)  # one TLS record instead of one per segment
        for segment in segments:
            size = len(segment)
            if accepted >= size:
                accepted -= size
                continue
            view = memoryview(segment)
            for start in range(accepted, size, _PIECE_BYTES):
                self._unsent.append(view[start : start + _PIECE_BYTES])
            accepted = 0

    def _pump(self) -> None:
        self._handed = True
        unsent = self._unsent
        while unsent and not self._write_paused:
            self._transport.write(unsent.popleft())
        if not unsent and self._exchange is not None:
            self._exchange.sent_all = True

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._unsent:
            self._pump()

    # -- reading

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._tls = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            self.abort()  # bytes nobody asked for
            return
        exchange.last_byte_at = self._time()
        held = exchange.unread
        try:
            if not self._begun:
                self._begin(data)
            self._parser.feed_data(data)
        except (_Refused, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._complete:
                self._refuse(exchange, error)
                return
            self._keep = False  # the reply is whole; what follows it is nobody's
        if self._complete:
            self._finish(exchange)
        elif exchange.unread > held:
            self._barren = 0
            exchange.wake()
            if exchange.unread > self._bounds.max_buffer:
                self._pause(exchange)
        else:
            self._count_barren(exchange, len(data))

    def _begin(self, data: bytes) -> None:
        self._begun = True
        if data[0] != 0x48:  # "H": the parser would take ICE/ and RTSP/ too
            self._objection = "it does not begin with HTTP/"
            raise _Refused

    def _count_barren(self, exchange: Exchange, size: int) -> None:
        """Bound what brings no body: endless heads, interim replies, chunk lines, trailers."""
        if self._head_done:
            exchange.wake()
        self._barren += size
        if self._barren > self._bounds.max_head_bytes:
            self._objection = f"its head is longer than {self._bounds.max_head_bytes} bytes"
            self._refuse(exchange, None)

    def on_message_begin(self) -> None:
        if self._complete:
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:  # afterwards they are trailers: nobody here needs them
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        status = parser.get_status_code()
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._objection = f"it claims to be HTTP/{version}, which was not asked for"
            raise _Refused
        if status == 101:
            self._objection = "it switches protocols, which was not asked for"
            raise _Refused
        if not self._well_framed(status, version):
            raise _Refused
        if status < 200:
            self._interim = True
            self._fields = []
            return
        exchange = self._exchange
        if exchange is None:
            raise _Refused
        self._keep = parser.should_keep_alive()
        self._head_done = True
        exchange.headers = self._fields
        exchange.status = status

    def _well_framed(self, status: int, version: str) -> bool:
        lengths = codings = size = 0
        for name, value in self._fields:
            size += len(name) + len(value)
            if name == b"content-length":
                lengths += 1
            elif name == b"transfer-encoding":
                codings += 1
                if value.strip(b" \t").lower() != b"chunked":
                    self._objection = "its transfer-encoding is not chunked"
        self._to_eof = not (lengths or codings)
        if lengths + codings > 1:
            self._objection = "its length is stated more than once"
        elif codings and version != "1.1":
            self._objection = "only HTTP/1.1 knows transfer-encoding"
        elif status < 200 and not self._to_eof:
            self._objection = "an interim reply has no body"
        elif size > self._bounds.max_head_bytes:
            self._objection = f"its head is longer than {self._bounds.max_head_bytes} bytes"
        return not self._objection

    def on_body(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is not None:
            exchange.chunks.append(data)
            exchange.unread += len(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        else:
            self._complete = True

    def eof_received(self) -> None:
        exchange = self._exchange
        if exchange is not None and self._head_done and self._to_eof:
            self._complete = True
            self._finish(exchange)
        elif exchange is not None:
            self._break(exchange, None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if exc is not None and self._exchange is not None and not self._tls:
            self._drain()
        if self._exchange is not None:
            self._break(self._exchange, exc)
        self._unsent.clear()
        self._parser = None  # it holds this connection's methods: a cycle
        self._gone(self)

    def _drain(self) -> None:
        """An upstream may refuse a body, answer and close: the answer waits in the socket
        although writing has already failed."""
        with contextlib.suppress(OSError):
            for _ in range(_DRAIN_READS):
                data = self._sock.recv(_PIECE_BYTES)
                if not data or self._exchange is None:
                    return
                self.data_received(data)

    # -- ending

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        exchange.holder = None
        exchange.resume = None
        exchange.complete = True
        exchange.wake()
        if self._may_serve_again(exchange):
            if self._paused:
                self._unpause()
            self._handed = False
            self._expect_reply()
            self._freed_at = time.monotonic()
            self._free(self)
        else:
            self._unsent.clear()
            self.abort()

    def _may_serve_again(self, exchange: Exchange) -> bool:
        if not (self._keep and exchange.sent_all) or self.lost or self._aborted:
            return False
        if self._handed and self._transport.get_write_buffer_size():
            return False
        return not self._transport.is_closing()

    def _refuse(self, exchange: Exchange, error: Exception | None) -> None:
        place = exchange.request.url.place
        why = self._objection or str(error)
        self._let_go(
            exchange,
            Fault(
                Kind.UPSTREAM,
                f"{place} sent a reply that is not valid HTTP/1.1: {why}",
                maybe_billed=exchange.sent_all,
            ),
        )

    def _break(self, exchange: Exchange, exc: Exception | None) -> None:
        place = exchange.request.url.place
        how = "reset the connection" if exc is not None else "closed the connection"
        if self._head_done:
            text = f"{place} {how} in the middle of its reply"
            fault = Fault(Kind.TRUNCATED, text, maybe_billed=True)
        else:
            when = "in the middle of its reply's head" if self._begun else "before replying"
            fault = Fault(
                Kind.CONNECTION,
                f"{place} {how} {when}",
                detail=str(exc) if exc is not None else "",
                maybe_billed=exchange.sent_all,
            )
        self._let_go(exchange, fault)

    def _let_go(self, exchange: Exchange, fault: Fault) -> None:
        self._exchange = None
        exchange.holder = None
        exchange.resume = None
        self.abort()
        exchange.broken(fault)

    def drop(self, exchange: Exchange) -> None:
        self._exchange = None
        self.abort()

    def end(self, fault: Fault) -> None:
        """Close, whatever is under way."""
        exchange = self._exchange
        if exchange is None:
            self.abort()
        else:
            self._let_go(exchange, fault)

    def abort(self) -> None:
        if not self._aborted:
            self._aborted = True
            self._unsent.clear()
            self._transport.abort()

    def _pause(self, exchange: Exchange) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()
            exchange.resume = self._unpause

    def _unpause(self) -> None:
        if self._paused:
            self._paused = False
            if self._exchange is not None:
                self._exchange.resume = None
            if not self._transport.is_closing():
                self._transport.resume_reading()
