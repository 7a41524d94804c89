"""Reaches one upstream: name, TCP, TLS, all within one limit, and ends exactly once.

Rule 1: nothing here is ever cancelled: a dial given up shuts its sockets down, and the
tasks that wait for them end by themselves at once.
Rule 2: addresses are tried a quarter second apart; the first to answer wins (RFC 8305).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from headgate.upstream import tls
from headgate.upstream.connection import Connection
from headgate.upstream.exchange import Exchange
from headgate.upstream.names import Address, Names
from headgate.wire.model import Fault, Kind

STAGGER_S = 0.25


@dataclass(slots=True)
class Exits:
    """What every dial of a door shares."""

    names: Names = field(default_factory=Names)
    trust: tls.Trust = field(default_factory=tls.Trust)


class Dial:
    """One way to an upstream being opened for one exchange."""

    __slots__ = (
        "_attach",
        "_connecting",
        "_done",
        "_exits",
        "_loop",
        "_losers",
        "_over",
        "_timer",
        "_won",
        "exchange",
        "sockets",
        "task",
    )

    def __init__(
        self,
        exchange: Exchange,
        exits: Exits,
        attach: Callable[[socket.socket], Connection],
        done: Callable[[Dial, Connection | Fault | None], None],
    ) -> None:
        """`done` gets the connection, the fault, or None when the dial was given up."""
        self.exchange = exchange
        self.sockets: set[socket.socket] = set()
        self._connecting: dict[socket.socket, asyncio.Future[None]] = {}
        self._exits = exits
        self._attach = attach
        self._done = done
        self._over = self._won = False
        self._losers: set[asyncio.Task[socket.socket | OSError]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(exchange.request.connect_s, self._expire)
        self.task = self._loop.create_task(self._run())
        exchange.holder = self

    def drop(self, exchange: Exchange) -> None:
        self._end(None)

    def _expire(self) -> None:
        request = self.exchange.request
        text = f"no connection to {request.url.place} within {request.connect_s:g} s"
        self._end(Fault(Kind.TIMEOUT, text))

    def _end(self, result: Connection | Fault | None) -> None:
        if self._over:
            return
        self._over = True
        self._timer.cancel()
        if not isinstance(result, Connection):
            for sock in self.sockets:
                self._give_up(sock)
        self._done(self, result)

    async def _run(self) -> None:
        url = self.exchange.request.url
        try:
            context = await self._exits.trust.context(url)
            sock = await self._race(await self._find())
            if self._over:
                self._discard(sock)
            else:
                self._deliver(await self._secure(sock, context))
        except Fault as fault:
            self._end(fault)
        finally:
            # Reached otherwise only by a defect or the loop's own end: nobody may hang on it.
            self._end(Fault(Kind.INTERNAL, f"reaching {url.place} ended without a result"))
        if self._losers:
            await asyncio.wait(self._losers)

    async def _find(self) -> list[Address]:
        url = self.exchange.request.url
        try:
            addresses = await self._exits.names.addresses(url.host, url.port)
        except OSError as error:
            text = f"cannot resolve the host name {url.host!r}: {error.strerror or error}"
            raise Fault(Kind.CONNECTION, text) from error
        if not addresses:
            raise Fault(Kind.CONNECTION, f"the host name {url.host!r} has no address")
        return addresses

    async def _race(self, addresses: list[Address]) -> socket.socket:
        untried = addresses[::-1]
        running: set[asyncio.Task[socket.socket | OSError]] = set()
        errors: list[OSError] = []
        while (untried or running) and not self._over:
            if untried:
                running.add(self._loop.create_task(self._connect(untried.pop())))
            ended, running = await asyncio.wait(
                running,
                timeout=STAGGER_S if untried else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in ended:
                outcome = attempt.result()
                if isinstance(outcome, OSError):
                    errors.append(outcome)
                else:
                    self._losers = running
                    return outcome
        raise self._unreachable(errors)

    async def _connect(self, address: Address) -> socket.socket | OSError:
        """A connected socket, or why not; the first of a race shuts the others down."""
        if self._over or self._won:  # given up before this task had its first turn
            return ConnectionAbortedError("given up")
        try:
            sock = socket.socket(address[0], socket.SOCK_STREAM)
        except OSError as error:
            return error
        self.sockets.add(sock)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._reach(sock, address)
            if self._over or self._won:
                raise ConnectionAbortedError("given up")
        except OSError as error:
            self._discard(sock)
            return error
        except BaseException:
            self._discard(sock)
            raise
        self._won = True
        for other in self.sockets:
            if other is not sock:
                self._give_up(other)
        return sock

    async def _reach(self, sock: socket.socket, address: Address) -> None:
        """Connect, beginning now: uvloop's sock_connect begins a turn of the loop later, and
        does so even if nobody wants it any more."""
        code = sock.connect_ex(address[1])
        if code == errno.EINPROGRESS:
            settled = self._connecting[sock] = self._loop.create_future()
            self._loop.add_writer(sock, _settle, settled)
            try:
                await settled
            finally:
                self._loop.remove_writer(sock)
                del self._connecting[sock]
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _give_up(self, sock: socket.socket) -> None:
        """End whatever waits for this socket: a connect or a handshake fails at once."""
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        if sock in self._connecting:
            _settle(self._connecting[sock])

    async def _secure(self, sock: socket.socket, context: ssl.SSLContext | None) -> Connection:
        url = self.exchange.request.url
        lent = sock.dup()  # the loop's to close; ours stays ours until the handshake is over
        connection = self._attach(lent)
        try:
            transport, _ = await self._loop.create_connection(
                lambda: connection,
                sock=lent,
                ssl=context,
                server_hostname=url.host if context is not None else None,
            )
            if transport.is_closing():
                raise ConnectionResetError(errno.ECONNRESET, "closed at once")
        except OSError as error:
            self._disown(lent)
            if context is None:
                raise self._unreachable([error]) from error
            raise tls.explain(url, error) from error
        finally:
            self._discard(sock)
        return connection

    def _disown(self, lent: socket.socket) -> None:
        """uvloop 0.23 closes the descriptor of a connection that fails early, and leaves its
        number in the socket object: closing that too would hit whoever has the number by then.
        """
        if not isinstance(self._loop, asyncio.BaseEventLoop):
            lent.detach()

    def _deliver(self, connection: Connection) -> None:
        if self._over:
            connection.abort()
        self._end(connection)

    def _discard(self, sock: socket.socket) -> None:
        self.sockets.discard(sock)
        sock.close()

    def _unreachable(self, errors: list[OSError]) -> Fault:
        reasons = dict.fromkeys(_reason(error) for error in errors)
        text = f"cannot connect to {self.exchange.request.url.place}: {', '.join(reasons)}"
        return Fault(Kind.CONNECTION, text)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
