"""Replies outside of this process, behind threads: nobody waits for them who answers a call.

Rule 1: one thread writes what others hand it; where it cannot keep up, replies are dropped and
counted, never waited for.
Rule 2: whoever looks something up waits PATIENCE_S at most, and not at all while the place is
in trouble: it is left alone for a time that doubles, and tried again.
Rule 3: trouble is told once, and once more only after things went well in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from headgate.policy.replycache import Asked
from headgate.store import sealed
from headgate.store.replies.kept import Kept, packed, unpacked

PATIENCE_S = 0.1
READERS = 2
MOST_LOOKING = 64
"""look-ups under way; more than that, and they are slower than asking anew"""
MOST_WAITING_BYTES = 32 * 1024 * 1024
BATCH = 64
TIDY_S = 5.0
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0
FOR_GOOD = float("inf")
FAREWELL_S = 2.0

Say = Callable[[str], object]


class ShelfError(Exception):
    """The place cannot be used now: why, in plain words."""

    def __init__(self, what: str, *, for_good: bool = False) -> None:
        super().__init__(what)
        self.for_good = for_good
        """it will not be any better before a new start"""


class Box(NamedTuple):
    """A sealed reply, as a shelf holds it."""

    name: bytes
    data: bytes
    at_us: int
    ends_us: int


class Shelf(Protocol):
    """Where boxes lie. Everything blocks, and may raise ShelfError; read() is called from
    several threads at once, the rest from one."""

    def read(self, name: bytes, now_us: int) -> bytes | None: ...
    def write(self, boxes: Sequence[Box], now_us: int) -> None: ...
    def tidy(self, now_us: int) -> int:
        """Remove what is too old; since when nothing was cleared away on purpose, in us."""
        ...

    def clear(self, now_us: int) -> int:
        """Remove everything, and let every process know; how many boxes that was."""
        ...

    def close(self) -> None: ...


class Rest:
    """How long a place in trouble is left alone, by readers or by the writer."""

    def __init__(self, what: str, say: Say, clock: Callable[[], float]) -> None:
        self._what = what
        self._say = say
        self._clock = clock
        self._until = 0.0
        self._next_s = FIRST_REST_S
        self._lock = threading.Lock()

    def over(self) -> bool:
        return self._clock() >= self._until

    def well(self) -> None:
        if 0 < self._until < FOR_GOOD:
            with self._lock:
                self._until, self._next_s = 0.0, FIRST_REST_S

    def trouble(self, error: ShelfError) -> None:
        with self._lock:
            if not (error.for_good or self.over()):
                return  # several looked for something as it began
            is_news = not self._until
            self._until = FOR_GOOD if error.for_good else self._clock() + self._next_s
            self._next_s = min(2 * self._next_s, LONGEST_REST_S)
        if is_news:
            with contextlib.suppress(RuntimeError):  # who would be told is gone already
                self._say(f"{self._what}: {error}")


class Far:
    """A shelf behind threads. `say` is called in one of them."""

    def __init__(self, shelf: Shelf, ttl_us: int, say: Say) -> None:
        self.dropped = 0
        """replies that nobody had time to write down"""
        self.since_us = 0
        """nothing older than this is given: it was cleared away"""
        self._shelf = shelf
        self._ttl_us = ttl_us
        self._reads = Rest("kept replies are looked up in memory only", say, time.monotonic)
        self._writes = Rest("replies are kept in memory only", say, time.monotonic)
        self._waiting: deque[tuple[Asked, Kept]] = deque()
        self._waiting_bytes = 0
        self._looking = 0
        self._wake = threading.Condition()
        self._closing = False
        self._readers = ThreadPoolExecutor(READERS, "headgate-replies-read")
        self._writer = threading.Thread(target=self._work, name="headgate-replies", daemon=True)
        self._writer.start()

    async def find(self, asked: Asked, now_us: int) -> Kept | None:
        if self._looking >= MOST_LOOKING or self._closing or not self._reads.over():
            return None
        loop = asyncio.get_running_loop()
        self._looking += 1
        found = loop.run_in_executor(self._readers, self._find, asked, now_us)
        found.add_done_callback(self._looked)
        done, _ = await asyncio.wait((found,), timeout=PATIENCE_S)
        if not done or found.cancelled():
            return None
        return found.result()

    def _looked(self, found: asyncio.Future[Kept | None]) -> None:
        self._looking -= 1
        if not found.cancelled():
            found.exception()  # nobody may be waiting for it any more

    def _find(self, asked: Asked, now_us: int) -> Kept | None:
        try:
            data = self._shelf.read(asked.name, now_us)
            plain = sealed.unseal(asked.key, data, asked.name) if data is not None else None
        except ShelfError as error:
            self._missed(error)
            return None
        except Exception as bug:  # noqa: BLE001 - a bug costs replies, and no call
            self._missed(ShelfError(f"a defect: {bug!r}"))
            return None
        self._reads.well()
        kept = unpacked(plain) if plain is not None else None
        if kept is None or kept.at_us < self.since_us or now_us >= kept.at_us + self._ttl_us:
            return None
        return kept

    def _missed(self, error: ShelfError) -> None:
        if not self._closing:  # then the shelf may be closed under a look-up
            self._reads.trouble(error)

    def put(self, asked: Asked, kept: Kept) -> None:
        size = len(kept.body)
        with self._wake:
            if self._closing or self._waiting_bytes + size > MOST_WAITING_BYTES:
                self.dropped += 1
                return
            self._waiting.append((asked, kept))
            self._waiting_bytes += size
            self._wake.notify()

    def _work(self) -> None:
        """The writer's life."""
        tidy_at = time.monotonic()
        while (batch := self._next(tidy_at)) is not None:
            if not self._writes.over():
                self.dropped += len(batch)
                tidy_at = time.monotonic() + FIRST_REST_S
                continue
            try:
                if batch:
                    self._shelf.write(self._sealed(batch), _now_us())
                if time.monotonic() >= tidy_at:
                    self.since_us = max(self._shelf.tidy(_now_us()), self.since_us)
                    tidy_at = time.monotonic() + TIDY_S
            except ShelfError as error:
                self._failed(batch, error)
            except Exception as bug:  # noqa: BLE001 - a bug costs replies, and no call
                self._failed(batch, ShelfError(f"a defect: {bug!r}"))
            else:
                self._writes.well()

    def _failed(self, batch: Sequence[object], error: ShelfError) -> None:
        self.dropped += len(batch)
        self._writes.trouble(error)

    def _next(self, tidy_at: float) -> list[tuple[Asked, Kept]] | None:
        """What is to be written; empty: it is time to tidy up; None: to end."""
        with self._wake:
            while not self._waiting and not self._closing:
                if not self._wake.wait(max(tidy_at - time.monotonic(), 0.0)):
                    return []
            if not self._waiting:
                return None
            count = min(BATCH, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
            self._waiting_bytes -= sum(len(kept.body) for _, kept in batch)
            return batch

    def _sealed(self, batch: Sequence[tuple[Asked, Kept]]) -> list[Box]:
        return [
            Box(
                asked.name,
                sealed.seal(asked.key, packed(kept), asked.name),
                kept.at_us,
                kept.at_us + self._ttl_us,
            )
            for asked, kept in batch
        ]

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join(FAREWELL_S)
        self._readers.shutdown(wait=False, cancel_futures=True)
        if not self._writer.is_alive():
            self._shelf.close()


def _now_us() -> int:
    return time.time_ns() // 1000
