"""GET /headgate/self: a key reads who it is, what it may ask for, what it spent.

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

from headgate.store.keys import Key, Keys
from headgate.store.place import Place, connect_reader, explain
from headgate.store.sql import ERRORS, StoreError
from headgate.store.standing import spend, standing
from headgate.wire.model import Fault, Kind

PATH = "/headgate/self"
FRESH_S = 1.0
KEPT = 1000
"""keys whose spend of the last second is remembered"""

Spend = asyncio.Task[dict[str, Any]]


class Standings:
    """Answers keys about themselves."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = keys.place
        self._clock = clock
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
            spent = await asyncio.shield(self._spend(key.id, now_us))
        except StoreError as error:
            raise Fault(Kind.BUSY, f"what was spent cannot be read: {error.why}") from error
        return standing(key, now_us) | {"spend": spent}

    def _spend(self, key_id: str, now_us: int) -> Spend:
        now = self._clock()
        since, task = self._asked.get(key_id, (0.0, None))
        if task is not None and now - since < FRESH_S:
            return task
        if len(self._asked) >= KEPT:
            self._asked.clear()
        reading = asyncio.to_thread(_read, self._place, key_id, now_us)
        task = asyncio.get_running_loop().create_task(reading)
        self._asked[key_id] = (now, task)
        return task


def _read(place: Place, key_id: str, now_us: int) -> dict[str, Any]:
    with contextlib.closing(connect_reader(place)) as connection:
        try:
            return spend(connection, key_id, now_us)
        except ERRORS as error:
            raise explain(error, place) from error
