"""The end of a call: its last words to the client, and handing it over to be settled.

Rule 1: a fault is told once, in the caller's dialect; the upstream's own words where it spoke.
Rule 2: what has begun as a stream ends as one: with an error event, never with a bare cut.
"""

from __future__ import annotations

import asyncio
import traceback

from headgate.config import Route
from headgate.engine import refusal, told
from headgate.engine.crossing import voice
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.head import CANNED, own_headers, own_stream_headers, reply_headers
from headgate.engine.settle import Ended
from headgate.engine.tally import Tally
from headgate.wire.model import Ending, Fault, Kind
from headgate.wire.reading import Reading
from headgate.wire.translate import told_elsewhere
from headgate.wire.voice import canned

ENDINGS = {Kind.TRUNCATED: Ending.TRUNCATED, Kind.IDLE: Ending.IDLE}
"""of calls that a fault ends; every other fault is an error"""
SAFE_S = 10.0
"""how long the last of a reply waits for its row, where durability is strict"""
TROUBLED_S = 0.5
"""the same for an error while the ledger is known not to work"""


class Closing:
    """Ends the calls of one engine."""

    def __init__(
        self, ground: Ground, gates: dict[str, Gate], key: bytes | None, *, strict: bool
    ) -> None:
        self._ground = ground
        self._gates = gates
        self._key = key
        self._strict = strict

    async def break_off(self, tally: Tally, fault: Fault) -> None:
        """End a reply the client has begun to read: an error event in its dialect."""
        tally.ending = ENDINGS.get(fault.kind, Ending.ERROR)
        tally.fault = fault
        tally.answered = True
        call, watch = tally.call, tally.watch
        told = told_elsewhere(fault) if tally.crossing is not None else fault
        if watch is not None:
            tally.ending = watch.close(tally.ending)
            event = watch.fail(told, call.id)
        else:  # the client has read a head and pings, all of them ours
            event = call.surface.dialect.error_event(told, call.id, Reading())
        tally.reply_bytes += len(event)
        if tally.exchange is not None:
            self._ground.note(tally, tally.exchange, fault)
        await self.make_sure(tally)
        await tally.sink.end(event)

    async def can(self, tally: Tally, route: Route, fault: Fault) -> None:
        """The last rung: the operator's own words, typed as such."""
        call = tally.call
        tally.canned, tally.ending, tally.fault = True, Ending.COMPLETE, fault
        tally.answered = tally.committed = True
        tally.status, tally.warnings = 200, ()
        said = voice(tally, call.model)
        body = canned(call.surface.dialect, route.canned, said, stream=call.stream)
        if call.stream:
            headers = own_stream_headers(tally)
        else:
            headers = [*own_headers(tally), (b"content-type", b"application/json")]
        headers.append((CANNED, b"true"))
        tally.reply_bytes = len(body)
        await self.make_sure(tally)
        if call.stream:
            await tally.sink.start(200, headers)
            await tally.sink.end(body)
        else:
            await tally.sink.whole(200, headers, body)

    async def explain(self, tally: Tally, fault: Fault) -> None:
        """A final fault, in the caller's dialect: the upstream's own words where it spoke."""
        dialect = tally.call.surface.dialect
        tally.ending = tally.ending or ENDINGS.get(fault.kind, Ending.ERROR)
        tally.fault = fault
        if tally.committed:
            if not tally.answered:
                await self.break_off(tally, fault)
            return
        if tally.crossing is not None:
            fault = told_elsewhere(fault)
        status = refusal.final_status(fault, dialect)
        tally.status = status
        tally.answered = True
        reply = fault.reply if refusal.passes_unmodified(fault) else None
        if reply is not None:
            headers, body = reply_headers(tally, reply.headers), reply.body
            named = {name for name, _ in headers}
            headers += [h for h in refusal.retry_headers(fault) if h[0] not in named]
        else:
            body = dialect.error_body(fault, tally.call.id)
            headers = own_headers(tally) + refusal.retry_headers(fault)
            headers += told.block_headers(fault, dialect.NAME)
            headers.append((b"content-type", b"application/json"))
        tally.reply_bytes = len(body)
        await self.make_sure(tally)
        await tally.sink.whole(status, headers, body)

    async def confess(self, tally: Tally, bug: Exception) -> None:
        """A mistake of ours: the whole of it in the log, its place there to the caller."""
        self._ground.settlement.journal.say(
            "bug",
            id=tally.call.id,
            error=f"{type(bug).__name__}: {bug}",
            trace="".join(traceback.format_tb(bug.__traceback__)[-6:]),
        )
        text = f"Headgate failed to handle this call; its log says why under {tally.call.id}"
        await self.explain(tally, Fault(Kind.INTERNAL, text))

    async def make_sure(self, tally: Tally) -> None:
        """With strict durability, the last of a reply waits until its row is safe.

        Not for ever: what cannot be kept is an error, and an error promises no row.
        """
        if not self._strict:
            return
        self.settle(tally)
        writer, failed = self._ground.writer, tally.fault is not None
        try:
            async with asyncio.timeout(TROUBLED_S if failed and writer.trouble else SAFE_S):
                await writer.durable()
        except TimeoutError:
            if not failed:
                why = writer.trouble or "it does not keep up"
                text = f"the answer is here, but the ledger cannot be written: {why}"
                raise Fault(Kind.BUSY, text) from None

    def settle(self, tally: Tally) -> None:
        if tally.settled:
            return
        ground = self._ground
        tally.ending = tally.ending or Ending.CLIENT_GONE
        gate = self._gates.get(tally.target.provider) if tally.target is not None else None
        provider = gate.provider if gate is not None else None
        ground.settlement.settle(Ended(tally, provider, ground.clock(), self._key))
        if tally.lesson is not None:
            tally.lesson(tally)
        if self._strict:
            ground.settlement.flush()
