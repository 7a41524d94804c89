"""One process's way to the table of keyed calls: takes keys, keeps them, says how calls ended.

Rule 1: one thread does everything, many calls in one commit; the loop waits for nothing but the
key of a call that is about to be sent, and has it once it is on the disk.
Rule 2: who runs a call keeps its key until the call has ended, however long that takes.
Rule 3: what could not be written is owed and tried again: a key that was perhaps taken is given
back, and an outcome is never lost while this process lives.
Rule 4: an answer is sealed with the key that its caller sent: nobody else can read it here.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from headgate.policy.keyed import State
from headgate.policy.replycache import Asked
from headgate.store import outcome as table
from headgate.store.link import Link
from headgate.store.outcome import Claim, Ended, Fresh, Run, Running, Unknown
from headgate.store.place import Place, explain
from headgate.store.replies.kept import Kept, packed, unpacked
from headgate.store.sealed import seal, unseal
from headgate.store.sql import ERRORS, StoreError, transaction

LEASE_S = 60.0
RENEW_S = 15.0
SWEEP_S = 60.0
RETRY_S = 0.5
CLOSE_S = 10.0
MOST_AT_ONCE = 256
"""keys that are taken, or calls that are sent, in one commit"""
CLOSED = "Headgate is about to stop"
SECOND = 1_000_000
_SPEED = 1
"""of packing: an event stream shrinks to a tenth at any"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that asks for its key."""

    asked: Asked
    what: bytes
    """what tells its request from others"""
    call_id: str
    kept_s: float
    """how long its outcome is to be remembered"""
    kept_bytes: int
    """what its answer may come to, packed, to be kept"""
    rerun: str = ""
    """the call whose unknown outcome it puts up with"""


class Done(NamedTuple):
    """It was answered before."""

    kept: Kept


class Mismatch:
    """Its key belongs to another request."""


Found = Fresh | Running | Done | Unknown | Mismatch


@dataclass(slots=True)
class _Ask:
    """Somebody waits for a key, or for leave to send the run that has it."""

    wanted: Wanted
    run: Run | None
    future: asyncio.Future[Found]
    loop: asyncio.AbstractEventLoop
    found: table.Found | None = None


class _Mine(NamedTuple):
    run: Run
    wanted: Wanted


class _End(NamedTuple):
    mine: _Mine
    state: State
    kept: Kept | None
    box: bytes | None = None


class Keyed:
    """take, send and end belong to one thread, the loop's."""

    def __init__(
        self,
        place: Place,
        owner: Callable[[], int],
        clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """`owner`: what this process is to the ledger just now."""
        self._place = place
        self._owner = owner
        self._clock_us = clock_us
        self._mine: dict[bytes, _Mine] = {}
        self._asks: deque[_Ask] = deque()
        self._ends: deque[_End] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="keyed", daemon=True)
        self._link = Link(place)
        self._renew_at = self._sweep_at = 0.0

    def start(self) -> None:
        self._thread.start()

    # ---- the loop's side

    async def take(self, wanted: Wanted) -> Found:
        """Take a call's key; StoreError: it cannot be taken, and the call must not be sent.

        Fresh: the call is this process's to run, and end() must be told of it.
        """
        mine = self._mine.get(wanted.asked.name)
        if mine is not None:
            same = mine.wanted.what == wanted.what
            return Running(mine.run.call_id) if same else Mismatch()
        ask = self._ask(wanted, None)
        try:
            return await ask.future
        except asyncio.CancelledError:
            future = ask.future
            if not future.cancelled() and isinstance(future.result(), Fresh):
                self.end(wanted.asked, State.ABSENT)
            raise

    async def send(self, asked: Asked) -> None:
        """Note that a call with its key is about to be sent; StoreError: it must not be."""
        mine = self._mine[asked.name]
        found = await self._ask(mine.wanted, mine.run).future
        if not isinstance(found, Fresh):
            raise StoreError("it stood still so long that another has its key")

    def _ask(self, wanted: Wanted, run: Run | None) -> _Ask:
        if self._closing:
            raise StoreError(CLOSED)
        loop = asyncio.get_running_loop()
        ask = _Ask(wanted, run, loop.create_future(), loop)
        self._asks.append(ask)
        self._wake.set()
        return ask

    def end(self, asked: Asked, state: State, kept: Kept | None = None) -> None:
        """Say what became of a call that this process runs; it is written soon."""
        mine = self._mine.pop(asked.name, None)
        if mine is not None:
            self._ends.append(_End(mine, state, kept))
            self._wake.set()

    def close(self) -> None:
        """Write what is left, and stop. It blocks; what still runs has no known outcome."""
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_S)

    def _deliver(self, ask: _Ask, found: Found | Exception) -> None:
        """In the loop: a key nobody waits for any more is given back."""
        future, wanted = ask.future, ask.wanted
        taken = ask.run is None and isinstance(found, Fresh)
        if taken and isinstance(found, Fresh):
            self._mine[wanted.asked.name] = _of(wanted, found)
        if future.done():
            if taken:
                self.end(wanted.asked, State.ABSENT)
        elif isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)

    # ---- the thread's side

    def _run(self) -> None:
        last = False
        try:
            while not last:
                self._wake.wait(self._pause_s())
                self._wake.clear()
                last = self._closing
                self._work()
        finally:
            self._closing = True
            self._fail(_emptied(self._asks), StoreError(CLOSED))

    def _pause_s(self) -> float | None:
        """How long nothing is to be done unless somebody asks; None: for ever."""
        if self._ends or (self._mine and not self._link.is_open):
            return RETRY_S
        if not self._link.is_open:
            return None
        return max(min(self._renew_at, self._sweep_at) - time.monotonic(), 0.0)

    def _work(self) -> None:
        while self._asks or self._ends:
            asks = [self._asks.popleft() for _ in range(min(len(self._asks), MOST_AT_ONCE))]
            ends = [self._ends.popleft() for _ in range(len(self._ends))]
            try:
                self._do(asks, [self._boxed(each) for each in ends])
            except (*ERRORS, StoreError, OSError) as error:
                self._owe(asks, ends)
                self._fail([*asks, *_emptied(self._asks)], error)
                return
            for ask in asks:
                assert ask.found is not None
                self._answer(ask, self._opened(ask.wanted, ask.found))
        try:
            self._keep()
        except (*ERRORS, StoreError, OSError) as error:
            self._fail([], error)

    def _fail(self, asks: list[_Ask], error: Exception) -> None:
        words = explain(error, self._place)
        self._link.drop()
        for ask in asks:
            self._answer(ask, words)

    def _do(self, asks: list[_Ask], ends: list[_End]) -> None:
        connection = self._link.usable()
        if not ends:  # most who come again can be answered without a lock
            now_us = table.now_us(connection, self._clock_us())
            for ask in asks:
                if ask.run is None:
                    ask.found = table.look(connection, self._claim(ask.wanted), now_us)
        jobs: list[_Ask | _End] = [*ends, *(ask for ask in asks if ask.found is None)]
        if not jobs:
            return
        jobs.sort(key=_name)  # in one order everywhere: nobody waits for a row in a circle
        with transaction(connection):
            now_us = table.now_us(connection, self._clock_us())
            for job in jobs:
                if isinstance(job, _End):
                    run, wanted = job.mine
                    ends_us = now_us + int(wanted.kept_s * SECOND)
                    table.end(connection, run, job.state, job.box, ends_us)
                elif job.run is None:
                    job.found = table.take(connection, self._claim(job.wanted), now_us)
                else:
                    sent = table.send(connection, job.run)
                    job.found = Fresh(job.run.at_us) if sent else Running("")

    def _owe(self, asks: list[_Ask], ends: list[_End]) -> None:
        """Outcomes are written later; a key whose commit nobody confirmed is given back."""
        given_back = [
            _End(_of(ask.wanted, ask.found), State.ABSENT, None)
            for ask in asks
            if isinstance(ask.found, Fresh) and ask.run is None
        ]
        self._ends.extendleft(reversed([*ends, *given_back]))

    def _claim(self, wanted: Wanted) -> Claim:
        return Claim(
            wanted.asked.name,
            wanted.what,
            wanted.call_id,
            self._owner(),
            int(LEASE_S * SECOND),
            int(wanted.kept_s * SECOND),
            wanted.rerun,
        )

    def _keep(self) -> None:
        """Renew the leases of what runs here, and forget what is too old, when it is time."""
        now = time.monotonic()
        if now < min(self._renew_at, self._sweep_at) and self._link.is_open:
            return
        runs = sorted(mine.run for mine in list(self._mine.values()))
        if not self._link.is_open and not runs:
            return
        connection = self._link.usable()
        now_us = table.now_us(connection, self._clock_us())
        if runs:
            with transaction(connection):
                lease_us = now_us + int(LEASE_S * SECOND)
                table.renew(connection, runs, self._owner(), lease_us)
        self._renew_at = now + RENEW_S
        if now >= self._sweep_at:
            full = table.sweep(connection, now_us) == table.SWEPT_AT_ONCE
            self._sweep_at = now + (RETRY_S if full else SWEEP_S)

    def _answer(self, ask: _Ask, found: Found | Exception) -> None:
        with contextlib.suppress(RuntimeError):  # that loop has ended: nobody waits
            ask.loop.call_soon_threadsafe(self._deliver, ask, found)

    def _boxed(self, end: _End) -> _End:
        """With its answer sealed; one that is too long is not kept."""
        if end.kept is None or end.box is not None:
            return end
        small = zlib.compress(packed(end.kept), _SPEED)
        wanted = end.mine.wanted
        if len(small) > wanted.kept_bytes:
            return end
        return end._replace(box=seal(wanted.asked.key, small, wanted.asked.name))

    def _opened(self, wanted: Wanted, found: table.Found) -> Found:
        if found == "mismatch":
            return Mismatch()
        if not isinstance(found, Ended):
            return found
        small = unseal(wanted.asked.key, found.reply, wanted.asked.name)
        kept = unpacked(zlib.decompress(small)) if small is not None else None
        return Done(kept) if kept is not None else Unknown(found.call_id, answered=True)


def _name(job: _Ask | _End) -> bytes:
    return job.mine.run.name if isinstance(job, _End) else job.wanted.asked.name


def _of(wanted: Wanted, fresh: Fresh) -> _Mine:
    return _Mine(Run(wanted.asked.name, wanted.call_id, fresh.at_us), wanted)


def _emptied(asks: deque[_Ask]) -> list[_Ask]:
    return [asks.popleft() for _ in range(len(asks))]
