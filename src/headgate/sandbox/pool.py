"""The workers: decides which there are, which spares stand ready, and which worker goes.

Rule 1: a worker belongs to one tenant and one runtime, and to nobody else ever.
Rule 2: a run takes a spare, or the one that is just being made, or has one made.
Rule 3: spares are made between runs: whose runs stand in line gets none made beside them, as
they would take the time of others.
Rule 4: a worker that broke is replaced; a run of which nothing had begun is tried once more.
Rule 5: where the machine has no more processes or files to give, idle workers give theirs back:
not those that are in use, or nobody had a place at all.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast

from headgate.sandbox.demand import Demand
from headgate.sandbox.exhausted import refusal
from headgate.sandbox.foreman import Broken
from headgate.sandbox.model import (
    File,
    Heard,
    Limits,
    Order,
    Refused,
    Result,
    Runtime,
    Status,
)

LIGHT_MB, HEAVY_MB = 4, 15
"""what a spare takes without and with libraries loaded; measured: docs/concepts/sandbox.md"""
PREPARE_S = 30.0
"""a worker that has made no place after so long never will"""
UNUSED_S = 10.0
"""after so long a worker gives back what it holds where there is no more to be had"""

DEFAULT = Limits()

Hearing = Callable[[Heard], None] | None


class Place(Protocol):
    """What the pool knows of a cell."""

    alive: bool

    async def carry_out(self, order: Order, heard: Hearing = None) -> Result: ...

    def kill(self) -> None: ...


class Lasting(Place, Protocol):
    """A cell that takes one order after another."""

    async def files(self, most_bytes: int) -> tuple[File, ...]: ...


class Forker(Protocol):
    """What the pool knows of a foreman."""

    alive: bool

    async def prepare(self, limits: Limits, *, session: bool = False) -> Place: ...

    async def close(self) -> None: ...


Start = Callable[[Runtime], Coroutine[None, None, Forker]]


class Bounds(NamedTuple):
    """How much of it there may be."""

    workers: int
    spares: int
    """of one worker"""
    spares_mb: int
    """of all"""
    idle_s: float


class Taken(NamedTuple):
    """A place, and who made it."""

    place: Lasting
    worker: Worker


@dataclass(eq=False, slots=True)
class Worker:
    """A foreman and what stands ready with it."""

    key: tuple[str, Runtime]
    started: asyncio.Task[Forker]
    cost_mb: int
    demand: Demand = field(default_factory=Demand)
    spares: deque[Place] = field(default_factory=deque)
    making: deque[asyncio.Task[Place]] = field(default_factory=deque)
    busy: int = 0
    """runs and sessions"""
    used_s: float = 0.0
    limits: Limits = DEFAULT
    """what was asked for last: a spare is made for it"""

    @property
    def ready(self) -> int:
        return len(self.spares) + len(self.making)

    @property
    def is_broken(self) -> bool:
        task = self.started
        if not task.done():
            return False
        return task.cancelled() or task.exception() is not None or not task.result().alive


class Pool:
    """Workers by tenant and runtime."""

    def __init__(
        self,
        start: Start,
        bounds: Bounds,
        waits: Callable[[str], bool] = lambda tenant: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`waits`: has a tenant runs that stand in line."""
        self._start, self._bounds, self._waits, self._now = start, bounds, waits, now
        self._workers: dict[tuple[str, Runtime], Worker] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._is_closed = False
        self.hits = self.misses = self.replaced = 0

    @property
    def workers(self) -> tuple[Worker, ...]:
        return tuple(self._workers.values())

    async def carry_out(
        self, tenant: str, order: Order, heard: Hearing, begins: Callable[[], None]
    ) -> Result:
        """Do it in a fresh place; `begins` is called when that stands ready."""
        for last in (False, True):
            try:
                with self._use(tenant, order.runtime) as worker:
                    with self._room_told():
                        place = await self._take(worker, order.limits)
                    begins()
                    try:
                        return await place.carry_out(order, heard)
                    finally:
                        place.kill()
            except Broken as broken:
                self.replaced += 1
                if broken.begun or last:
                    return broken_result(order.runtime, str(broken))
        raise AssertionError  # the second time returns

    async def open(self, tenant: str, runtime: Runtime, limits: Limits) -> Taken:
        """A place that carries out one order after another, until `close_place`."""
        for last in (False, True):
            worker = self._worker(tenant, runtime)
            worker.busy += 1
            try:
                with self._room_told():
                    forker = await self._forker(worker)
                    place = await forker.prepare(limits, session=True)
                return Taken(cast(Lasting, place), worker)  # it was asked for as one
            except BaseException as error:
                self._leave(worker)
                if last or not isinstance(error, Broken):
                    raise
                self.replaced += 1
        raise AssertionError  # the second time returns or raises

    def close_place(self, taken: Taken) -> None:
        taken.place.kill()
        self._leave(taken.worker)

    def tend(self) -> None:
        """Close what was idle for long, and let go of spares that nobody will ask for."""
        now = self._now()
        for worker in self.workers:
            idle = not worker.busy and now - worker.used_s > self._bounds.idle_s
            if idle or worker.is_broken:
                self._remove(worker)
                continue
            wanted = self._wanted(worker, now)
            while worker.spares and worker.ready > wanted:
                worker.spares.pop().kill()

    async def close(self) -> None:
        self._is_closed = True
        for worker in self.workers:
            self._remove(worker)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    @contextmanager
    def _use(self, tenant: str, runtime: Runtime) -> Iterator[Worker]:
        worker = self._worker(tenant, runtime)
        worker.busy += 1
        try:
            yield worker
        finally:
            self._leave(worker)

    def _leave(self, worker: Worker) -> None:
        worker.busy -= 1
        worker.used_s = self._now()
        if self._workers.get(worker.key) is not worker:
            return
        if worker.is_broken:
            self._remove(worker)
        elif not self._waits(worker.key[0]):
            self._refill(worker)

    def _worker(self, tenant: str, runtime: Runtime) -> Worker:
        key = (tenant, runtime)
        worker = self._workers.get(key)
        if worker is not None and worker.is_broken:
            self._remove(worker)
            worker = None
        if worker is None:
            if self._is_closed:
                raise Refused("the sandbox is closing", kind="busy")
            self._make_room()
            started = asyncio.ensure_future(self._start(runtime))
            worker = Worker(key, started, HEAVY_MB if runtime.imports else LIGHT_MB)
            self._workers[key] = worker
        worker.used_s = self._now()
        return worker

    def _make_room(self) -> None:
        """Idle workers go, the longest idle first; those in use are as many as runs."""
        idle = sorted((it for it in self.workers if not it.busy), key=lambda it: it.used_s)
        for worker in idle[: max(0, len(self._workers) + 1 - self._bounds.workers)]:
            self._remove(worker)

    @contextmanager
    def _room_told(self) -> Iterator[None]:
        """Where the machine has nothing more to give, what is idle goes and the run is told."""
        try:
            yield
        except Exception as error:
            told = refusal(error)
            if told is None:
                raise
            for worker in self.workers:
                if not worker.busy and self._now() - worker.used_s > UNUSED_S:
                    self._remove(worker)
            raise told from error

    async def _take(self, worker: Worker, limits: Limits) -> Place:
        worker.demand.asked(self._now())
        worker.limits = limits
        while worker.spares:
            place = worker.spares.popleft()
            if place.alive:
                self.hits += 1
                return place  # the next is made after the run: now it would take its time
        self.misses += 1
        if not worker.making:
            return await self._made(worker, limits)
        making = worker.making.popleft()
        try:
            return await making
        except asyncio.CancelledError:
            making.add_done_callback(_let_go)
            raise

    async def _made(self, worker: Worker, limits: Limits) -> Place:
        forker = await self._forker(worker)
        begun = self._now()
        try:
            async with asyncio.timeout(PREPARE_S):
                place = await forker.prepare(limits)
        except TimeoutError:
            self._remove(worker)
            raise Broken("the worker does not answer", begun=False) from None
        worker.demand.made(self._now() - begun)
        return place

    async def _forker(self, worker: Worker) -> Forker:
        if worker.started.done() and not worker.started.cancelled():
            return worker.started.result()
        try:
            return await asyncio.shield(worker.started)
        except asyncio.CancelledError:
            if worker.started.cancelled():
                raise Broken("the worker was closed", begun=False) from None
            raise

    def _wanted(self, worker: Worker, now: float) -> int:
        bounds = self._bounds
        others = sum(it.ready * it.cost_mb for it in self._workers.values() if it is not worker)
        room = max(0, bounds.spares_mb - others) // worker.cost_mb
        return worker.demand.wanted(now, min(bounds.spares, room), bounds.idle_s)

    def _refill(self, worker: Worker) -> None:
        if not worker.started.done():
            return
        for _ in range(self._wanted(worker, self._now()) - worker.ready):
            making = asyncio.ensure_future(self._made(worker, worker.limits))
            worker.making.append(making)
            making.add_done_callback(lambda task: self._shelve(worker, task))

    def _shelve(self, worker: Worker, task: asyncio.Task[Place]) -> None:
        """A spare is made: unless somebody waited for it, it stands ready."""
        if task not in worker.making:
            return
        worker.making.remove(task)
        if task.cancelled() or task.exception() is not None:
            return
        if self._workers.get(worker.key) is worker:
            worker.spares.append(task.result())
        else:
            task.result().kill()

    def _remove(self, worker: Worker) -> None:
        if self._workers.get(worker.key) is worker:
            del self._workers[worker.key]
        while worker.spares:
            worker.spares.pop().kill()
        for making in worker.making:
            making.cancel()
        closing = asyncio.ensure_future(_close(worker.started))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def broken_result(runtime: Runtime, what: str) -> Result:
    """Ours: it says nothing about the code."""
    return Result(
        status=Status.BROKEN,
        stderr=what,
        hint="the sandbox failed, not the code: run it again; `headgate doctor` may say why",
        language=runtime.language,
        version=runtime.version,
    )


def _let_go(making: asyncio.Task[Place]) -> None:
    """Whoever waited for it is gone."""
    if not making.cancelled() and making.exception() is None:
        making.result().kill()


async def _close(started: asyncio.Task[Forker]) -> None:
    if not started.done():
        started.cancel()
    await asyncio.wait([started])
    if not started.cancelled() and started.exception() is None:
        await started.result().close()
