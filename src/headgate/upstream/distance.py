"""Measures how far an upstream is: one round trip over the network, as a handshake takes it.

Rule 1: nothing is asked of it: a connection is opened for this and closed again.
Rule 2: where TLS is spoken its handshake is timed, which goes all the way; else that of TCP.
Rule 3: sockets block in a thread of their own: what an event loop is busy with is no distance.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence

from headgate.upstream.names import Address, Names
from headgate.upstream.request import Url
from headgate.upstream.tls import Trust
from headgate.wire.model import Fault

PATIENCE_S = 3.0
TWO_ROUNDS = ("TLSv1.2", "TLSv1.1", "TLSv1")
"""versions whose handshake goes there and back twice"""


class Surveyor:
    """Measures the way to upstreams."""

    def __init__(self) -> None:
        self._names, self._trust = Names(), Trust()

    async def round_trip_us(self, url: Url) -> int | None:
        """There and back, in microseconds; None: it could not be reached."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                context = await self._trust.context(url)
                addresses = await self._names.addresses(url.host, url.port)
        except (OSError, Fault):
            return None
        return await asyncio.to_thread(_measured, addresses, context, url.host)


def _measured(
    addresses: Sequence[Address], context: ssl.SSLContext | None, host: str
) -> int | None:
    for family, place in addresses:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                sock.settimeout(PATIENCE_S)
                return _timed(sock, place, context, host)
        except OSError:
            continue
    return None


def _timed(
    sock: socket.socket, place: tuple[object, ...], context: ssl.SSLContext | None, host: str
) -> int:
    begun = time.perf_counter()
    sock.connect(place)
    connected = time.perf_counter()
    if context is None:
        return _us(connected - begun)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(sock, server_hostname=host) as spoken:
        took = time.perf_counter() - connected
        return _us(took / 2 if spoken.version() in TWO_ROUNDS else took)


def _us(seconds: float) -> int:
    return max(1, round(seconds * 1e6))
