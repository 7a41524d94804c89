"""The clock on running calls: silence, whole-call limits, held heads and pings.

Rule 1: one sweep for all calls instead of timers for each: nothing is armed on the hot path.
Rule 2: silence is counted on the upstream's bytes, never on our own pings, and not while the
client refuses to read: then it is we who keep the upstream waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from headgate.engine.story import Engine
from headgate.engine.tally import Tally
from headgate.wire.model import Fault, Kind

SWEEP_S = 0.05


async def sweep(engine: Callable[[], Engine], running: set[Tally], ping_s: float) -> None:
    """Look after every running call until cancelled."""
    while True:
        await asyncio.sleep(SWEEP_S)
        now = time.monotonic()
        for tally in list(running):
            try:
                await look(engine(), tally, ping_s, now)
            except Exception as bug:  # noqa: BLE001 - one call must not stop the clock of all
                if tally.exchange is not None:
                    text = f"Headgate failed to watch over this call: {bug!r}"
                    tally.exchange.fail(Fault(Kind.INTERNAL, text))


async def look(engine: Engine, tally: Tally, ping_s: float, now: float) -> None:
    """Look after one call."""
    stalled = tally.sink.stalled()  # to send now would make every other call wait
    if tally.committed and stalled:
        tally.stalled_at = now
    look_at_upstream(tally, now)
    if tally.watch is not None and not tally.answered and not stalled:
        await look_at_stream(engine, tally, ping_s, now)


def look_at_upstream(tally: Tally, now: float) -> None:
    exchange = tally.exchange
    if exchange is None:
        return
    if tally.deadline and now >= tally.deadline:
        took = tally.deadline - tally.started
        exchange.fail(Fault(Kind.TIMEOUT, f"the call was not answered within {took:g} s"))
    elif now - max(exchange.last_byte_at, tally.stalled_at) >= tally.silence_s:
        kind = Kind.IDLE if exchange.status else Kind.TIMEOUT
        exchange.fail(Fault(kind, f"the upstream sent nothing for {tally.silence_s:g} s"))


async def look_at_stream(engine: Engine, tally: Tally, ping_s: float, now: float) -> None:
    """Release a head held long enough; ping a client that has seen nothing for a while."""
    if not tally.committed:
        if now >= tally.hold_until:
            await engine.commit(tally)
    elif now - tally.sink.sent_at >= ping_s:
        await tally.sink.send(tally.call.surface.dialect.PING)
