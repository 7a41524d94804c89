"""What the tests of kept replies share: replies, questions, and a shelf that can fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from headgate.policy.replycache import Asked
from headgate.store.replies import Kept
from headgate.store.replies.far import Box, ShelfError

SECOND = 1_000_000
NOW_US = 1_800_000_000 * SECOND
DAY_US = 86_400 * SECOND


def asked_of(n: int) -> Asked:
    """A question of its own for each number."""
    return Asked(n.to_bytes(32), (n + 1).to_bytes(32))


def kept_of(text: str = "an answer", at_us: int = NOW_US, *, stream: bool = False) -> Kept:
    headers = [(b"content-type", b"application/json")]
    return Kept(200, stream, headers, text.encode(), at_us, 1234, "call-1", 800, 300)


def until(true: Callable[[], object], most_s: float = 5.0) -> None:
    """Wait for what a thread does."""
    ends = time.monotonic() + most_s
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.002)


class Slate:
    """A shelf in memory, which can be told to fail, or to take its time."""

    def __init__(self) -> None:
        self.boxes: dict[bytes, Box] = {}
        self.trouble: ShelfError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.cleared_us = self.reads = self.writes = self.tidied = 0
        self.closed = False

    def _come(self) -> None:
        assert self.gate.wait(10)
        if self.trouble is not None:
            raise self.trouble

    def read(self, name: bytes, now_us: int) -> bytes | None:
        self.reads += 1
        self._come()
        box = self.boxes.get(name)
        return box.data if box is not None and box.ends_us > now_us else None

    def write(self, boxes: Sequence[Box], now_us: int) -> None:
        self.writes += 1
        self._come()
        self.boxes |= {box.name: box for box in boxes}

    def tidy(self, now_us: int) -> int:
        self._come()
        self.tidied += 1
        return self.cleared_us

    def clear(self, now_us: int) -> int:
        self.boxes.clear()
        self.cleared_us = now_us
        return 0

    def close(self) -> None:
        self.closed = True
