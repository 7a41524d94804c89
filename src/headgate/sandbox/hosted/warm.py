"""Keeps containers of a vendor awake, so that a run need not wait for one to be made.

Rule 1: nothing is kept before its price for a day has been named and agreed to.
Rule 2: only what is looked at in time stays; one that died is replaced, and said.
Rule 3: what they cost is told while they are kept; where it is not to be paid, none is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from decimal import Decimal

from headgate.sandbox.hosted.said import Interpreter
from headgate.sandbox.hosted.vendor import HOUR_S, NANO, Size, Vendor
from headgate.sandbox.model import Refused, Unavailable

DAY_S = 24 * HOUR_S
EARLY = 0.5
"""the share of its idle time after which a container is looked at"""


Charge = Callable[[int], Awaitable[None]]
"""takes so many nano-dollars from whoever pays; Refused: there is no more"""


def price(vendor: Vendor, memory_mb: int, count: int) -> int:
    """Nano-dollars that keeping so many awake costs a day; Refused: it cannot be done."""
    size = _size(vendor, memory_mb)
    return count * size.cost_nusd(DAY_S, vendor.billed_from_s)


def words(vendor: Vendor, memory_mb: int, count: int) -> str:
    """The same as a sentence."""
    usd = Decimal(price(vendor, memory_mb, count)) / NANO
    size = _size(vendor, memory_mb)
    many = f"{count} container{'s' if count != 1 else ''} of {size.name}"
    cost = f"${usd / 24:.4f} an hour, ${usd:.2f} a day"
    return f"keeping {many} at {vendor.title} awake costs {cost}, tokens not counted"


def _size(vendor: Vendor, memory_mb: int) -> Size:
    size = vendor.size(memory_mb)
    if size is None or not size.name:
        raise Refused(
            f"containers of {vendor.title} cannot be kept awake with {memory_mb} MB",
            "let each run make its own",
        )
    return size


class Warm:
    """So many containers, ready to be taken."""

    def __init__(
        self,
        interpreter: Interpreter,
        vendor: Vendor,
        memory_mb: int,
        count: int,
        *,
        agreed_usd_day: str,
        charge: Charge | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`agreed_usd_day`: what whoever pays agreed to; Refused when it costs more."""
        if price(vendor, memory_mb, count) > Decimal(agreed_usd_day) * NANO:
            raise Refused(
                f"{words(vendor, memory_mb, count)}; agreed were ${agreed_usd_day}",
                "agree to as much, or keep fewer or smaller ones",
            )
        self._interpreter = interpreter
        self._size = _size(vendor, memory_mb)
        self._count, self._charge, self._clock = count, charge, clock
        self._billed_from_s = vendor.billed_from_s
        self._paid: dict[str, float] = {}
        """until when each is paid for"""
        self._owed_nusd = 0
        self._pause_s = vendor.idle_s * EARLY
        self._ready: deque[str] = deque()
        self._taken = asyncio.Event()
        self.trouble = ""
        """why there are fewer than asked for; empty: there are as many"""

    def __len__(self) -> int:
        return len(self._ready)

    def take(self) -> str:
        """A container, the longest kept first; empty: none is ready."""
        self._taken.set()
        if not self._ready:
            return ""
        container = self._ready.popleft()
        self._count_up(container, last=True)
        return container

    def holds(self, size: Size) -> bool:
        """Are its containers of this size."""
        return self._size == size

    async def tend(self) -> None:
        """Look at each, and make what is missing."""
        for container in list(self._ready):
            try:
                await self._interpreter.touch(container)
            except Unavailable:
                if container in self._ready:
                    self._ready.remove(container)
                    self._count_up(container, last=True)
        try:
            await self._pay()
            while len(self._ready) < self._count:
                container = await self._interpreter.open(self._size.name)
                self._ready.append(container)
                self._paid[container] = self._clock() + self._billed_from_s
                self._owed_nusd += self._size.cost_nusd(0, self._billed_from_s)
            await self._pay()
        except Unavailable as lacking:
            self.trouble = lacking.what
        except Refused as spent:
            self.trouble = spent.what
            await self.close()
        else:
            self.trouble = ""

    def _count_up(self, container: str, *, last: bool = False) -> None:
        """Owe for the time since it was paid for."""
        now, paid = self._clock(), self._paid[container]
        if now > paid:
            self._owed_nusd += self._size.cost_nusd(now - paid, 0)
            self._paid[container] = now
        if last:
            del self._paid[container]

    async def _pay(self) -> None:
        for container in self._ready:
            self._count_up(container)
        owed, self._owed_nusd = self._owed_nusd, 0
        if owed and self._charge is not None:
            await self._charge(owed)

    async def run(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Tend them until cancelled; then they are closed, as each costs by the minute."""
        try:
            while True:
                self._taken.clear()
                await self.tend()
                await self._rest(pause)
        finally:
            await self.close()
            with contextlib.suppress(Refused):
                await self._pay()

    async def _rest(self, pause: Callable[[float], Awaitable[object]]) -> None:
        """Until they are to be looked at again, or one was taken."""
        resting = asyncio.ensure_future(pause(self._pause_s))
        taken = asyncio.ensure_future(self._taken.wait())
        try:
            await asyncio.wait((resting, taken), return_when=asyncio.FIRST_COMPLETED)
            if resting.done():
                resting.result()
        finally:
            resting.cancel()
            taken.cancel()

    async def close(self) -> None:
        while self._ready:
            container = self._ready.popleft()
            self._count_up(container, last=True)
            try:
                await self._interpreter.close(container)
            except Unavailable as lacking:
                self.trouble = lacking.what
