"""A call that several clients read: it runs as a task of its own and is recorded as it comes.

Rule 1: every client, the first one too, reads the record from its beginning at its own speed;
none makes another wait, and all get the same bytes.
Rule 2: whoever leaves last ends the call, unless something else keeps it: a key that its client
may come back with, or clients of another process.
Rule 3: a record that is over is joined by nobody: what may be given again is kept elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from headgate.engine.tally import Tally
from headgate.wire.model import Ending, Fault, Headers, Kind

LARGEST_BYTES = 64 * 1024 * 1024
"""of one record"""
FAREWELL_S = 2.0
"""how long calls that nobody reads have to end when the process does"""


class Head(NamedTuple):
    """How a reply begins."""

    status: int
    headers: Headers
    whole: bool
    """does the body come in one piece, with its length in front"""


class Afar(NamedTuple):
    """How a call ended that another process ran."""

    ending: Ending
    fault: Fault | None
    cost_nusd: int


class Record:
    """The Sink of a call that is recorded, and what came of it so far."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.sent_at = 0.0
        self.head: Head | None = None
        self.parts: list[bytes] = []
        self.size = 0
        self.over = False
        self.fault: Fault | None = None
        """why there is no reply at all: each reader explains it to its own client"""
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        self.head = Head(status, headers, True)
        self._take(body)
        self.end_here()

    async def start(self, status: int, headers: Headers) -> None:
        self.head = Head(status, headers, False)
        self.sent_at = self._clock()
        self._wake()

    async def send(self, data: bytes) -> None:
        self.put(data)

    async def end(self, data: bytes) -> None:
        self._take(data)
        self.end_here()

    def put(self, data: bytes) -> None:
        self.sent_at = self._clock()
        self._take(data)
        self._wake()

    def stalled(self) -> bool:
        """A record refuses nothing: its readers wait each for itself."""
        return False

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > LARGEST_BYTES:
            raise Fault(Kind.UPSTREAM, f"the answer is longer than {LARGEST_BYTES >> 20} MB")
        if data:
            self.parts.append(data)

    def end_here(self) -> None:
        self.over = True
        self._wake()

    def fail(self, fault: Fault) -> None:
        """There will be no reply, or no more of it."""
        if not self.over:
            self.fault = fault
            self.end_here()

    async def news(self) -> None:
        """Wait until there is more of it."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def now(self) -> float:
        return self._clock()

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


class Flight:
    """One shared call."""

    def __init__(self, name: bytes, first: Tally, clock: Callable[[], float]) -> None:
        self.name = name
        self.first = first
        """whose request is sent, should one be"""
        self.record = Record(clock)
        self.led: Tally | None = None
        """the call to an upstream; None: the reply comes from elsewhere"""
        self.afar: Afar | None = None
        """what another process says of it, where it was over there"""
        self.answered_from = "join"
        """what readers' rows say of where their reply is from"""
        self.said: Headers = []
        """header fields for whoever did not ask first"""
        self.once: Callable[[], Awaitable[None]] | None = None
        """see Tally.once"""
        self.wanted: Callable[[], bool] = _nobody
        """does anybody but its readers want it"""
        self.readers = 0
        self.task: asyncio.Task[None] | None = None

    @property
    def joinable(self) -> bool:
        """Does it go on; one that was cancelled takes a moment to end."""
        task = self.task
        return not self.record.over and (task is None or not task.cancelling())

    async def begun(self) -> None:
        """Wait until there is something to read, or never will be."""
        record = self.record
        while record.head is None and not record.over:
            await record.news()

    def leave(self) -> None:
        """One reader less: the last one ends a call that nobody else wants."""
        self.readers -= 1
        self.let_go()

    def let_go(self) -> None:
        """End it if nobody wants it any more."""
        task = self.task
        if not self.readers and task is not None and not task.done() and not self.wanted():
            task.cancel()


def _nobody() -> bool:
    return False


def always() -> bool:
    """It is wanted whoever reads it."""
    return True


class Flights:
    """The shared calls that run in this process; it outlives a reload."""

    def __init__(self) -> None:
        self._by_name: dict[bytes, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._by_name)

    def of(self, name: bytes) -> Flight | None:
        """The running one; None: there is none that could be joined."""
        flight = self._by_name.get(name)
        return flight if flight is not None and flight.joinable else None

    def begin(self, flight: Flight, course: Coroutine[Any, Any, None]) -> None:
        """Let it run; whoever asks for its name from now on reads it."""
        self._by_name[flight.name] = flight
        task = flight.task = asyncio.ensure_future(self._fly(flight, course))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fly(self, flight: Flight, course: Coroutine[Any, Any, None]) -> None:
        record = flight.record
        try:
            await course
        except Fault as fault:
            record.fail(fault)
        except asyncio.CancelledError:
            record.fail(Fault(Kind.BUSY, "the call was ended before its answer was complete"))
        except Exception as bug:
            record.fail(Fault(Kind.INTERNAL, f"a shared call failed: {type(bug).__name__}"))
            raise
        finally:
            if not record.over:
                record.fail(Fault(Kind.INTERNAL, "a shared call ended without an answer"))
            if self._by_name.get(flight.name) is flight:
                del self._by_name[flight.name]

    async def landed(self) -> None:
        """Wait until none of them runs any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End what still runs, of which nobody reads."""
        if not self._tasks:
            return
        _, running = await asyncio.wait(self._tasks, timeout=FAREWELL_S)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def read(flight: Flight, tally: Tally, headers: Callable[[Head], Headers]) -> None:
    """Give one client the record, from its beginning to its end.

    Raises the flight's fault where nothing of a reply was sent.
    """
    record, sink = flight.record, tally.sink
    await flight.begun()
    head = record.head
    if head is None or (head.whole and record.fault is not None):
        raise record.fault or Fault(Kind.INTERNAL, "a shared call ended without an answer")
    tally.status, tally.first_content = head.status, record.now()
    if head.whole:
        tally.reply_bytes = record.size
        tally.answered, tally.ending = True, Ending.COMPLETE
        await sink.whole(head.status, headers(head), record.body)
        return
    tally.committed = True
    await sink.start(head.status, headers(head))
    await _follow(record, tally)


async def _follow(record: Record, tally: Tally) -> None:
    sink, at = tally.sink, 0
    while not record.over:
        if at == len(record.parts):
            await record.news()
            continue
        data = b"".join(record.parts[at:])
        at = len(record.parts)
        tally.reply_bytes += len(data)
        await sink.send(data)
    if record.fault is not None:
        raise record.fault
    last = b"".join(record.parts[at:])
    tally.reply_bytes += len(last)
    tally.answered, tally.ending = True, Ending.COMPLETE
    await sink.end(last)
