"""Replies in this process's memory: those asked for last, as many as fit.

Rule 1: what was not asked for the longest goes first; what is too old is not given.
Rule 2: it never holds more bytes than it was allowed, counted with what an entry itself takes.
"""

from __future__ import annotations

from collections import OrderedDict

from headgate.store.replies.kept import Kept, size_of


class Memory:
    """Belongs to one thread."""

    def __init__(self, most_bytes: int, ttl_us: int) -> None:
        self._most = most_bytes
        self._ttl_us = ttl_us
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self.size = 0
        self.since_us = 0
        """nothing that was asked for earlier is given any more"""

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, name: bytes, now_us: int) -> Kept | None:
        kept = self._kept.get(name)
        if kept is None:
            return None
        if now_us >= kept.at_us + self._ttl_us or kept.at_us < self.since_us:
            self._drop(name)
            return None
        self._kept.move_to_end(name)
        return kept

    def put(self, name: bytes, kept: Kept) -> None:
        if name in self._kept:
            self._drop(name)
        size = size_of(kept)
        if size > self._most:
            return
        self._kept[name] = kept
        self.size += size
        while self.size > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: bytes) -> None:
        self.size -= size_of(self._kept.pop(name))

    def clear(self) -> int:
        """Forget all of it; how many they were."""
        count = len(self._kept)
        self._kept.clear()
        self.size = 0
        return count
