"""Upstreams for tests: one that does what a script says and knows which sockets are open,
and a wire without a network, on which every cut between two bytes can be chosen.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

from headgate.upstream.connection import Bounds, Connection
from headgate.upstream.exchange import Exchange
from headgate.upstream.request import Request, Url
from headgate.wire.model import Fault, Headers


class End(enum.Enum):
    """How a script ends a connection."""

    FIN = enum.auto()
    RST = enum.auto()


Step = bytes | float | End
"""bytes are sent, a number is waited for, an End ends the connection"""

HOLD = float("inf")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Caller(asyncio.Protocol):
    """One connection to the scripted upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.received = bytearray()
        self.total = 0
        self.lost_at = 0.0
        self.script: asyncio.Future[None] | None = None

    @property
    def open(self) -> bool:
        return not self.lost_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.upstream.callers.append(self)
        if self.upstream.greeting:
            self.transport.write(self.upstream.greeting)
        if self.upstream.deaf:
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        self.total += len(data)
        self.received += data
        if self.upstream.sated:
            self.transport.pause_reading()
        while (request := self.take()) is not None:
            self.upstream.requests.append(request)
            self.script = asyncio.ensure_future(self.play(self.upstream.next_answer()))

    def take(self) -> bytes | None:
        """The first whole request received, or only its head where the upstream is hasty."""
        end = self.received.find(b"\r\n\r\n") + 4
        if end < 4:
            return None
        size = 0
        for line in bytes(self.received[:end]).split(b"\r\n"):
            if line.startswith(b"content-length: "):
                size = int(line[16:])
        if self.upstream.hasty:
            size = min(size, len(self.received) - end)
        if len(self.received) < end + size:
            return None
        request = bytes(self.received[: end + size])
        del self.received[: end + size]
        return request

    async def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, bytes):
                self.transport.write(step)
            elif isinstance(step, End):
                self.end(step)
            elif step == HOLD:
                return
            else:
                await asyncio.sleep(step)

    def end(self, how: End) -> None:
        if how is End.FIN:
            self.transport.close()
            return
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost_at = asyncio.get_running_loop().time()
        if self.script is not None:
            self.script.cancel()


class Upstream:
    """The nth request gets the nth answer; the last answer is given again and again."""

    def __init__(self, *answers: Sequence[Step]) -> None:
        self.answers = list(answers) or [(OK,)]
        self.callers: list[Caller] = []
        self.requests: list[bytes] = []
        self.hasty = False
        """answer as soon as the head is there"""
        self.sated = False
        """stop reading after the first bytes"""
        self.greeting = b""
        """said before anything was asked"""
        self.deaf = False
        """never read"""
        self.server: asyncio.Server | None = None
        self.scheme = "http"

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: Caller(self), "127.0.0.1", 0, ssl=context, backlog=2048
        )
        self.scheme = "http" if context is None else "https"
        self.port: int = self.server.sockets[0].getsockname()[1]

    def url(self, **options: Any) -> Url:
        return Url.parse(f"{self.scheme}://127.0.0.1:{self.port}", **options)

    def next_answer(self) -> Sequence[Step]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def open(self) -> int:
        return sum(caller.open for caller in self.callers)

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
        for caller in self.callers:
            if caller.open:
                caller.transport.abort()
        await until(lambda: not self.open)


class BlackHole:
    """A listening socket whose queue is full: whoever connects hears nothing at all."""

    def __init__(self) -> None:
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address = self.listener.getsockname()
        self.port: int = self.address[1]
        self.guests = [socket.socket() for _ in range(4)]
        for guest in self.guests:
            guest.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                guest.connect(self.address)

    def close(self) -> None:
        for sock in (*self.guests, self.listener):
            sock.close()


async def until(claim: Callable[[], bool], within_s: float = 2.0) -> float:
    """Wait until the claim holds; returns how long it took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while not claim():
        assert loop.time() - start < within_s, "it did not come true in time"
        await asyncio.sleep(0.001)
    return loop.time() - start


def post(
    url: Url, *body: bytes | memoryview, headers: Headers | None = None, connect_s: float = 2.0
) -> Request:
    return Request(b"POST", url, b"/v1/messages", headers or [], body, connect_s)


async def body_of(exchange: Exchange) -> bytes:
    """All that can be read, up to the clean end; raises what read() raises."""
    parts = []
    while data := await exchange.read():
        parts.append(data)
    return b"".join(parts)


class Line(asyncio.Transport):
    """A transport without a network: what is written is kept, what is closed stays closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False
        self.reading = True
        self.on_write: Callable[[], None] = lambda: None
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        self.on_write()

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0


class Wire:
    """A connection whose incoming bytes the test hands over itself."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.line = Line()
        self.freed = 0
        self.connection = Connection(
            self.near, self.loop.time, bounds or Bounds(), self.on_free, lambda _: None
        )
        self.connection.connection_made(self.line)

    def on_free(self, connection: Connection) -> None:
        self.freed += 1

    async def exchange(self, feed: Callable[[Connection], None], *body: bytes) -> Exchange:
        """An exchange on this connection; `feed` is the upstream's side of it."""
        url = Url.parse("http://upstream.test")
        exchange = Exchange(post(url, *body), self.admit, self.loop)
        self.feed = feed
        return await exchange.open()

    def admit(self, exchange: Exchange) -> None:
        assert self.connection.send(exchange)
        self.feed(self.connection)

    def close(self) -> None:
        self.near.close()
        self.far.close()


Outcome = tuple[int, Headers, bytes, str]
"""status, headers, body, and the kind of fault it ended with; empty: none"""


async def outcome(
    pieces: Sequence[bytes], *, eof: bool, bounds: Bounds | None = None
) -> Outcome:
    """What an exchange makes of a reply that arrives in these pieces."""
    wire = Wire(bounds)

    def feed(connection: Connection) -> None:
        for piece in pieces:
            if wire.line.closed:
                return
            connection.data_received(piece)
        if eof and not wire.line.closed:
            connection.eof_received()

    parts: list[bytes] = []
    status, headers = 0, cast(Headers, [])
    try:
        exchange = await wire.exchange(feed)
        status, headers = exchange.status, exchange.headers
        if not eof and not exchange.complete and not wire.line.closed:
            exchange.close()
            return status, headers, b"", "unfinished"
        while data := await exchange.read():
            parts.append(data)
    except Fault as fault:
        return status, headers, b"".join(parts), fault.kind.value
    finally:
        wire.close()
    return status, headers, b"".join(parts), ""
