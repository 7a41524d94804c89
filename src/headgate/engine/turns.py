"""The line in which calls wait for a limit or a budget: bounded, and fair among keys.

Rule 1: keys take turns, however many calls each has in line; within a key the first is first.
Rule 2: whoever waits holds nothing.
Rule 3: nobody stays in line for longer than his time, and whoever leaves is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from headgate.engine.purse import Hold, Wish
from headgate.wire.model import Fault


class Waiter:
    """One call in line."""

    __slots__ = ("answered", "asked", "served", "until", "wish")

    def __init__(self, wish: Wish, until: float) -> None:
        self.wish = wish
        self.until = until
        """on the engine's clock"""
        self.served: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
        self.asked = False
        """was the bank asked for what it needs, and has it answered"""
        self.answered = False

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


class Turns:
    """Everybody in line."""

    __slots__ = ("_by_key", "_most", "_most_of_key", "count")

    def __init__(self, most: int = 1000, most_of_key: int = 100) -> None:
        self._by_key: dict[str, deque[Waiter]] = {}
        self._most = most
        self._most_of_key = most_of_key
        self.count = 0

    def bound(self, most: int, most_of_key: int) -> None:
        self._most, self._most_of_key = most, most_of_key

    def has_room(self, key: str) -> bool:
        line = self._by_key.get(key)
        return self.count < self._most and (line is None or len(line) < self._most_of_key)

    def join(self, waiter: Waiter) -> None:
        self._by_key.setdefault(waiter.wish.key, deque()).append(waiter)
        self.count += 1

    def leave(self, waiter: Waiter) -> None:
        line = self._by_key.get(waiter.wish.key)
        if line is None or waiter not in line:
            return
        line.remove(waiter)
        self.count -= 1
        if not line:
            del self._by_key[waiter.wish.key]

    def everyone(self) -> Iterator[Waiter]:
        for line in self._by_key.values():
            yield from line

    def serve(self, take: Callable[[Waiter], Hold | None]) -> None:
        """Let everybody in who can go, a call of each key in turn."""
        blocked: set[str] = set()
        while True:
            left = [key for key in self._by_key if key not in blocked]
            if not left:
                return
            for key in left:
                waiter = self._by_key[key][0]
                hold = take(waiter)
                if hold is None:
                    blocked.add(key)
                    continue
                self.leave(waiter)
                waiter.serve(hold)
                if key in self._by_key:  # the next one of this key comes after everybody else
                    self._by_key[key] = self._by_key.pop(key)
