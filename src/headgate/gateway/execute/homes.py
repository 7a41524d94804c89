"""Which worker is the home of an owner's containers, and the way there.

Rule 1: every worker of a host knows it without asking: it follows from the owner alone.
Rule 2: what a call needs of its owner's containers is asked there, wherever it is served.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable

from headgate.engine.lodging import Came, Entry, Home, Stay, Told
from headgate.gateway.execute import ops
from headgate.gateway.execute.desk import Desk, Place
from headgate.gateway.execute.ops import Answer, Begin, Hear, Homely

Do = Callable[[Homely, Hear | None, Begin | None], Awaitable[Answer]]


def home_of(owner: str, workers: int) -> int:
    """The place of the worker that has all of this owner's."""
    return zlib.crc32(owner.encode()) % workers + 1


class Household:
    """What is in this process, for whoever asks."""

    def __init__(self, place: Place) -> None:
        self._home, self._desk = Home(place), Desk(place)

    async def do(self, ask: Homely, begins: Begin | None = None) -> Answer:
        """Fault says why it is not to be had."""
        match ask:
            case ops.Page():
                headers, data = await self._desk.answer(ask)
                return Answer(headers=headers, data=data)
            case ops.Enter():
                return Answer(stay=await self._home.enter(ask.entry))
            case ops.Cell():
                came = await self._home.run(ask.owner, ask.container, ask.code, begins)
                return Answer(came=came)
            case ops.Remember():
                await self._home.remember(ask.told)
                return Answer()


class Homes:
    """The lodging of a worker that is one of several."""

    def __init__(self) -> None:
        self.do: Do | None = None
        """the way to every home, once there is one"""

    async def enter(self, entry: Entry) -> Stay:
        stay = (await self._do(ops.Enter(entry.owner, entry))).stay
        assert stay is not None
        return stay

    async def run(
        self, owner: str, container: str, code: str, begins: Begin | None = None
    ) -> Came:
        came = (await self._do(ops.Cell(owner, container, code), begins)).came
        assert came is not None
        return came

    async def remember(self, told: Told) -> None:
        await self._do(ops.Remember(told.owner, told))

    async def _do(self, ask: Homely, begins: Begin | None = None) -> Answer:
        assert self.do is not None, "calls come once the way is open"
        return await self.do(ask, None, begins)
