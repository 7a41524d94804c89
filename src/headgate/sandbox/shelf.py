"""What is kept for a while in memory: decides what goes when the room or its time ends.

Rule 1: only who put a thing there is given it.
Rule 2: the oldest goes first; what is larger than all the room is not kept.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Kept(NamedTuple, Generic[T]):
    tenant: str
    thing: T
    size: int
    until_s: float


class Shelf(Generic[T]):
    """Things by name, bounded by the bytes of all of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, _Kept[T]] = OrderedDict()
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def put(
        self, name: str, tenant: str, thing: T, size: int, until_s: float = math.inf
    ) -> bool:
        """False: there is no room for it, however much goes."""
        self.remove(name)
        if size > self._size:
            return False
        self._kept[name] = _Kept(tenant, thing, size, until_s)
        self.held_bytes += size
        while self.held_bytes > self._size:
            self.remove(next(iter(self._kept)))
        return True

    def find(self, name: str, tenant: str) -> T | None:
        kept = self._kept.get(name)
        return kept.thing if kept is not None and kept.tenant == tenant else None

    def remove(self, name: str) -> None:
        if (kept := self._kept.pop(name, None)) is not None:
            self.held_bytes -= kept.size

    def expire(self, now: float) -> None:
        for name in [name for name, kept in self._kept.items() if kept.until_s <= now]:
            self.remove(name)
