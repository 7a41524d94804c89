"""Carries a reply to an HTTP client, event by event, as the engine hands it over."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from typing import Any

from headgate.gateway.edge import EDGE, LINE, Edge
from headgate.gateway.line import Line, Scope
from headgate.wire.model import Headers

Sending = Coroutine[Any, Any, None]


class HttpSink:
    """The engine's Sink over one request of the server's; `extra` goes on every head."""

    __slots__ = ("_edge", "_extra", "_line", "sent_at")

    def __init__(self, scope: Scope, extra: Headers) -> None:
        self._edge: Edge = scope[EDGE]
        self._line: Line = scope[LINE]
        self._extra = extra
        self.sent_at = 0.0

    # These hand the line's own coroutine on: one of ours around it would cost as much again.

    def whole(self, status: int, headers: Headers, body: bytes) -> Sending:
        return self._line.whole(status, headers + self._extra, body)

    def start(self, status: int, headers: Headers) -> Sending:
        self.sent_at = time.monotonic()
        return self._line.start(status, headers + self._extra)

    def send(self, data: bytes) -> Sending:
        self.sent_at = time.monotonic()
        return self._line.send(data)

    def put(self, data: bytes) -> None:
        self.sent_at = time.monotonic()
        self._line.put(data)

    def end(self, data: bytes) -> Sending:
        return self._line.end(data)

    def stalled(self) -> bool:
        return self._edge.stalled

    def without_extra(self) -> HttpSink:
        """The same, for a reply that brings every field itself."""
        self._extra = []
        return self
