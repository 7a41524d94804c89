"""The one door in: owns the server process, its sockets, its certificates and its end.

Rule 1: no other module knows which server library this is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import math
import os
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from headgate.gateway.edge import EDGE, LINE, Edge
from headgate.gateway.line import App, Line, Message, Receive, Scope, Send

__all__ = [
    "EDGE",
    "LINE",
    "App",
    "Edge",
    "Line",
    "Listen",
    "Message",
    "Receive",
    "Running",
    "Scope",
    "Send",
    "Stop",
]

SWEEP_S = 0.5
CUT_S = 0.5
"""how long a request that is cut off may take to put its things away"""
INTERRUPTED = 130
"""what a process that was told twice to stop exits with: 128 and the number of SIGINT"""
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h


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
    socket: socket.socket | None = None
    """one that listens already; None: a new one on host and port"""


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

    def hurry(self) -> None:
        """Let a stop() that waits for running calls wait no longer."""
        self._server.force_exit = True

    async def cut(self) -> None:
        """End what is being answered and every connection, whoever is at its other end."""
        tasks = list(self._server.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CUT_S)
        for connection in self.connections():
            connection.transport.abort()

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

    def follow(self) -> str:
        """Load the files again if they changed; why they cannot be used, if so.

        A half-written pair is tried again at the next look; the old one serves meanwhile.
        """
        before = self._stamp
        try:
            if self._read_stamp() != before:
                self.load()
        except (OSError, ssl.SSLError) as error:
            self._stamp = before
            return f"{self.cert}: {error.strerror or error}; the old certificate stays in use"
        return ""


def bind(listen: Listen, *, shared: bool = False) -> socket.socket:
    """A listening socket; OSError says why not. `shared`: beside others of its kind."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # the protocol is named because asyncio sets TCP_NODELAY only on sockets that name it
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((listen.host, listen.port))
        sock.listen(2048)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def reserve(listen: Listen) -> socket.socket:
    """Hold a port for this process and those it starts; OSError: somebody has it.

    It never listens, so no call waits in it.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((listen.host, listen.port))
        # only now: bound with it, another gateway of this user would be let in beside us
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        held.close()
        raise
    return held


def _ignore(_: str) -> None:
    pass


async def start(
    app: App, listen: Listen, on_trouble: Callable[[str], None] = _ignore
) -> Running:
    """Serve `app` until stopped; returns once connections are accepted.

    `on_trouble` is told when a renewed certificate cannot be used, and why.
    """
    certificates = Certificates(listen.cert, listen.key) if listen.cert and listen.key else None
    sock = listen.socket or bind(listen)
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
        timeout_graceful_shutdown=math.ceil(listen.drain_s) + 1,  # the last line: see Opened
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
    sweeper = asyncio.ensure_future(_sweep(server, certificates, on_trouble))
    host, port = sock.getsockname()[:2]
    return Running(host, port, certificates is not None, server, task, sweeper, certificates)


async def _sweep(
    server: _Server, certificates: Certificates | None, on_trouble: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    trouble = ""
    while True:
        await asyncio.sleep(SWEEP_S)
        now = loop.time()
        for connection in list(server.server_state.connections):
            if isinstance(connection, Edge):
                connection.sweep(now)
        if certificates is not None and (why := certificates.follow()) != trouble:
            trouble = why
            on_trouble(why)


def _keep_memory() -> None:
    """Let glibc keep the memory of long bodies for the next ones.

    Otherwise it gives every megabyte back to the kernel and faults it in again, page by page:
    a third of the cost of a 1 MB call. Elsewhere than on glibc nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, 256 * 1024 * 1024)
        mallopt(_TOP_PAD, 16 * 1024 * 1024)
        mallopt(_MMAP_THRESHOLD, 8 * 1024 * 1024)


class Stop(asyncio.Event):
    """Set by the first SIGINT or SIGTERM: finish what is running."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = asyncio.Event()
        """set by the second: end what is running"""

    def on_signal(self) -> None:
        if self.at_once.is_set():
            os._exit(INTERRUPTED)
        if self.is_set():
            self.at_once.set()
        self.set()


def run(main: Callable[[Stop], Awaitable[None]]) -> None:
    """Run `main` on the fast loop; signals tell it to stop, and then to stop at once.

    A third signal ends the process, whatever it is doing.
    """

    _keep_memory()

    async def supervise() -> bool:
        loop = asyncio.get_running_loop()
        stop = Stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.on_signal)
        await main(stop)
        return stop.at_once.is_set()

    try:
        import uvloop
    except ImportError:
        was_cut_off = asyncio.run(supervise())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            was_cut_off = runner.run(supervise())
    if was_cut_off:
        sys.exit(INTERRUPTED)
