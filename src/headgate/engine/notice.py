"""Notes events without anybody waiting: in the log at once, in the table by a thread.

Rule 1: note() is free to be called for every call it concerns: what was noted is not again.
Rule 2: what the table cannot take now is kept, up to a bound, and written when it can.
Rule 3: one thread does everything that needs the table, so that the loop never waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from headgate.engine.journal import Journal
from headgate.policy.event import Event, EventKind, event
from headgate.store import event as table
from headgate.store.sql import ERRORS, Connection, StoreError

KNOWN = 10_000
"""names of events of which it is remembered that they were noted"""
MOST_WAITING = 10_000
"""events that wait for a table that cannot be written"""

Connect = Callable[[], Connection]
Answer = TypeVar("Answer")


class Notices:
    """One process's way to the table of events; without `connect` only the log is told.

    note() belongs to the loop's thread; another one goes through loop.call_soon_threadsafe.
    `trouble` is empty, or why the table cannot be used now.
    """

    def __init__(self, journal: Journal | None = None, connect: Connect | None = None) -> None:
        self.trouble = ""
        self.lost = 0
        """events that nobody could keep"""
        self._journal = journal
        self._connect = connect
        self._connection: Connection | None = None
        self._noted: dict[str, None] = {}
        self._waiting: deque[Event] = deque()
        self._writing = False
        self._thread = ThreadPoolExecutor(1, "events")
        self._closed = False

    def note(
        self, kind: EventKind, subject: str, once: str, detail: Mapping[str, object]
    ) -> None:
        """Something happened that `once` names; of the same name, only the first counts."""
        if once in self._noted:
            return
        self._noted[once] = None
        if len(self._noted) > KNOWN:
            del self._noted[next(iter(self._noted))]
        if self._journal is not None:
            self._journal.say(kind, subject=subject, detail=detail)
        if self._connect is None or self._closed:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append(event(time.time_ns() // 1000, kind, subject, once, detail))
        self.write()

    def write(self) -> None:
        """Have the thread write what waits; after a failure somebody has to ask again."""
        if self._waiting and not self._writing and not self._closed:
            self._writing = True
            self._thread.submit(self._write)

    async def ask(self, job: Callable[[Connection], Answer]) -> Answer | None:
        """What the table says; None: it cannot be asked now, `trouble` says why."""
        if self._closed or self._connect is None:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._do, job)

    def leave(self, job: Callable[[Connection], object]) -> None:
        """Have the thread do something that nobody waits for."""
        if self._connect is not None and not self._closed:
            self._thread.submit(self._do, job)

    def close(self) -> None:
        """Write what is left, once, and stop. It blocks."""
        if self._closed:
            return
        self._closed = True
        if self._waiting:
            self._thread.submit(self._write)
        self._thread.shutdown()
        if self._waiting and self._journal is not None:
            self._journal.say("events_lost", events=len(self._waiting), why=self.trouble)
        self._drop()

    # ---- the thread's side

    def _write(self) -> None:
        self._writing = False  # before looking: whoever comes later asks again
        while self._waiting:
            if self._do(partial(table.note, event=self._waiting[0])) is None:
                return
            self._waiting.popleft()

    def _do(self, job: Callable[[Connection], Answer]) -> Answer | None:
        try:
            if self._connection is None:
                assert self._connect is not None
                self._connection = self._connect()
            answer = job(self._connection)
        except (*ERRORS, StoreError, OSError) as error:
            self.trouble = error.why if isinstance(error, StoreError) else str(error)
            self._drop()
            return None
        self.trouble = ""
        return answer

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*ERRORS):
                connection.close()
