"""Carries a reply to an HTTP client, event by event, as the engine hands it over."""

from __future__ import annotations

import time

from headgate.gateway.serve import EDGE, Edge, Scope, Send
from headgate.wire.model import Headers


class HttpSink:
    """The engine's Sink over one request of the server's."""

    __slots__ = ("_clock", "_edge", "_extra", "_send", "sent_at")

    def __init__(self, scope: Scope, send: Send, extra: Headers) -> None:
        self._send = send
        self._edge: Edge = scope[EDGE]
        self._extra = extra
        self._clock = time.monotonic
        self.sent_at = 0.0

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        length = (b"content-length", b"%d" % len(body))
        await self.start(status, [*headers, length])
        await self.end(body)

    async def start(self, status: int, headers: Headers) -> None:
        self.sent_at = self._clock()
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": headers + self._extra if self._extra else headers,
            }
        )

    async def send(self, data: bytes) -> None:
        self.sent_at = self._clock()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    def stalled(self) -> bool:
        return self._edge.stalled

    def without_extra(self) -> HttpSink:
        """The same, for a reply that brings every field itself."""
        self._extra = []
        return self
