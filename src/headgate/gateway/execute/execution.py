"""Running code in one worker of a gateway: what belongs together, opened and closed as one.

Rule 1: what is asked about sessions, artefacts and containers goes to the worker that has them.
Rule 2: trouble of the sandbox is logged once, and refuses no other call.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from headgate.config import Config
from headgate.engine import Ground
from headgate.gateway.execute import ops
from headgate.gateway.execute.box import LazyBox, Open, open_sandbox
from headgate.gateway.execute.bridge import Bridge, folder, secret_of
from headgate.gateway.execute.counts import Counts
from headgate.gateway.execute.elsewhere import Elsewhere
from headgate.gateway.execute.here import Here
from headgate.gateway.execute.homes import Homes, Household, home_of
from headgate.gateway.execute.ops import Answer, Ask, Begin, Hear, Homely, Room
from headgate.gateway.execute.running import Runs
from headgate.gateway.execute.trouble import Trouble
from headgate.sandbox.settings import Settings
from headgate.wire.model import Kind

SWEEP_S = 30.0
GAUGES = {
    "running": "Runs of code that go on.",
    "waiting": "Runs that stand in line for a place.",
    "spares": "Places that stand ready.",
}


def box_of(settings: Settings, ground: Ground, open_box: Open = open_sandbox) -> LazyBox | None:
    """The sandbox that a gateway has; None: it runs no code."""
    if not settings.enabled:
        return None
    journal = ground.settlement.journal

    def say(why: str) -> None:
        journal.say("sandbox_unavailable" if why else "sandbox_ready", why=why)

    return LazyBox(settings, say, open_box)


class Execution:
    """One worker's part in running code."""

    def __init__(
        self, ground: Ground, config: Config, box: LazyBox, place: int = 1, workers: int = 1
    ) -> None:
        self.counts = Counts()
        self.box = box
        self.here = Here(box, place)
        self.elsewhere = Elsewhere(ground, config)
        self.runs = Runs(ground, self.do, self.counts, self.elsewhere)
        self._household = Household(ground)
        if isinstance(ground.lodging, Homes):
            ground.lodging.do = self.do
        self._ground = ground
        self._place = place
        self._workers = workers
        self._bridge: Bridge | None = None
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the way to the other workers, and the sandbox, before anybody asks."""
        if self._workers > 1:
            secret = secret_of(self._ground.writer.fingerprint_key)
            try:
                where = await asyncio.to_thread(folder, os.getppid())
                bridge = Bridge(where, self._place, secret, self._do_here)
                await bridge.open()
            except OSError as error:
                self._ground.settlement.journal.say("bridge_trouble", why=str(error))
            else:
                self._bridge = bridge
        await self.elsewhere.start(self._place, self._workers)
        self._chores.append(asyncio.ensure_future(self._keep()))
        self._chores.append(asyncio.ensure_future(self._warm()))

    async def close(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        if self._bridge is not None:
            await self._bridge.close()
        await self.elsewhere.close()
        await self.box.close()

    async def do(
        self, ask: Ask, hear: Hear | None = None, begins: Begin | None = None
    ) -> Answer:
        """What is asked for, wherever it is; Fault says why it is not to be had."""
        place = self._place_of(ask)
        if place in (0, self._place):
            return await self._do_here(ask, hear, begins)
        if place > self._workers:  # there were more once: what they kept is on disk
            return await self._do_here(ask, hear, begins)
        if isinstance(ask, ops.Fetch):
            with suppress(Trouble):  # the folder is shared, where there is one
                return await self._do_here(ask)
        return await self._there(place).ask(place, ask, hear, begins)

    async def _do_here(
        self, ask: Ask, hear: Hear | None = None, begins: Begin | None = None
    ) -> Answer:
        if isinstance(ask, Homely):
            return await self._household.do(ask, begins)
        return await self.here.do(ask, hear, begins)

    async def rooms(self, owner: str) -> list[Room]:
        """All sessions of a key, of every worker that answers; the oldest first."""
        found = (await self.here.do(ops.Look(owner))).rooms
        for place in range(1, self._workers + 1):
            if place != self._place and self._bridge is not None:
                try:
                    found += (await self._bridge.ask(place, ops.Look(owner))).rooms
                except Trouble as trouble:
                    if trouble.kind is not Kind.BUSY:
                        raise
        return sorted(found, key=lambda room: room.created_us)

    def gauges(self) -> list[tuple[str, str, float]]:
        """(name, help, value) of what is true now."""
        figures = self.box.figures()
        return [
            (f"headgate_execute_{name}", said, float(figures.get(name, 0)))
            for name, said in GAUGES.items()
        ] + [
            ("headgate_execute_sessions", "Open sessions.", float(self.here.sessions)),
            (
                "headgate_execute_awake",
                "Vendors' containers that are kept awake.",
                float(self.elsewhere.awake),
            ),
        ]

    def _place_of(self, ask: Ask) -> int:
        """Which worker has it; 0: any may."""
        match ask:
            case ops.Run():
                session = ask.job.session
                return ops.place_of(session, ops.SESSION) if session else 0
            case ops.Close() | ops.Put() | ops.Take():
                return ops.place_of(ask.session, ops.SESSION)
            case ops.Look():
                return ops.place_of(ask.session, ops.SESSION) if ask.session else 0
            case ops.Fetch():
                return ops.place_of(ask.id, ops.ARTEFACT)
            case ops.Open():
                return 0
            case _:
                return home_of(ask.owner, self._workers)

    def _there(self, place: int) -> Bridge:
        if self._bridge is None:
            raise Trouble(
                Kind.BUSY,
                f"worker {place} has this, and this worker has no way to it; the log says why",
                code="worker_unreachable",
            )
        return self._bridge

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            settings = self.box.settings
            self.here.sweep(settings.session_idle_s + settings.session_keep_s)

    async def _warm(self) -> None:
        """Open the sandbox ahead of the first run; what stands in its way is logged."""
        try:
            await self.box.open()
        except Exception as bug:  # noqa: BLE001 - whoever asks is told; calls go on
            self._ground.settlement.journal.say("sandbox_trouble", error=repr(bug))
