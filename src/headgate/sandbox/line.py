"""Who runs next: decides, among tenants that wait, whose turn it is, and who is told "busy".

Rule 1: tenants take turns; however much one asks for, another waits for one run, not for all.
Rule 2: a tenant never has more than its share of the places, half of that while others have
runs too, so that a core is left to them; and all runs fit into the memory.
Rule 3: what does not fit yet is passed over by smaller runs, but not for ever.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.sandbox.model import Refused

PATIENCE = 16
"""so often is a run passed over for want of memory before all others wait for it"""


ALONE_S = 10.0
"""a tenant is alone when no other one asked for so long"""
KNOWN = 1024
"""tenants of which the last time is remembered"""


class Room(NamedTuple):
    """What there is to share."""

    at_once: int
    at_once_per_tenant: int
    """of one that is alone; half of it otherwise"""
    memory_mb: int
    waiting: int
    waiting_per_tenant: int
    wait_s: float


@dataclass(slots=True, eq=False)
class _Waiter:
    memory_mb: int
    turn: asyncio.Future[None]
    passed: int = 0


@dataclass(slots=True)
class _Tenant:
    running: int = 0
    waiters: deque[_Waiter] = field(default_factory=deque)


class Line:
    """The places of the sandbox and those who wait for one."""

    def __init__(self, room: Room, now: Callable[[], float] = time.monotonic) -> None:
        self._room, self._now = room, now
        self._asked: OrderedDict[str, float] = OrderedDict()
        """when each tenant asked last, the latest at the end"""
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        """whose turn is next comes first"""
        self.running = 0
        self.used_mb = 0
        self.waiting = 0

    @asynccontextmanager
    async def turn(self, tenant: str, memory_mb: int) -> AsyncIterator[None]:
        """A place, for as long as the block lasts; raises Refused where there will be none."""
        await self.enter(tenant, memory_mb)
        try:
            yield
        finally:
            self.leave(tenant, memory_mb)

    async def enter(self, tenant: str, memory_mb: int) -> None:
        """Wait for a place; whoever was given one must leave it."""
        self._note(tenant)
        own = self._tenants.setdefault(tenant, _Tenant())
        if not self.waiting and self._may_run(tenant, own, memory_mb):
            self._take(own, memory_mb)
            return
        waiter = _Waiter(memory_mb, asyncio.get_running_loop().create_future())
        own.waiters.append(waiter)
        self.waiting += 1
        self._admit()
        try:
            if not waiter.turn.done():
                self._refuse_one(own)
            async with asyncio.timeout(self._room.wait_s):
                await waiter.turn
        except BaseException as error:
            self._give_up(tenant, own, waiter)
            if isinstance(error, TimeoutError):
                raise Refused(
                    f"no place was free for {self._room.wait_s:g} s",
                    "try again later, or raise sandbox.concurrent",
                    "busy",
                ) from None
            raise

    def waits(self, tenant: str) -> bool:
        """Has it runs that wait for their turn."""
        own = self._tenants.get(tenant)
        return own is not None and bool(own.waiters)

    def leave(self, tenant: str, memory_mb: int) -> None:
        own = self._tenants[tenant]
        own.running -= 1
        self.running -= 1
        self.used_mb -= memory_mb
        self._forget(tenant, own)
        if self.waiting:
            self._admit()

    def _take(self, own: _Tenant, memory_mb: int) -> None:
        own.running += 1
        self.running += 1
        self.used_mb += memory_mb

    def _may_run(self, tenant: str, own: _Tenant, memory_mb: int) -> bool:
        room = self._room
        fits = not self.running or self.used_mb + memory_mb <= room.memory_mb
        return fits and self.running < room.at_once and own.running < self._share(tenant)

    def _note(self, tenant: str) -> None:
        self._asked[tenant] = self._now()
        self._asked.move_to_end(tenant)
        if len(self._asked) > KNOWN:
            self._asked.popitem(last=False)

    def _share(self, tenant: str) -> int:
        """How many places it may have now."""
        most = self._room.at_once_per_tenant
        other = next((it for it in reversed(self._asked) if it != tenant), None)
        if other is None or self._now() - self._asked[other] > ALONE_S:
            return most
        return max(1, most // 2)

    def _refuse_one(self, own: _Tenant) -> None:
        """Where too many wait, the last of those whose tenant has the most goes."""
        room = self._room
        if len(own.waiters) > room.waiting_per_tenant:
            self._send_away(own, _busy(f"{len(own.waiters) - 1} runs of this tenant"))
        elif self.waiting > room.waiting:
            longest = max(self._tenants.values(), key=lambda it: len(it.waiters))
            whose = longest if len(longest.waiters) > len(own.waiters) else own
            self._send_away(whose, _busy(f"{self.waiting - 1} runs"))

    def _send_away(self, own: _Tenant, why: Refused) -> None:
        waiter = own.waiters.pop()
        self.waiting -= 1
        if not waiter.turn.done():
            waiter.turn.set_exception(why)

    def _admit(self) -> None:
        """Give what is free to those who wait, one of each tenant in turn."""
        while self.waiting and self.running < self._room.at_once:
            tenant = self._next()
            if tenant is None:
                return
            own = self._tenants[tenant]
            waiter = own.waiters.popleft()
            self.waiting -= 1
            self._tenants.move_to_end(tenant)
            self._take(own, waiter.memory_mb)
            waiter.turn.set_result(None)

    def _next(self) -> str | None:
        """The tenant whose first waiter may run now; None: nobody's may."""
        passed: list[_Waiter] = []
        for tenant, own in self._tenants.items():
            while own.waiters and own.waiters[0].turn.done():  # it was given up meanwhile
                own.waiters.popleft()
                self.waiting -= 1
            if not own.waiters or own.running >= self._share(tenant):
                continue
            first = own.waiters[0]
            if self._may_run(tenant, own, first.memory_mb):
                for each in passed:
                    each.passed += 1
                return tenant
            if first.passed >= PATIENCE:
                return None
            passed.append(first)
        return None

    def _give_up(self, tenant: str, own: _Tenant, waiter: _Waiter) -> None:
        """A waiter goes; if its turn had come already, the next one has it."""
        turn = waiter.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.leave(tenant, waiter.memory_mb)
            return
        if waiter in own.waiters:
            own.waiters.remove(waiter)
            self.waiting -= 1
        if self._tenants.get(tenant) is own:
            self._forget(tenant, own)
        self._admit()

    def _forget(self, tenant: str, own: _Tenant) -> None:
        if not own.running and not own.waiters:
            del self._tenants[tenant]


def _busy(waiting: str) -> Refused:
    what = f"the sandbox is busy: {waiting} wait already"
    return Refused(what, "try again when some of them have ended", "busy")
