"""What keeps the contract of the pack rate-limiter, and what breaks it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any


class right:
    def __init__(self, limit: int, window: float) -> None:
        if limit < 0 or window <= 0:
            raise ValueError(limit)
        self.limit, self.window = limit, window
        self.seen: dict[str, deque[float]] = {}

    def allow(self, key: str, now: float) -> bool:
        times = self.seen.setdefault(key, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        if len(times) >= self.limit:
            return False
        times.append(now)
        return True


class _CountsWhatItRefused(right):
    def allow(self, key: str, now: float) -> bool:
        held = super().allow(key, now)
        if not held:
            self.seen[key].append(now)
        return held


class _HasFixedWindows(right):
    def allow(self, key: str, now: float) -> bool:
        times = self.seen.setdefault(key, deque())
        same = [it for it in times if it // self.window == now // self.window]
        self.seen[key] = deque([*same, now])
        return len(same) < self.limit


class _HasOneWindowForAll(right):
    def allow(self, key: str, now: float) -> bool:
        return super().allow("", now)


class _HoldsTheEdge(right):
    def allow(self, key: str, now: float) -> bool:
        times = self.seen.setdefault(key, deque())
        while times and times[0] < now - self.window:
            times.popleft()
        held = len(times) < self.limit
        times.extend([now] if held else [])
        return held


class _TakesAnything(right):
    def __init__(self, limit: int, window: float) -> None:
        super().__init__(max(limit, 0), max(window, 1))


WRONG: list[Callable[..., Any]] = [
    _CountsWhatItRefused,
    _HasFixedWindows,
    _HasOneWindowForAll,
    _HoldsTheEdge,
    _TakesAnything,
]
