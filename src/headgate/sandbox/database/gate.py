"""The one door through which an order reaches the server: it opens for that order alone.

Rule 1: code never sees the server's own socket; the door lies where only its name leads.
Rule 2: so many connections at once and no more, counted before the server hears of one.
Rule 3: when the order has ended the door and every connection through it are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from pathlib import Path

PORT = 5432
NAME = f".s.PGSQL.{PORT}"
MOST_AT_ONCE = 16
_PIECE = 1 << 16
_BACKLOG = 64


class Gate:
    """One door, open until `close`."""

    def __init__(self, server: str, folder: Path) -> None:
        """From a door in `folder` to the socket in the folder `server`."""
        self._target, self._folder = os.path.join(server, NAME), folder
        self._listening: asyncio.Server | None = None
        self._through: set[asyncio.Task[None]] = set()
        self.turned_away = 0

    async def open(self) -> None:
        door = await asyncio.to_thread(_bound, self._folder)
        self._listening = await asyncio.start_unix_server(self._came, sock=door)

    async def close(self) -> None:
        self.shut()
        if self._through:
            await asyncio.wait(self._through)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def shut(self) -> None:
        """Let nobody in, and end whoever is through."""
        if self._listening is not None:
            self._listening.close()
        for each in self._through:
            each.cancel()

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._through) >= MOST_AT_ONCE:
            self.turned_away += 1
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._pass_on(reader, writer))
        self._through.add(task)
        task.add_done_callback(self._through.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait((task,))

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        ends = [writer]
        try:
            inner, outer = await asyncio.open_unix_connection(self._target)
            ends.append(outer)
            ways = (_copy(reader, outer), _copy(inner, writer))
            pairs = [asyncio.ensure_future(it) for it in ways]
            try:
                await asyncio.wait(pairs, return_when=asyncio.FIRST_COMPLETED)
                with contextlib.suppress(OSError):
                    await writer.drain()
            finally:
                for each in pairs:
                    each.cancel()
                await asyncio.wait(pairs)
        except (OSError, asyncio.CancelledError):
            for end in ends:
                end.transport.abort()
        finally:
            for end in ends:
                end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()


def _bound(folder: Path) -> socket.socket:
    folder.mkdir()
    folder.chmod(0o711)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(str(folder / NAME))
        (folder / NAME).chmod(0o666)
        door.listen(_BACKLOG)
        door.setblocking(False)
    except BaseException:
        door.close()
        raise
    return door
