"""Decides where replies are kept, as configured, and empties that place.

Rule 1: what a place needs is loaded when it is opened, and never otherwise.
Rule 2: a place that cannot be used is no reason not to start: replies are kept in memory then.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from headgate.store.replies import ReplyStore
from headgate.store.replies.far import Far, Say, Shelf, ShelfError
from headgate.store.replies.memory import Memory


class Wanted(Protocol):
    """[cache], as far as it matters here."""

    @property
    def store(self) -> str: ...
    @property
    def ttl_s(self) -> float: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def disk_bytes(self) -> int: ...
    @property
    def entry_bytes(self) -> int: ...


def open_replies(cache: Wanted, folder: Path, redis_url: str, say: Say) -> ReplyStore:
    """The store of one process. `say` is told of trouble, in any thread."""
    ttl_us = int(cache.ttl_s * 1_000_000)
    far: Far | None = None
    try:
        shelf = _shelf(cache, folder, redis_url)
    except ShelfError as error:
        say(f"replies are kept in memory only: {error}")
    else:
        far = Far(shelf, ttl_us, say) if shelf is not None else None
    return ReplyStore(Memory(cache.memory_bytes, ttl_us), far, cache.entry_bytes)


def clear(cache: Wanted, folder: Path, redis_url: str) -> int | None:
    """Remove every reply that is kept outside of memory, and let the processes that run forget
    theirs within some seconds; how many they were. None: all are in the processes' memory.

    ShelfError: the place cannot be used.
    """
    shelf = _shelf(cache, folder, redis_url)
    if shelf is None:
        return None
    try:
        return shelf.clear(time.time_ns() // 1000)
    finally:
        shelf.close()


def _shelf(cache: Wanted, folder: Path, redis_url: str) -> Shelf | None:
    if cache.store == "disk":
        from headgate.store.replies.disk import NAME, Disk

        return Disk(folder / NAME, cache.disk_bytes)
    if cache.store != "redis":
        return None
    try:
        from headgate.store.replies.redis import Redis
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "redis":
            raise
        raise ShelfError(
            "the package redis is not installed: pip install 'headgate[redis]'"
        ) from None
    return Redis(redis_url)
