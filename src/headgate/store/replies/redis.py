"""Sealed replies in a Redis or Valkey, which processes of several machines share.

Rule 1: the server keeps time: every reply has its end, and what it drops to make room is gone.
Rule 2: whoever looks something up waits SILENCE_S at a time; nothing is said twice.
Rule 3: it sees sealed boxes under hashed names, and how long each is of use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from headgate.store.replies.far import Box, ShelfError

PREFIX = b"headgate:reply:"
CLEARED = b"headgate:replies-cleared"
SILENCE_S = 0.05
WRITING_S = 2.0
"""nobody waits for what is written: a long reply may take its time"""
AT_ONCE = 500


class Redis:
    """A shelf on a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._where = parts.netloc.rpartition("@")[2] + parts.path
        try:
            self._read = _link(url, SILENCE_S)
            self._link = _link(url, WRITING_S)
        except ValueError:
            raise ShelfError(
                f"the url of Redis ({self._where}) is none: write"
                " redis://USER:PASSWORD@HOST:6379/0, or rediss:// where it is encrypted"
            ) from None

    def read(self, name: bytes, now_us: int) -> bytes | None:
        with self._told():
            return cast("bytes | None", self._read.get(PREFIX + name))

    def write(self, boxes: Sequence[Box], now_us: int) -> None:
        with self._told(), self._link.pipeline(transaction=False) as line:
            for box in boxes:
                left_ms = (box.ends_us - now_us) // 1000
                if left_ms > 0:
                    line.set(PREFIX + box.name, box.data, px=left_ms)
            line.execute()

    def tidy(self, now_us: int) -> int:
        with self._told():
            cleared = cast("bytes | None", self._link.get(CLEARED))
        return int(cleared) if cleared is not None and cleared.isdigit() else 0

    def clear(self, now_us: int) -> int:
        removed = 0
        with self._told():
            self._link.set(CLEARED, now_us)
            names: list[Any] = []
            for name in self._link.scan_iter(PREFIX + b"*", count=AT_ONCE):
                names.append(name)
                if len(names) == AT_ONCE:
                    removed += self._link.unlink(*names)
                    names = []
            if names:
                removed += self._link.unlink(*names)
        return removed

    def close(self) -> None:
        self._read.close()
        self._link.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong with the server is a ShelfError."""
        try:
            yield
        except redis.RedisError as error:
            words = str(error).strip().rstrip(".") or type(error).__name__
            raise ShelfError(f"Redis at {self._where} cannot be used: {words}") from error


def _link(url: str, silence_s: float) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=silence_s,
        socket_connect_timeout=silence_s,
        retry=Retry(NoBackoff(), 0),
    )
