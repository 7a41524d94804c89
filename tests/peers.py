"""Somebody else's server, and a connection by hand, for a test; neither leaves anything open.

Rule 1: however a test ends, each connection is closed and each task over before its loop is:
what is left open would be blamed on whichever test runs when it is collected.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[int]:
    """The port of a server that gives this answer to each connection, then closes it."""
    links: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links.append((asyncio.ensure_future(one(reader, writer)), writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task, writer in links:
            task.cancel()
            writer.transport.abort()
        tasks = [task for task, _ in links]
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()  # a server's own complaint fails the test it belongs to


@contextlib.asynccontextmanager
async def dialled(
    port: int, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection; whoever leaves in disorder does not wait until all is sent."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    except BaseException:
        writer.transport.abort()
        raise
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
