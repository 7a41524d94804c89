"""A worker's end of its line to the supervisor: hears what to do, and says how it is.

Rule 1: the line's end is the supervisor's death, however it died: then the worker finishes what
is running and ends, so that no worker is left over.
Rule 2: it is heard by a thread: a worker whose event loop hangs ends too, a while later.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

STOP, HURRY, RELOAD = "stop", "hurry", "reload"
"""what a supervisor says: finish what is running; end it now; read the configuration again"""
GRACE_S = 15.0
"""how much longer than drain_s an orphaned worker may take to end"""
ABANDONED = 1
"""what a worker exits with that could not end in order after its supervisor died"""


@dataclass(frozen=True, slots=True)
class Post:
    """Where a worker stands: what it inherits from its supervisor."""

    place: int
    workers: int
    listening: int
    """the descriptor of the socket it accepts on"""
    line: int
    board: int

    @classmethod
    def parse(cls, text: str) -> Post:
        return cls(*(int(part) for part in text.split(":")))

    def __str__(self) -> str:
        return f"{self.place}:{self.workers}:{self.listening}:{self.line}:{self.board}"


class Lifeline:
    def __init__(self, line: socket.socket, drain_s: float) -> None:
        line.setblocking(False)
        self.obey: Callable[[str], None] = lambda word: None
        """called on the loop with each word; may be replaced"""
        self._line = line
        self._lasts_s = drain_s + GRACE_S

    def start(self, obey: Callable[[str], None]) -> None:
        """Hear the supervisor from now on; `obey` is called on the running loop."""
        self.obey = obey
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._hear, args=(loop,), name="lifeline", daemon=True).start()

    def tell(self, **facts: object) -> None:
        """Say something to the supervisor, if it is there and listens."""
        with contextlib.suppress(OSError):
            self._line.send(msgspec.json.encode(facts) + b"\n")

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(OSError), self._line:
            said = b""
            while got := self._listen():
                *words, said = (said + got).split(b"\n")
                for word in words:
                    with contextlib.suppress(RuntimeError):  # the loop has ended
                        loop.call_soon_threadsafe(self._obey, word.decode())
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._obey, STOP)
        time.sleep(self._lasts_s)
        os._exit(ABANDONED)

    def _listen(self) -> bytes:
        select.select([self._line], [], [])
        return self._line.recv(4096)

    def _obey(self, word: str) -> None:
        self.obey(word)
