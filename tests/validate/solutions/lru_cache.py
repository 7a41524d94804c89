"""What keeps the contract of the pack lru-cache, and what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class right:
    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(capacity)
        self.capacity = capacity
        self.kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        if key not in self.kept:
            return None
        self.kept[key] = self.kept.pop(key)
        return self.kept[key]

    def put(self, key: str, value: Any) -> None:
        self.kept.pop(key, None)
        if len(self.kept) == self.capacity:
            del self.kept[next(iter(self.kept))]
        self.kept[key] = value


class _ForgetsTheOldest(right):
    def get(self, key: str) -> Any:
        return self.kept.get(key)


class _KeepsThePlaceOfWhatIsPutAgain(right):
    def put(self, key: str, value: Any) -> None:
        if key in self.kept:
            self.kept[key] = value
        else:
            super().put(key, value)


class _MakesRoomForWhatIsThere(right):
    def put(self, key: str, value: Any) -> None:
        if len(self.kept) == self.capacity:
            del self.kept[next(iter(self.kept))]
        self.kept[key] = value


class _TakesNothingForMissing(right):
    def get(self, key: str) -> Any:
        return super().get(key) or None


class _KeepsOneTooMany(right):
    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.capacity += 1


WRONG: list[Callable[..., Any]] = [
    _ForgetsTheOldest,
    _KeepsThePlaceOfWhatIsPutAgain,
    _MakesRoomForWhatIsThere,
    _TakesNothingForMissing,
    _KeepsOneTooMany,
]
