"""Turns a host name into addresses: one lookup at a time per name, off the event loop.

Rule 1: a lookup is never cancelled: those who still wait for it share its result.
Rule 2: addresses of both families alternate, so that one broken family costs one stagger.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Address = tuple[int, tuple[Any, ...]]
"""address family, and the socket address as the system spells it"""
Find = Callable[[str, int], Awaitable[list[Address]]]


async def ask_system(host: str, port: int) -> list[Address]:
    """The addresses the system's resolver knows; OSError says why there is none."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        None, socket.getaddrinfo, host, port, socket.AF_UNSPEC, socket.SOCK_STREAM
    )
    return alternate([(family, address) for family, _, _, _, address in found])


def alternate(addresses: list[Address]) -> list[Address]:
    """Families take turns, the preferred one first; within a family the order is kept."""
    if not addresses:
        return []
    first = addresses[0][0]
    preferred = [address for address in addresses if address[0] == first]
    others = [address for address in addresses if address[0] != first]
    turns: list[Address] = []
    for place in range(max(len(preferred), len(others))):
        turns += preferred[place : place + 1] + others[place : place + 1]
    return turns


def literal(host: str, port: int) -> list[Address]:
    """The address itself where the host is written as one; otherwise nothing."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return []
    if version == 6:
        return [(socket.AF_INET6, (host, port, 0, 0))]
    return [(socket.AF_INET, (host, port))]


@dataclass(slots=True)
class Names:
    """Lookups under way, shared by everyone who asks for the same name meanwhile."""

    find: Find = ask_system
    _running: dict[tuple[str, int], asyncio.Future[list[Address]]] = field(default_factory=dict)

    async def addresses(self, host: str, port: int) -> list[Address]:
        found = literal(host, port)
        if found:
            return found
        running = self._running.get((host, port))
        if running is None:
            running = asyncio.ensure_future(self.find(host, port))
            self._running[host, port] = running
            running.add_done_callback(lambda _: self._running.pop((host, port), None))
        return await running
