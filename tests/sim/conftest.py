"""A running simulator for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from headgate.gateway.serve import Listen, start
from headgate.sim.app import Options, Simulator


@dataclass(slots=True)
class Live:
    """A simulator and where it listens."""

    sim: Simulator
    url: str
    host: str
    port: int


Serve = Callable[..., Awaitable[Live]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start simulators on free ports; all are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def begin(options: Options | None = None, **arguments: Any) -> Live:
            sim = Simulator(options or Options(seed=7), **arguments)
            running = await start(sim, Listen(drain_s=1))
            stack.push_async_callback(running.stop, at_once=True)
            return Live(sim, running.url, running.host, running.port)

        yield begin
