"""The one door in: owns the server process, its sockets, its certificates and its patience.

Rule 1: no other module knows which server library this is.
Rule 2: what a stranger sends before a head is complete is bounded in bytes and in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from headgate.wire.model import Headers

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

EDGE = "headgate.edge"
"""The scope entry under which an app finds the connection it answers on."""
TASK = "headgate.task"
"""The scope entry of the task that answers: asking asyncio for it costs a system call."""
LINE = "headgate.line"
"""The scope entry under which it finds the quick way to answer."""

MAX_HEAD_BYTES = 65_536  # nginx takes 32 KiB, node 16 KiB; agents' metadata headers are long
HEAD_S = 15.0
BODY_STALL_S = 30.0
BODY_S = 600.0
FRAMING_SHARE = 8
"""bytes of chunk sizes and trailers that a byte of body may cost, beyond a head's worth"""
PIPELINED = 8
KEEP_ALIVE_S = 75
SOON_BYTES = 32_768
"""half of what the server takes in before it stops reading"""
SWEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen and how long to let running calls finish."""

    host: str = "127.0.0.1"
    port: int = 0
    cert: Path | None = None
    key: Path | None = None
    drain_s: float = 30.0
    stall_s: float = 120.0
    """how long a client may refuse to read before its connection is reset"""


class Edge(HttpToolsProtocol):
    """One client connection: tells the app at once when it is lost, and bounds the head.

    While a head or a body is being received, `waiting_since` says since when nothing came.
    """

    on_lost: Callable[[], object] | None = None
    waiting_since: float | None = None
    head_bytes = 0
    in_head = True
    body_since = 0.0
    framing_bytes = 0
    stall_s = 120.0
    unread = 0
    unread_since = 0.0
    unstarted: Any = None
    """the app of a request whose body has not all come"""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it
        self.waiting_since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        if self.in_head:
            if not self.head_bytes:
                self.waiting_since = self.loop.time()
            self.head_bytes += len(data)
        elif self.waiting_since is not None:
            self.waiting_since = self.loop.time()
            self.framing_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > MAX_HEAD_BYTES:
            self.refuse(b"431 Request Header Fields Too Large", b"request head too large")
        elif self.framing_bytes > MAX_HEAD_BYTES:
            self.refuse(b"431 Request Header Fields Too Large", b"request trailers too large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(Scope, self.scope)[EDGE] = self  # an entry of our own beside ASGI's

    def on_headers_complete(self) -> None:
        self.in_head, self.framing_bytes = False, 0
        self.body_since = self.loop.time()
        super().on_headers_complete()
        self.headers = []  # a trailer adds nothing to a request that is being answered
        cast(Scope, self.scope)[LINE] = Line(self, self.cycle)
        if len(self.pipeline) in range(1, PIPELINED):
            # a connection nobody reads from would not tell that the client has left
            self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        self.framing_bytes = max(0, self.framing_bytes - FRAMING_SHARE * len(body))
        super().on_body(body)
        if self.unstarted is not None and len(self.cycle.body) > SOON_BYTES:
            self._begin(self.cycle, self.unstarted)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start answering once the body is there: a body that waits holds no task.

        A long one starts it earlier, because nobody else takes it from the connection.
        """
        if cycle.more_body and not self.expect_100_continue and cycle is self.cycle:
            self.unstarted = app
        else:
            self._begin(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.unstarted = None
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        cast(Scope, cycle.scope)[TASK] = task

    def on_message_complete(self) -> None:
        self.in_head, self.head_bytes, self.waiting_since = True, 0, None
        self.framing_bytes = 0
        super().on_message_complete()
        self.flow.resume_reading()  # a long body paused it: only a read tells who has left
        if self.unstarted is not None:
            self._begin(self.cycle, self.unstarted)

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting_since = None
        unfinished = self.cycle is not None and not self.cycle.response_complete
        super().connection_lost(exc)
        if unfinished and self.on_lost is not None:
            self.on_lost()

    def refuse(self, status: bytes, text: bytes) -> None:
        """Answer in the plainest form and close: for heads that never became a request."""
        if self.transport.is_closing():
            return
        if not self._is_answering():  # words amid another reply would be taken for its body
            head = b"HTTP/1.1 %s\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n" % (
                status,
                len(text),
            )
            self.transport.write(head + b"connection: close\r\n\r\n" + text)
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.refuse(b"400 Bad Request", msg.encode())

    def _is_answering(self) -> bool:
        cycle = self.cycle
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        return begun or bool(self.pipeline)

    def sweep(self, now: float) -> None:
        self.look_at_reader(now)
        if self.waiting_since is None:
            return
        waited = now - self.waiting_since
        if self.in_head and waited > HEAD_S:
            if self.head_bytes:
                self.refuse(b"408 Request Timeout", b"request head not received in time")
            else:
                self.transport.close()
        elif self._is_late(now, waited):
            self.refuse(b"408 Request Timeout", b"request body not received in time")

    def _is_late(self, now: float, waited: float) -> bool:
        """Does a body not come, or so slowly that it would never be there."""
        if self.in_head or self.flow.read_paused:
            return False
        return waited > BODY_STALL_S or now - self.body_since > BODY_S

    def look_at_reader(self, now: float) -> None:
        """A client that takes nothing of what waits for it is cut off in the end."""
        unread = self.transport.get_write_buffer_size()
        if not unread or unread != self.unread:
            self.unread, self.unread_since = unread, now
        elif now - self.unread_since >= self.stall_s:
            self.abort()

    @property
    def stalled(self) -> bool:
        """Does so much wait for the client that sending would have to wait too."""
        return self.flow.write_paused

    def abort(self) -> None:
        """Reset the connection, as a crashing server would."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            linger = struct.pack("ii", 1, 0)
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()


class Line:
    """Writes the reply to one request straight to its connection.

    It does what an ASGI send does, in half the time: head and body leave in one write, and no
    field is matched against a pattern twice.
    """

    __slots__ = ("_chunked", "_cycle", "_edge")

    def __init__(self, edge: Edge, cycle: RequestResponseCycle) -> None:
        self._edge = edge
        self._cycle = cycle
        self._chunked = cycle.scope["http_version"] != "1.0"

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """A complete reply."""
        framing = b"content-length: %d\r\n" % len(body) if status != 204 else b""
        head = self._head(status, headers, framing)
        if self._edge.flow.write_paused:
            await self._edge.flow.drain()
        if not self._cycle.disconnected:
            self._edge.transport.write(head + body)
            self._complete()

    async def start(self, status: int, headers: Headers) -> None:
        """The head of a reply whose body comes in pieces; HTTP/1.0 ends it by closing."""
        if not self._chunked:
            self._cycle.keep_alive = False
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        await self._write(self._head(status, headers, framing))

    async def send(self, data: bytes) -> None:
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self, data: bytes) -> None:
        if self._chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        await self._write(data)
        if not self._cycle.disconnected:
            self._complete()

    async def _write(self, data: bytes) -> None:
        if self._edge.flow.write_paused:
            await self._edge.flow.drain()
        if not self._cycle.disconnected:
            self._edge.transport.write(data)

    def _head(self, status: int, headers: Headers, framing: bytes) -> bytes:
        cycle = self._cycle
        if cycle.waiting_for_100_continue:  # nobody knows whether the body still comes
            cycle.keep_alive = False
        cycle.response_started, cycle.waiting_for_100_continue = True, False
        parts = [STATUS_LINE[status]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        closing = b"" if cycle.keep_alive else b"connection: close\r\n"
        parts += (framing, closing, b"\r\n")
        head = b"".join(parts)
        lines = len(headers) + 2 + bool(framing) + bool(closing)
        if head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise ValueError("a reply header holds a line break")
        return head

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self._edge.transport.close()
        cycle.on_response()


class _Server(uvicorn.Server):
    """uvicorn without its signal handling: the process that embeds it owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Running:
    """A started server."""

    host: str
    port: int
    tls: bool
    _server: _Server
    _task: asyncio.Task[None]
    _sweeper: asyncio.Task[None]
    _certificates: Certificates | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def connections(self) -> list[Edge]:
        """The clients' connections, open now."""
        return [c for c in self._server.server_state.connections if isinstance(c, Edge)]

    def reload_certificates(self) -> None:
        if self._certificates is not None:
            self._certificates.load()

    async def stopped(self) -> None:
        """Wait until the server has stopped."""
        await asyncio.shield(self._task)

    async def stop(self, *, at_once: bool = False) -> None:
        """Accept nothing new, let running calls finish, then close."""
        self._server.should_exit = True
        self._server.force_exit = at_once
        try:
            await self._task
        finally:
            self._sweeper.cancel()


@dataclass(slots=True)
class Certificates:
    """A TLS context that follows its files: new connections get the renewed certificate."""

    cert: Path
    key: Path
    context: ssl.SSLContext = field(init=False)
    _stamp: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self.load()

    def load(self) -> None:
        self._stamp = self._read_stamp()
        # a pair that does not match would leave the context in use without any
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key)
        self.context.load_cert_chain(self.cert, self.key)

    def _read_stamp(self) -> tuple[int, int]:
        return (self.cert.stat().st_mtime_ns, self.key.stat().st_mtime_ns)

    def follow(self) -> None:
        """Load the files again if they changed; a half-written pair is tried again later."""
        with contextlib.suppress(OSError, ssl.SSLError):
            if self._read_stamp() != self._stamp:
                before = self._stamp
                try:
                    self.load()
                except (OSError, ssl.SSLError):
                    self._stamp = before
                    raise


def bind(listen: Listen) -> socket.socket:
    """A listening socket; OSError says why not."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # the protocol is named because asyncio sets TCP_NODELAY only on sockets that name it
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listen.host, listen.port))
        sock.listen(2048)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def start(app: App, listen: Listen) -> Running:
    """Serve `app` until stopped; returns once connections are accepted."""
    certificates = Certificates(listen.cert, listen.key) if listen.cert and listen.key else None
    sock = bind(listen)
    config = uvicorn.Config(
        app=app,
        http=type("Edge", (Edge,), {"stall_s": listen.stall_s}),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # a stranger's bad request is no news; ours are in the journal
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(max(1, listen.drain_s)),
    )
    config.load()
    if certificates is not None:
        config.ssl = certificates.context
    server = _Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[sock]))
    while not server.started:
        if task.done():
            task.result()
            raise RuntimeError("the server stopped before it started")
        await asyncio.sleep(0.001)
    sweeper = asyncio.ensure_future(_sweep(server, certificates))
    host, port = sock.getsockname()[:2]
    return Running(host, port, certificates is not None, server, task, sweeper, certificates)


async def _sweep(server: _Server, certificates: Certificates | None) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_S)
        now = loop.time()
        for connection in list(server.server_state.connections):
            if isinstance(connection, Edge):
                connection.sweep(now)
        if certificates is not None:
            certificates.follow()


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main` on the fast loop; its event is set by the first SIGINT or SIGTERM.

    A second signal ends the process at once.
    """

    async def supervise() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                os._exit(130)
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        await main(stop)

    try:
        import uvloop
    except ImportError:
        asyncio.run(supervise())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(supervise())
