"""The line in which calls wait for a limit or a budget: bounded, and fair among keys.

Rule 1: keys take turns, however many calls each has in line; within a key the first is first.
Rule 2: whoever waits holds nothing.
Rule 3: nobody stays in line for longer than his time, and whoever leaves is forgotten.
Rule 4: the line's bounds are for those who were told to wait. Whoever only waits for the bank's
word is let through by it, or finds the line full then; of long lines the last ones leave.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator

from headgate.engine.purse import Hold, Wish
from headgate.wire.model import Fault

UNHEARD = 5000
"""calls that may wait for the bank's first word"""


class Waiter:
    """One call in line."""

    __slots__ = ("answered", "asked", "patience", "served", "until", "wish")

    def __init__(self, wish: Wish, until: float) -> None:
        self.wish = wish
        self.until = until
        """on the engine's clock"""
        self.served: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
        self.asked = False
        """was the bank asked for what it needs, and has it answered"""
        self.answered = False
        self.patience: asyncio.Timeout | None = None
        """how long it waits for the bank's word; None: that was heard"""

    def serve(self, hold: Hold) -> None:
        if self.served.done():  # it left in this very moment
            hold.put_back()
        else:
            self.served.set_result(hold)

    def refuse(self, fault: Fault) -> None:
        if not self.served.done():
            self.served.set_exception(fault)

    def give_back(self) -> None:
        """Of a call that is cancelled: what it was given in the same moment."""
        served = self.served
        if served.done() and not served.cancelled() and served.exception() is None:
            served.result().put_back()

    def heard(self, now: float) -> None:
        """The bank has spoken, or will not: from now on its own time counts."""
        patience, self.patience = self.patience, None
        if patience is not None and not patience.expired():
            loop = asyncio.get_running_loop()
            patience.reschedule(loop.time() + max(self.until - now, 0.0))


class _Line:
    """The calls of one key, and how many of them were told to wait."""

    __slots__ = ("told", "waiters")

    def __init__(self) -> None:
        self.waiters: OrderedDict[Waiter, None] = OrderedDict()
        self.told = 0


class Turns:
    """Everybody in line."""

    __slots__ = ("_by_key", "_most", "_most_of_key", "count", "told")

    def __init__(self, most: int = 1000, most_of_key: int = 100) -> None:
        self._by_key: dict[str, _Line] = {}
        self._most = most
        self._most_of_key = most_of_key
        self.count = 0
        self.told = 0
        """how many of them were told to wait"""

    def bound(self, most: int, most_of_key: int) -> None:
        self._most, self._most_of_key = most, most_of_key

    def has_room(self, key: str) -> bool:
        """May another call of this key come and ask."""
        line = self._by_key.get(key)
        is_long = line is not None and line.told > 0 and line.told >= self._most_of_key
        return not is_long and self.count - self.told < UNHEARD

    def holds(self, key: str) -> bool:
        """Is a call of this key in line."""
        return key in self._by_key

    def join(self, waiter: Waiter) -> None:
        line = self._by_key.get(waiter.wish.key)
        if line is None:
            line = self._by_key[waiter.wish.key] = _Line()
        line.waiters[waiter] = None
        self.count += 1

    def leave(self, waiter: Waiter) -> None:
        line = self._by_key.get(waiter.wish.key)
        if line is None or waiter not in line.waiters:
            return
        del line.waiters[waiter]
        self.count -= 1
        line.told -= waiter.answered
        self.told -= waiter.answered
        if not line.waiters:
            del self._by_key[waiter.wish.key]

    def everyone(self) -> Iterator[Waiter]:
        for line in self._by_key.values():
            yield from line.waiters

    def foremost(self) -> Iterator[Waiter]:
        """The first of each key: who goes next, if anybody can."""
        for line in self._by_key.values():
            yield next(iter(line.waiters))

    def hear(self) -> None:
        """The bank has answered for all it was asked for."""
        for line in self._by_key.values():
            for waiter in line.waiters:
                if waiter.asked and not waiter.answered:
                    waiter.answered = True
                    line.told += 1
                    self.told += 1

    def surplus(self) -> list[Waiter]:
        """Those who were told to wait and find no room: the last ones of the longest lines."""
        if self.told <= min(self._most, self._most_of_key):
            return []
        found: list[Waiter] = []
        lines = []
        for at, line in enumerate(self._by_key.values()):
            told = [waiter for waiter in line.waiters if waiter.answered]
            found += told[self._most_of_key :]
            kept = told[: self._most_of_key]
            lines.append((-len(kept), at, kept))
        heapq.heapify(lines)
        for _ in range(self.told - len(found) - self._most):
            length, at, longest = lines[0]
            found.append(longest.pop())
            heapq.heapreplace(lines, (length + 1, at, longest))
        return found

    def serve(self, take: Callable[[Waiter], Hold | None]) -> None:
        """Let everybody in who can go, a call of each key in turn."""
        blocked: set[str] = set()
        while True:
            left = [key for key in self._by_key if key not in blocked]
            if not left:
                return
            for key in left:
                waiter = next(iter(self._by_key[key].waiters))
                hold = take(waiter)
                if hold is None:
                    blocked.add(key)
                    continue
                self.leave(waiter)
                waiter.serve(hold)
                if key in self._by_key:  # the next one of this key comes after everybody else
                    self._by_key[key] = self._by_key.pop(key)
