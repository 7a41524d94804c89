"""Owns what a cell's processes write: output up to its limit, and the line of a session.

Rule 1: nothing is read that nobody waits for, and nothing read waits for a writer.
Rule 2: beyond the limit bytes are counted and dropped.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Final

from headgate.sandbox.worker.frames import Word

CHUNK = 64 * 1024
LONGEST_LINE = 1 << 20
PATIENCE_S = 0.2


class Stream:
    """What arrives on stdout or stderr."""

    def __init__(self, fd: int, word: Word, most: int) -> None:
        self.fd, self.word, self.left = fd, word, most
        self._is_dry = False

    def read(self) -> tuple[bytes, int, bool]:
        """What is kept, how many bytes are not, and whether this was the end."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            self._is_dry = True
            return b"", 0, False
        kept = data[: self.left]
        self.left -= len(kept)
        return kept, len(data) - len(kept), not data

    def has_more(self) -> bool:
        """It was not found empty since this was last asked."""
        self._is_dry, was_dry = False, self._is_dry
        return not was_dry


class Line:
    """One line of JSON each way."""

    NOTHING: Final = object()

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock, self._rest = sock, bytearray()

    def fileno(self) -> int:
        return self._sock.fileno()

    def say(self, said: object) -> None:
        """Whole or not at all: OSError if it takes what is said not."""
        data = json.dumps(said).encode() + b"\n"
        rest = memoryview(data)
        until = time.monotonic() + PATIENCE_S
        while rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[self._sock.send(rest) :]
            if rest and not self._can_send(until - time.monotonic()):
                raise OSError("the session does not listen")

    def _can_send(self, left_s: float) -> bool:
        """Code longer than a socket holds is read at once by whoever waits for it."""
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        return left_s > 0 and bool(poll.poll(left_s * 1000))

    def hear(self) -> object:
        """The next answer; NOTHING while it is not whole; None: the line is cut or misused."""
        try:
            data = self._sock.recv(CHUNK)
        except BlockingIOError:
            return self.NOTHING
        except OSError:
            return None
        self._rest += data
        text, found, rest = self._rest.partition(b"\n")
        if not data or len(text) > LONGEST_LINE:
            return None
        if not found:
            return self.NOTHING
        self._rest = rest
        try:
            answer: object = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return answer

    def close(self, unwatch: Callable[[int], None]) -> None:
        unwatch(self._sock.fileno())
        self._sock.close()


def read_answer(answer: dict[str, object]) -> tuple[int, str, str | None]:
    """Exit code, mark and value of a session's cell, whatever it says of itself."""
    code, mark, value = (answer.get(it) for it in ("exit_code", "mark", "value"))
    status = (code & 0xFF) if isinstance(code, int) else int(not answer.get("ok"))
    return (
        status,
        mark if isinstance(mark, str) else "",
        value if isinstance(value, str) else None,
    )
