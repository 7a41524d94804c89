"""The one door out: owns every upstream connection, who uses it, who waits and for how long.

Rule 1: nothing is retried here, except that a connection found dead before it accepted one
byte is replaced: nobody upstream has seen the request.
Rule 2: the connection freed last is used first; those who wait are served in order.
Rule 3: proxy variables of the environment are ignored: base_url says where traffic goes.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from headgate.upstream.connection import Bounds, Connection
from headgate.upstream.dial import Dial, Exits
from headgate.upstream.exchange import Exchange
from headgate.upstream.names import Find, Names, ask_system
from headgate.upstream.request import Request, Url
from headgate.wire.model import Fault, Kind


@dataclass(frozen=True, slots=True)
class Site:
    """What the pools of one door share."""

    loop: asyncio.AbstractEventLoop
    bounds: Bounds
    exits: Exits
    on_idle: Callable[[], None]
    on_gone: Callable[[], None]


class Pool:
    """The connections to one upstream, and the exchanges that wait for one."""

    __slots__ = (
        "_dials",
        "_ending",
        "_site",
        "_url",
        "_waiting",
        "closed",
        "connections",
        "idle",
        "loop",
    )

    def __init__(self, url: Url, site: Site) -> None:
        self._url = url
        self._site = site
        self.loop = site.loop
        self._dials: set[Dial] = set()
        self._ending: set[Dial] = set()
        """dials that have their result, and sockets left to close"""
        self._waiting: deque[Exchange] = deque()
        self.idle: list[Connection] = []
        self.connections: set[Connection] = set()
        self.closed = False

    def admit(self, exchange: Exchange) -> None:
        """Send on an idle connection, dial a new one, or wait for a place."""
        if self.closed:
            exchange.broken(Fault(Kind.BUSY, "the gateway is closing its upstream connections"))
            return
        idle = self.idle
        while idle:
            connection = idle.pop()
            if connection.usable() and connection.send(exchange):
                return
            connection.abort()
        if self._has_room():
            self._dial(exchange)
        else:
            exchange.holder = self
            self._waiting.append(exchange)

    def drop(self, exchange: Exchange) -> None:
        self._waiting.remove(exchange)

    def sockets(self) -> int:
        dials = self._dials | self._ending
        return len(self.connections) + sum(len(dial.sockets) for dial in dials)

    def expire(self, before: float) -> None:
        """Close what has been idle since `before`; the list is in order of release."""
        idle = self.idle
        while idle and idle[0].idle_since <= before:
            idle.pop(0).abort()

    def close(self) -> None:
        self.closed = True
        fault = Fault(Kind.BUSY, "the gateway closed its upstream connections")
        for exchange in [*self._waiting, *(dial.exchange for dial in self._dials)]:
            exchange.fail(fault)
        for connection in list(self.connections):
            connection.end(fault)

    def _has_room(self) -> bool:
        return len(self.connections) + len(self._dials) < self._url.max_connections

    def _dial(self, exchange: Exchange) -> None:
        dial = Dial(exchange, self._site.exits, self._attach, self._dialled)
        self._dials.add(dial)
        dial.task.add_done_callback(lambda _: self._ended(dial))

    def _attach(self, sock: socket.socket) -> Connection:
        site = self._site
        return Connection(sock, site.loop.time, site.bounds, self._free, self._gone)

    def _dialled(self, dial: Dial, result: Connection | Fault | None) -> None:
        self._dials.discard(dial)
        self._ending.add(dial)
        exchange = dial.exchange
        if isinstance(result, Connection):
            if not result.lost:
                self.connections.add(result)
            if not result.send(exchange):
                result.abort()
                result = Fault(
                    Kind.CONNECTION,
                    f"{self._url.place} closed the connection before a request could be sent",
                )
        if isinstance(result, Fault):
            exchange.holder = None
            exchange.broken(result)
        self._next()

    def _ended(self, dial: Dial) -> None:
        self._ending.discard(dial)
        self._site.on_gone()

    def _free(self, connection: Connection) -> None:
        if self.closed:
            connection.abort()
            return
        if self._waiting:
            exchange = self._waiting.popleft()
            if connection.usable() and connection.send(exchange):
                return
            self._waiting.appendleft(exchange)
            connection.abort()
            return
        connection.idle_since = self._site.loop.time()
        self.idle.append(connection)
        self._site.on_idle()

    def _gone(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._next()
        self._site.on_gone()

    def _next(self) -> None:
        while self._waiting and self._has_room():
            self._dial(self._waiting.popleft())


class Door:
    """Opens exchanges with upstreams; lives on one event loop."""

    def __init__(
        self,
        *,
        max_idle_s: float = 60,
        max_head_bytes: int = 65_536,
        max_buffer: int = 256 * 1024,
        find: Find = ask_system,
    ) -> None:
        self._max_idle_s = max_idle_s
        self._bounds = Bounds(max_head_bytes, max_buffer)
        self._exits = Exits(Names(find))
        self._pools: dict[str, Pool] = {}
        self._site: Site | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Event | None = None

    def exchange(self, request: Request) -> Exchange:
        """A request about to be sent; `await exchange.open()` sends it. Close it, always."""
        pool = self._pools.get(request.url.key)
        if pool is None:
            pool = self._pool(request.url)
        return Exchange(request, pool.admit, pool.loop)

    async def open(self, request: Request) -> Exchange:
        """Send a request and wait for the head of its reply; raises Fault."""
        return await self.exchange(request).open()

    def open_sockets(self) -> int:
        """Sockets to upstreams that are open or being opened."""
        return sum(pool.sockets() for pool in self._pools.values())

    def idle(self) -> int:
        """Connections that wait for a request."""
        return sum(len(pool.idle) for pool in self._pools.values())

    async def close(self) -> None:
        """End every exchange and close every connection; returns when none is open."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for pool in self._pools.values():
            pool.close()
        self._emptied = asyncio.Event()
        while self.open_sockets():
            self._emptied.clear()
            await self._emptied.wait()

    def _pool(self, url: Url) -> Pool:
        if self._site is None:
            loop = asyncio.get_running_loop()
            self._site = Site(loop, self._bounds, self._exits, self._on_idle, self._on_gone)
        pool = self._pools[url.key] = Pool(url, self._site)
        pool.closed = self._emptied is not None
        return pool

    def _on_gone(self) -> None:
        if self._emptied is not None:
            self._emptied.set()

    def _on_idle(self) -> None:
        if self._sweep is None and self._site is not None:
            self._sweep = self._site.loop.call_later(self._max_idle_s, self._expire)

    def _expire(self) -> None:
        """One timer for all: it runs while anything is idle, and then not at all."""
        self._sweep = None
        site = self._site
        if site is None:
            return
        before = site.loop.time() - self._max_idle_s
        for pool in self._pools.values():
            pool.expire(before)
        oldest = [pool.idle[0].idle_since for pool in self._pools.values() if pool.idle]
        if oldest:
            self._sweep = site.loop.call_at(min(oldest) + self._max_idle_s, self._expire)
