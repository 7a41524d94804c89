"""A Sink that passes a reply on and keeps what passed, for a call that is recorded.

Rule 1: what the client gets, and when, is as without it: bytes are noted, never copied or read.
Rule 2: a reply that grows too long is noted no further: none of it is recorded then.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from headgate.engine.tally import Sink
from headgate.wire.model import Headers

Sending = Coroutine[Any, Any, None]


class Tape:
    """Of one call."""

    __slots__ = ("_most", "_sink", "parts", "size", "streamed")

    def __init__(self, sink: Sink, most: int) -> None:
        self._sink = sink
        self._most = most
        """bytes; 0: the answer is not wanted"""
        self.parts: list[bytes] = []
        self.size = 0
        self.streamed = False

    @property
    def is_too_long(self) -> bool:
        return self.size > self._most > 0

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def whole(self, status: int, headers: Headers, body: bytes) -> Sending:
        self._note(body)
        return self._sink.whole(status, headers, body)

    def start(self, status: int, headers: Headers) -> Sending:
        self.streamed = True
        return self._sink.start(status, headers)

    def send(self, data: bytes) -> Sending:
        self._note(data)
        return self._sink.send(data)

    def put(self, data: bytes) -> None:
        self._note(data)
        self._sink.put(data)

    def end(self, data: bytes) -> Sending:
        self._note(data)
        return self._sink.end(data)

    def stalled(self) -> bool:
        return self._sink.stalled()

    @property
    def sent_at(self) -> float:
        return self._sink.sent_at

    @sent_at.setter
    def sent_at(self, at: float) -> None:
        self._sink.sent_at = at

    def _note(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= self._most:
            self.parts.append(data)
        else:
            self.parts.clear()
