"""Where calls wait while no account of their target can take them: bounded, fair among keys.

Rule 1: keys take turns, however many calls each has here; within a key the first is first.
Rule 2: whoever waits holds nothing; who is called tries anew, and may have to sit down again.
Rule 3: nobody sits for longer than his time, and whoever leaves is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

SOONEST_S = 0.01
"""a shorter wait is not worth a timer of its own"""
LATEST_S = 1.0
"""so often it is looked whether an account has room again, whatever was foreseen"""

Name = tuple[str, str]
"""a target: provider and model"""


class Sitter:
    """One call that waits."""

    __slots__ = ("called", "key", "wait_s")

    def __init__(self, key: str, wait_s: Callable[[], float]) -> None:
        self.key = key
        self.wait_s = wait_s
        """how much longer, as it is known now; 0: an account can take the call"""
        self.called: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Row:
    """Everybody who waits for one target."""

    __slots__ = ("keys", "timer")

    def __init__(self) -> None:
        self.keys: dict[str, deque[Sitter]] = {}
        self.timer: asyncio.Handle | None = None

    def leave(self, sitter: Sitter) -> None:
        line = self.keys.get(sitter.key)
        if line is not None and sitter in line:
            line.remove(sitter)
            if not line:
                del self.keys[sitter.key]

    def call(self) -> float:
        """Call one who can go and wait on; else when somebody can, at the soonest."""
        soonest = LATEST_S
        for key, line in self.keys.items():
            wait_s = line[0].wait_s()
            if wait_s <= 0:
                sitter = line.popleft()
                del self.keys[key]
                if line:
                    self.keys[key] = line  # behind everybody else
                if not sitter.called.done():
                    sitter.called.set_result(None)
                return 0.0
            soonest = min(soonest, wait_s)
        return max(soonest, SOONEST_S)


class Bench:
    """Everybody who waits."""

    __slots__ = ("_most", "_most_of_key", "_rows", "count")

    def __init__(self, most: int = 1000, most_of_key: int = 100) -> None:
        self._rows: dict[Name, Row] = {}
        self._most = most
        self._most_of_key = most_of_key
        self.count = 0

    def bound(self, most: int, most_of_key: int) -> None:
        self._most, self._most_of_key = most, most_of_key

    def has_room(self, name: Name, key: str) -> bool:
        row = self._rows.get(name)
        line = row.keys.get(key, ()) if row is not None else ()
        return self.count < self._most and len(line) < self._most_of_key

    async def sit(
        self, name: Name, key: str, wait_s: Callable[[], float], most_s: float
    ) -> bool:
        """Wait until an account may take the call. False: not within `most_s`."""
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = Row()
        sitter = Sitter(key, wait_s)
        row.keys.setdefault(key, deque()).append(sitter)
        self.count += 1
        self._watch(name, row, max(min(wait_s(), LATEST_S), SOONEST_S))
        try:
            async with asyncio.timeout(most_s):
                await sitter.called
        except TimeoutError:
            return False
        finally:
            row.leave(sitter)
            self.count -= 1
            if not row.keys and row.timer is None:
                self._rows.pop(name, None)
        return True

    def _watch(self, name: Name, row: Row, in_s: float) -> None:
        """Look again in so many seconds, or when it was to be looked anyway, if sooner."""
        loop = asyncio.get_running_loop()
        timer = row.timer
        if isinstance(timer, asyncio.TimerHandle):
            if timer.when() <= loop.time() + in_s:
                return
            timer.cancel()
        row.timer = loop.call_later(in_s, self._look, name, row)

    def _look(self, name: Name, row: Row) -> None:
        row.timer = None
        if not row.keys:
            self._rows.pop(name, None)
            return
        self._watch(name, row, row.call())  # in its turn after whoever was called
