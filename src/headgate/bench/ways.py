"""Knows how far those who are asked are: measured while they are, and anew now and then.

Rule 1: nobody is measured who was not asked, and nobody more often than every few seconds.
Rule 2: what could not be measured is unknown, which is not nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from headgate.upstream import Url

EVERY_S = 5.0


class Ways:
    """The ways to some upstreams, by name."""

    def __init__(
        self, places: Mapping[str, Url], measure: Callable[[Url], Awaitable[int | None]]
    ) -> None:
        self._places, self._measure = places, measure
        self._measured: dict[str, tuple[float, asyncio.Future[int | None]]] = {}

    async def way_us(self, name: str) -> int | None:
        """There and back in microseconds; None: nobody could measure it."""
        place = self._places.get(name)
        if place is None:
            return None
        now = asyncio.get_running_loop().time()
        at, found = self._measured.get(name, (0.0, None))
        if found is None or now - at >= EVERY_S:
            found = asyncio.ensure_future(self._measure(place))
            self._measured[name] = now, found
        return await asyncio.shield(found)
