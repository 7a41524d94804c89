"""What a sandbox stands on: this machine's strongest containment, and its control groups.

Rule 1: nothing runs before the machine was asked; what it answers is proved by attacks.
Rule 2: control groups are the process's: the last sandbox that stands on them clears them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from headgate.sandbox.cgroup import Groups
from headgate.sandbox.container import Engine
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import Isolation, Runtime
from headgate.sandbox.pool import Start
from headgate.sandbox.probe import engine_for, probe
from headgate.sandbox.settings import Settings
from headgate.sandbox.tiers import start_worker

CLEAR_S = 5.0
"""how long what was killed may take to be gone"""


class Standing(NamedTuple):
    """What contains code, how a worker of it is begun, and how it is left."""

    isolation: Isolation
    start: Start
    leave: Callable[[], Awaitable[None]]


async def stand(settings: Settings) -> Standing:
    """Ask this machine; raises Unavailable where it gives less than the settings demand."""
    taking = asyncio.ensure_future(asyncio.to_thread(_OURS.take))
    try:
        groups = await asyncio.shield(taking)
        isolation = await probe(settings, groups)
        engine = await asyncio.to_thread(engine_for, isolation.tier)
    except BaseException:
        await asyncio.wait((taking,))  # its thread goes on, whoever is cancelled
        if taking.exception() is None:
            await asyncio.to_thread(_OURS.give_back)
        raise
    runs_in = engine if isinstance(engine, Engine) else None

    async def start(runtime: Runtime) -> Foreman | FolderForeman:
        return await start_worker(runtime, isolation, groups, runs_in)

    async def leave() -> None:
        await asyncio.to_thread(_OURS.give_back)

    return Standing(isolation, start, leave)


class _Shared:
    """The groups of this process, and how many sandboxes stand on them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: Groups | None = None
        self._users = 0

    def take(self) -> Groups | None:
        with self._lock:
            if not self._users:
                self._groups = Groups.find()
            self._users += 1
            return self._groups

    def give_back(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._groups is not None:
                groups, self._groups = self._groups, None
                end = time.monotonic() + CLEAR_S
                while not groups.close() and time.monotonic() < end:
                    time.sleep(0.01)


_OURS = _Shared()
