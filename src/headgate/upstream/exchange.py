"""One request and its reply: owns what has arrived, who waits for it, and how it ended.

Rule 1: every exchange is closed by its owner, always: close() is what frees the connection.
Rule 2: bytes that arrived before a break are handed out before its fault is raised.
Rule 3: cancelling open() drops the connection at once; cancelling read() loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from headgate.upstream.request import Request, encode
from headgate.wire.model import Fault, Headers, Kind


class Holder(Protocol):
    """Whoever has the exchange in hand: the queue, a dial or a connection."""

    def drop(self, exchange: Exchange) -> None:
        """Give the exchange up, and free at once whatever was held for it."""


class Exchange:
    """A try's request on its way and, once open() has returned, the answer to it."""

    __slots__ = (
        "_admit",
        "_closed",
        "_fault",
        "_loop",
        "_waiter",
        "body_size",
        "chunks",
        "complete",
        "head",
        "headers",
        "holder",
        "last_byte_at",
        "recalled",
        "request",
        "resume",
        "reused",
        "sent_all",
        "sent_any",
        "status",
        "straight",
        "unread",
    )

    def __init__(
        self,
        request: Request,
        admit: Callable[[Exchange], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.request = request
        self.status = 0
        """0 until the reply's head is there"""
        self.headers: Headers = []
        self.last_byte_at = loop.time()
        """when the upstream last sent a byte; before that, when the request was begun"""
        self.sent_any = False
        self.sent_all = False
        """has the whole request been handed to the network"""
        self.reused = False
        """did it travel on a connection that had served others before"""
        self.complete = False
        self.head = b""
        self.body_size = 0
        self.chunks: list[bytes] = []
        self.unread = 0
        self.holder: Holder | None = None
        self.resume: Callable[[], None] | None = None
        """set while the connection's reading is paused because too much is unread"""
        self.straight: Callable[[], None] | None = None
        """may take what arrives while read() waits, so that nobody is woken for it"""
        self.recalled = False
        """read() shall say b"" although more may come: its caller has something to do"""
        self._admit = admit
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None
        self._fault: Exception | None = None
        self._closed = False

    @property
    def awaits_head(self) -> bool:
        """Is the upstream still to begin its answer."""
        return not (self.status or self._closed) and self._fault is None

    async def open(self) -> Exchange:
        """Send the request and wait for the reply's head; raises Fault."""
        self.head, self.body_size = encode(self.request)
        try:
            self._admit(self)
            while not self.status and self._fault is None:
                await self._news()
        except BaseException:  # cancelled: nobody is left to close it
            self.close()
            raise
        if self._fault is not None and not self.status:
            raise self._fault
        return self

    async def read(self) -> bytes:
        """The body's next bytes, as they arrived; b"" is its clean end; raises Fault."""
        while True:
            if self.chunks:
                return self.taken()
            if self._fault is not None:
                raise self._fault
            if self.complete or self.recalled:
                self.recalled = False
                return b""
            if self._closed:
                raise RuntimeError("the exchange was closed: nothing can be read from it")
            await self._news()

    def taken(self) -> bytes:
        """What has arrived and was not read."""
        chunks = self.chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.unread = 0
        if self.resume is not None:
            self.resume()
        return data

    async def read_all(self, limit: int) -> bytes:
        """The whole rest of the body; one longer than `limit` bytes is a Fault."""
        if self.complete and self.chunks and self.unread <= limit:
            return self.taken()
        data = await self.read()
        parts: list[bytes] = []
        size = 0
        while data:
            size += len(data)
            if size > limit:
                place = self.request.url.place
                fault = Fault(
                    Kind.UPSTREAM,
                    f"the reply of {place} is longer than the {limit} bytes allowed for it",
                    maybe_billed=True,
                )
                self.fail(fault)
                raise fault
            parts.append(data)
            data = await self.read()
        return b"".join(parts)

    def close(self) -> None:
        """Let go. A reply that has not wholly arrived costs its connection, at once."""
        self._closed = True
        self.chunks.clear()
        self.resume = None
        self._drop()
        self.wake()

    def fail(self, fault: Fault) -> None:
        """End the exchange with this fault: a waiting or later open() or read() raises it."""
        if self._closed or (self.complete and not self.chunks):
            return
        self.chunks.clear()
        self.resume = None
        self.broken(fault)
        self._drop()

    def broken(self, fault: Fault) -> None:
        """What its holder found wrong; bytes that arrived before can still be read."""
        if self._fault is None:
            self._fault = fault
        self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self.straight is not None and self.chunks and self._all_went(self.straight):
            return
        waiter.set_result(None)

    def _all_went(self, straight: Callable[[], None]) -> bool:
        """Was everything taken, and is there nothing else to tell the reader."""
        try:
            straight()
        except Exception as wrong:  # noqa: BLE001 - it is the reader's to deal with
            self._fault = self._fault or wrong
        ended = self.complete or self.recalled or self._closed
        return not (self.chunks or ended or self._fault is not None)

    def _drop(self) -> None:
        holder, self.holder = self.holder, None
        if holder is not None:
            holder.drop(self)

    def _news(self) -> asyncio.Future[None]:
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("an exchange is read by one reader at a time")
        self._waiter = self._loop.create_future()
        return self._waiter
