"""Writes down calls behind a thread: nobody waits for it who answers a call.

Rule 1: where it cannot keep up, calls are dropped and counted, never waited for.
Rule 2: secrets are masked before anything is written; what cannot be read is not written.
Rule 3: no header fields come here, and so no credential of a caller's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.policy.mask import mask
from headgate.store.recordings import NAME, Recorded, Recordings
from headgate.store.sql import StoreError
from headgate.wire import Surface
from headgate.wire.transcript import Answered, Asked, Said, answered, asked

MOST_WAITING = 1000
MOST_WAITING_BYTES = 32 * 1024 * 1024
BATCH = 32
FAREWELL_S = 5.0
FULL, LONG, UNREADABLE, TROUBLE = "queue full", "too long", "unreadable", "trouble"
"""why a call that was meant is not recorded"""


class Taken(NamedTuple):
    """A call that is over, as it is handed to the thread."""

    surface: Surface
    request: bytes
    reply: bytes | None
    """None: answers are not recorded"""
    streamed: bool
    about: Recorded
    """all but what was said"""
    disk_bytes: int
    """what all recordings may take"""


class Recorder:
    """Of one process; it outlives a reload."""

    def __init__(
        self, folder: Path, say: Callable[[str], object], names: Callable[[str], str]
    ) -> None:
        self.name_of = names
        """a key's name by its id"""
        self.written = 0
        self.dropped: dict[str, int] = {}
        """by why"""
        self._say = say
        """is told of trouble, in any thread; of its end with an empty text"""
        self._recordings = Recordings(folder / NAME)
        self._turn = threading.Lock()
        """the file is used by one thread at a time"""
        self._waiting: deque[Taken] = deque()
        self._bytes = 0
        self._news = threading.Condition()
        self._closing = False
        self._trouble = ""
        self._thread: threading.Thread | None = None

    def put(self, taken: Taken) -> None:
        """Have it written, soon, or drop it."""
        size = len(taken.request) + len(taken.reply or b"")
        with self._news:
            if (
                self._closing
                or len(self._waiting) >= MOST_WAITING
                or self._bytes + size > MOST_WAITING_BYTES
            ):
                self.drop(FULL)
                return
            self._waiting.append(taken)
            self._bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()
            self._news.notify()

    def drop(self, why: str, calls: int = 1) -> None:
        """Count what is not recorded although it was meant."""
        with self._news:
            self.dropped[why] = self.dropped.get(why, 0) + calls

    def tidy(self, before_us: int, disk_bytes: int) -> int:
        """Delete what is too old or too much; how many went. It waits for the disk."""
        try:
            with self._turn:
                return self._recordings.tidy(before_us, disk_bytes)
        except StoreError as error:
            self._tell(error.why)
            return 0

    def close(self) -> None:
        """Write what waits, and end."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(FAREWELL_S)
        with self._turn:
            self._recordings.close()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._closing:
                    self._news.wait()
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._bytes -= sum(len(it.request) + len(it.reply or b"") for it in batch)
            if not batch:
                return
            self._write(batch)

    def _write(self, batch: list[Taken]) -> None:
        found = [it for it in map(self._made, batch) if it is not None]
        if not found:
            return
        try:
            with self._turn:
                self._recordings.write(found, batch[-1].disk_bytes)
        except StoreError as error:
            self.drop(TROUBLE, len(found))
            self._tell(error.why)
            return
        self.written += len(found)
        self._tell("")

    def _made(self, taken: Taken) -> Recorded | None:
        try:
            found = recorded(taken)
        except Exception:  # noqa: BLE001 - a request may be odd in any way, and is only dropped
            found = None
        if found is None:
            self.drop(UNREADABLE)
        return found

    def _tell(self, why: str) -> None:
        if why != self._trouble:
            self._trouble = why
            self._say(why)


def recorded(taken: Taken) -> Recorded | None:
    """What is written of a call, masked; None: it cannot be read."""
    request = asked(taken.surface, taken.request)
    if request is None:
        return None
    answer = None
    if taken.reply is not None:
        answer = answered(taken.surface, taken.reply, streamed=taken.streamed)
        if answer is None:
            return None
    count = 0

    def clean(text: str) -> str:
        nonlocal count
        found = mask(text)
        count += found.taken
        return found.text

    said = Asked(
        clean(request.system),
        tuple(Said(it.role, clean(it.text), it.beside) for it in request.turns),
        tuple(map(clean, request.tools)),
    )
    if answer is not None:
        answer = Answered(clean(answer.text), answer.called)
    tags = tuple(map(clean, taken.about.tags))
    return msgspec.structs.replace(
        taken.about, asked=said, answer=answer, tags=tags, masked=count
    )
