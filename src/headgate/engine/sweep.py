"""The clock on running calls: silence, whole-call limits, held heads and pings.

Rule 1: one sweep for all calls instead of timers for each: nothing is armed on the hot path.
Rule 2: silence is counted on the upstream's bytes, never on our own pings, and not while the
client refuses to read: then it is we who keep the upstream waiting.
Rule 3: a head of our own is a promise kept at a price: with it ends every other try. So it is
sent only while a try has been silent for ping_s, never in the pause between two of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from headgate.engine.head import own_stream_headers
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
    told = tally.answered or tally.noted or tally.follows
    if tally.call.stream and not (stalled or told):
        await look_at_stream(engine, tally, ping_s, now)


def look_at_upstream(tally: Tally, now: float) -> None:
    exchange = tally.exchange
    if exchange is None:
        return
    if tally.deadline and now >= tally.deadline:
        took = tally.deadline - tally.started
        exchange.fail(Fault(Kind.TIMEOUT, f"the call was not answered within {took:g} s"))
    elif now - max(exchange.last_byte_at, tally.stalled_at) >= tally.silence_s:
        if exchange.sent_all or exchange.status:
            kind, what = Kind.IDLE, "sent nothing for"
        else:
            kind, what = Kind.TIMEOUT, "did not take the request within"
        exchange.fail(Fault(kind, f"the upstream {what} {tally.silence_s:g} s"))


async def look_at_stream(engine: Engine, tally: Tally, ping_s: float, now: float) -> None:
    """Release a head held long enough; ping a client that has seen nothing for a while."""
    exchange = tally.exchange
    if tally.committed:
        if now - tally.sink.sent_at >= ping_s:
            await tally.sink.send(tally.call.surface.dialect.PING)
    elif tally.watch is not None:
        if now >= tally.hold_until:
            await engine.commit(tally)
    elif exchange is not None and exchange.awaits_head and now - tally.try_started >= ping_s:
        await open_early(tally)


async def open_early(tally: Tally) -> None:
    """Begin the reply before the upstream does: its caller would take silence for death."""
    tally.committed, tally.status = True, 200
    await tally.sink.start(200, own_stream_headers(tally))
    await tally.sink.send(tally.call.surface.dialect.PING)
