"""Lends each order that asks for one a database of its own, for as long as the order runs.

Rule 1: the server starts with the first order that needs it, and ends with the sandbox.
Rule 2: an order finds its database by the variables that every client of libpq reads.
Rule 3: a database that outgrows what an order may write is closed to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.sandbox.database import server as servers
from headgate.sandbox.database.admin import Admin, Login
from headgate.sandbox.database.gate import PORT, Gate
from headgate.sandbox.model import Database, Isolation, Order, Tier, Tree, Unavailable

SHOWN = "/database"
"""where the doors lie for the code"""
TIER: Tier = "namespaces"
MOST_MB = 256
LOOK_S = 0.25


class Ground(NamedTuple):
    """What databases stand on."""

    server: servers.Server
    admin: Admin


class Databases:
    """Those of one sandbox."""

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self._starting: asyncio.Future[Ground] | None = None

    async def prepare(self, wanted: Database) -> None:
        """See that one could be lent; Unavailable or Refused where it could not."""
        ground = await self._ground()
        await asyncio.to_thread(ground.admin.prepare, wanted.setup_sql)

    @contextlib.asynccontextmanager
    async def lent(self, order: Order) -> AsyncIterator[Order]:
        """The order as it is carried out: with a database, if it asks for one."""
        if order.database is None:
            yield order
            return
        ground = await self._ground()
        login = await _lent(ground.admin, order.database.setup_sql)
        door = secrets.token_hex(16)
        gate = Gate(ground.server.socket, Path(ground.server.doors) / door)
        watching: asyncio.Future[None] | None = None
        try:
            await gate.open()
            watching = asyncio.ensure_future(_watch(ground.admin, login, gate))
            yield _given(order, ground.server.doors, door, login)
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.wait((watching,))
            await asyncio.shield(_ended(ground.admin, login, gate))

    async def close(self) -> None:
        """End the server; nothing of it is left."""
        starting, self._starting = self._starting, None
        if starting is None:
            return
        await asyncio.wait((starting,))
        if not starting.cancelled() and starting.exception() is None:
            ground = starting.result()
            await asyncio.to_thread(ground.admin.close)
            await asyncio.to_thread(ground.server.close)

    async def _ground(self) -> Ground:
        if self._isolation.tier != TIER:
            raise Unavailable(
                f"a database for judged code takes the tier {TIER}; here is "
                f"{self._isolation.tier}",
                "see `headgate doctor`",
            )
        if self._starting is None:
            self._starting = asyncio.ensure_future(asyncio.to_thread(started))
        return await asyncio.shield(self._starting)


def started() -> Ground:
    """A server and the one who may do all on it. Slow: not for an event loop."""
    servers.programs()
    server = servers.start()
    try:
        return Ground(server, Admin(server))
    except BaseException:
        server.close()
        raise


async def _lent(admin: Admin, setup_sql: str) -> Login:
    """Whoever gives up meanwhile leaves none behind."""
    lending = asyncio.ensure_future(asyncio.to_thread(admin.lend, setup_sql))
    try:
        return await asyncio.shield(lending)
    except asyncio.CancelledError:
        await asyncio.wait((lending,))
        if lending.exception() is None:
            await asyncio.to_thread(admin.take_back, lending.result())
        raise


async def _ended(admin: Admin, login: Login, gate: Gate) -> None:
    await gate.close()
    await asyncio.to_thread(admin.take_back, login)


async def _watch(admin: Admin, login: Login, gate: Gate) -> None:
    """Close the door of a database that has grown too large."""
    try:
        folder = await asyncio.to_thread(admin.folder, login)
    except Unavailable:  # the order will find that out by itself
        return
    while await asyncio.to_thread(_size, folder) < MOST_MB << 20:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(LOOK_S)
    gate.shut()
    await asyncio.to_thread(admin.end, login)


def _size(folder: str) -> int:
    size = 0
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for each in found:
            with contextlib.suppress(OSError):  # it was dropped meanwhile
                size += each.stat(follow_symlinks=False).st_blocks * 512
    return size


def _given(order: Order, doors: str, door: str, login: Login) -> Order:
    env = (
        ("PGHOST", f"{SHOWN}/{door}"),
        ("PGPORT", str(PORT)),
        ("PGUSER", login.name),
        ("PGDATABASE", login.name),
        ("PGPASSWORD", login.password),
    )
    trees = (*order.runtime.trees, Tree(doors, SHOWN))
    steps = tuple(msgspec.structs.replace(it, env=(*it.env, *env)) for it in order.steps)
    runtime = msgspec.structs.replace(order.runtime, trees=trees)
    return msgspec.structs.replace(order, runtime=runtime, steps=steps)
