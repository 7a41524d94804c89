"""Code of callers at vendors' hosted interpreters, with the house's credential.

Rule 1: only providers that [sandbox] hosted names are asked; code stays here otherwise.
Rule 2: a call pays for what it may cost before it begins, and for what it did cost after.
Rule 3: what keeping containers awake costs is written into the ledger while they are kept.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from headgate.config import Config
from headgate.engine import Ground
from headgate.gateway.execute.charge import Bill, call_of
from headgate.gateway.execute.said import NANO
from headgate.gateway.execute.trouble import wrong
from headgate.sandbox.model import Job, Refused, Result, Status
from headgate.wire.call import NOBODY, Caller
from headgate.wire.model import Ending, Fault

if TYPE_CHECKING:  # it is loaded where it is used: most gateways never do
    from headgate.sandbox.hosted.away import Away

LOCAL, AUTO = "local", "auto"
Here = Callable[[Job], Awaitable[Result]]


class Nobody:
    """The sink of what answers nobody."""

    sent_at = 0.0

    async def whole(self, status: int, headers: object, body: bytes) -> None: ...
    async def start(self, status: int, headers: object) -> None: ...
    async def send(self, data: bytes) -> None: ...
    async def end(self, data: bytes) -> None: ...
    def put(self, data: bytes) -> None: ...
    def stalled(self) -> bool:
        return False


class Elsewhere:
    """The vendors of one gateway, as its configuration was at the start."""

    def __init__(self, ground: Ground, config: Config) -> None:
        self._ground, self._config = ground, config
        self._hosted = config.sandbox.hosted
        self._away: Away | None = None

    async def start(self, place: int, workers: int) -> None:
        """Begin to keep awake this worker's share of what is to be."""
        sandbox = self._config.sandbox
        count = sandbox.warm_count // workers + (place <= sandbox.warm_count % workers)
        if not sandbox.warm_on or not count:
            return
        told = (await self._open()).keep_warm(
            sandbox.warm_on,
            count,
            sandbox.warm_memory_mb,
            agreed_usd_day=sandbox.warm_usd_day,
            charge=self._charge,
        )
        self._ground.settlement.journal.say("keeps_warm", what=told)

    async def close(self) -> None:
        if self._away is not None:
            await self._away.__aexit__()

    @property
    def awake(self) -> int:
        """Containers that are ready now."""
        return self._away.awake if self._away is not None else 0

    async def about(self, on: str, job: Job) -> tuple[int, int]:
        """What it costs probably, and at worst; Fault: code may not be sent there."""
        self._check(on)
        away = await self._open()
        return await asyncio.to_thread(away.about, on, job)

    async def run(self, on: str, job: Job, here: Here) -> Result:
        """Run it where `on` says; Refused and Unavailable say why nowhere."""
        return await (await self._open()).run(on, job, here)

    def _check(self, on: str) -> None:
        names = () if on == AUTO else [it.strip().partition(":")[0] for it in on.split(",")]
        for name in names:
            if name not in (LOCAL, *self._hosted):
                known = ", ".join((LOCAL, *self._hosted, *((AUTO,) if self._hosted else ())))
                what = f"{name[:80]!a} is no place that code may be sent to; here it is {known}"
                remedy = "whoever runs this Headgate can name providers: [sandbox] hosted"
                raise wrong("on", what, remedy)

    async def _open(self) -> Away:
        if self._away is None:
            self._away = await asyncio.to_thread(self._made)
        return self._away

    def _made(self) -> Away:
        from headgate.sandbox.hosted.away import Away

        providers = [it for it in self._config.providers if it.name in self._hosted]
        ground = self._ground
        return Away(providers, ground.settlement.catalog, self._config.sandbox, ground.door)

    async def _charge(self, nusd: int) -> None:
        """A row for what was kept awake; Refused: a budget has no more for it."""
        name = self._config.sandbox.warm_on
        id = f"hg_{secrets.token_hex(12)}"
        call = call_of(Caller([], NOBODY), b"", id, "warm", stream=False)
        bill = Bill(self._ground, self._config, call, Nobody())
        try:
            await bill.enter(0)
            await bill.set_aside(nusd)
            result = Result(status=Status.OK, on=f"{name}:warm", model="warm", cost_nusd=nusd)
            bill.end(result)
            bill.tally.ending, bill.tally.status = Ending.COMPLETE, 200
        except Fault as fault:
            bill.tally.ending = Ending.ERROR
            usd = f"${nusd / NANO:.4f}"
            raise Refused(f"containers are not kept awake: {usd}: {fault.message}") from fault
        finally:
            bill.settle()
