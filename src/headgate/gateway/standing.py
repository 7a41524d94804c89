"""GET /headgate/self: a key reads who it is, what it may ask for, what it spent and has left.

Rule 1: the ledger is read off the event loop, and for one key at most once a second, however
often it asks.
Rule 2: no vendor has a path under /headgate/, so it stands in the way of none.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from headgate.config import CapsConfig
from headgate.config.caps import in_force
from headgate.policy.cap import Period
from headgate.store.keys import Key, Keys
from headgate.store.place import Place, connect_reader, explain
from headgate.store.remaining import Held, levels, limits_told, nothing_held, remaining
from headgate.store.sql import ERRORS, StoreError
from headgate.store.standing import spend, standing
from headgate.wire.call import Capped
from headgate.wire.model import Fault, Kind

PATH = "/headgate/self"
FRESH_S = 1.0
KEPT = 1000
"""keys whose spend of the last second is remembered"""

Spend = asyncio.Task[dict[str, Any]]
Aside = dict[tuple[str, Period], int]
"""(account, period) -> what is set aside there for running calls"""


class Standings:
    """Answers keys about themselves."""

    def __init__(
        self,
        keys: Keys,
        clock: Callable[[], float] = time.monotonic,
        caps: Callable[[], CapsConfig] = CapsConfig,
        held: Held = nothing_held,
    ) -> None:
        """`held` tells what running calls have set aside; it is asked on the event loop."""
        self._place = keys.place
        self._clock = clock
        self._caps = caps
        self._held = held
        self._asked: dict[str, tuple[float, Spend]] = {}

    async def of(self, key: Key | None) -> dict[str, Any]:
        """What the key's holder may know; Fault when there is no key or nothing to be read."""
        if key is None:
            text = (
                "no key is defined here, so nobody is asked for one: there is no self to show"
            )
            raise Fault(Kind.NOT_FOUND, text)
        now_us = time.time_ns() // 1000
        try:
            read = await asyncio.shield(self._reading(key, now_us))
        except StoreError as error:
            raise Fault(Kind.BUSY, f"what was spent cannot be read: {error.why}") from error
        return standing(key, now_us) | read | {"model_limits": self._models()}

    def _models(self) -> dict[str, dict[str, int]]:
        return {pattern: limits_told(limits) for pattern, limits in self._caps().models}

    def _reading(self, key: Key, now_us: int) -> Spend:
        now = self._clock()
        since, task = self._asked.get(key.id, (0.0, None))
        if task is not None and now - since < FRESH_S:
            return task
        if len(self._asked) >= KEPT:
            self._asked.clear()
        capped = in_force(self._caps(), key.accounts(), levels(key))
        aside = {
            (it.account, budget.period): self._held(it.account, budget.period)
            for it in capped
            for budget in it.caps.budgets
        }
        reading = asyncio.to_thread(_read, self._place, key.id, (capped, aside), now_us)
        task = asyncio.get_running_loop().create_task(reading)
        self._asked[key.id] = (now, task)
        return task


def _read(
    place: Place, key_id: str, caps: tuple[list[Capped], Aside], now_us: int
) -> dict[str, Any]:
    capped, aside = caps
    with contextlib.closing(connect_reader(place)) as connection:
        try:
            return {
                "spend": spend(connection, key_id, now_us),
                "caps": remaining(connection, capped, now_us, lambda *name: aside.get(name, 0)),
            }
        except ERRORS as error:
            raise explain(error, place) from error
