"""What a run costs its key: reserved before it begins, settled to what it took, in one row.

Rule 1: a run is a call: it stands in the same lines, pays from the same budgets, has one row.
Rule 2: the worst that is set aside is every run's wall limit; nothing costs more than that.
Rule 3: what is answered from the cache, or fails through a fault of ours, costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

import msgspec

from headgate.config import Config
from headgate.engine import Ground, Sink, Tally
from headgate.engine.execution import PROVIDER, SURFACE, price_nusd
from headgate.engine.purse import Hold, Need, Wish
from headgate.engine.settle import Ended
from headgate.engine.story import ROOM_S
from headgate.engine.tally import UNPRINTED, Settled, TryNote, tags
from headgate.engine.told import Spent
from headgate.gateway.execute.trouble import Trouble
from headgate.ledger.record import Intent
from headgate.money.pricing import About, Band, Cost, Rates, Table
from headgate.policy.router import Target
from headgate.sandbox.model import LIMITED, Result, Status
from headgate.wire.call import Call, Caller
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Ending, Fault, Kind, Usage

NOBODYS, LOCAL = "-", "local"


class Bill:
    """One call's runs, as they are reserved, counted and settled."""

    def __init__(self, ground: Ground, config: Config, call: Call, sink: Sink) -> None:
        self._ground = ground
        self._price = config.sandbox.second_usd
        self._wait_s = config.caps.wait_s
        self._strict = config.ledger.durability == "strict"
        self._used_us = 0
        self._worst_us = 0
        self._began = 0.0
        self._most_us = 0
        self._elsewhere_nusd, self._usage, self._where = 0, Usage(), PROVIDER
        """what vendors ran of it, and the last of them"""
        self._sent_nusd = 0
        self._more: list[Hold] = []
        """what was set aside beyond the first reservation"""
        tally = self.tally = Tally.of(call, sink, ground.clock(), time.time_ns() // 1000)
        tally.fingerprint = UNPRINTED
        tally.target = Target(PROVIDER, call.model)

    @property
    def id(self) -> str:
        return self.tally.call.id

    async def enter(self, worst_us: int) -> None:
        """Take what the runs may use; Fault says what is spent or what limit is reached."""
        ground, tally, call = self._ground, self.tally, self.tally.call
        self._worst_us = worst_us
        ground.running.add(tally)
        if not ground.writer.has_room():
            await self._kept()
        payers = ground.till.payers
        purse = payers.purse(call.holder, tags(call), payers.models(f"{PROVIDER}:{call.model}"))
        tally.charged = purse.charged
        if not purse.is_empty:
            worst = price_nusd(worst_us, self._price)
            wish = Wish(
                purse,
                Need(worst_nusd=worst, probable_nusd=worst),
                call.holder.key_id or NOBODYS,
            )
            tally.purse, tally.probable_nusd = purse, worst
            tally.hold = await self._taken(wish)
        tally.handle = ground.writer.intend(self._intent())
        if self._strict:
            await self._durable()

    async def reserve(self, wall_s: float) -> None:
        """Set more aside where the next run, with those before it, may cost more than is."""
        self._most_us = int(wall_s * 1e6)
        need_us = self._used_us + self._most_us
        before, self._worst_us = self._worst_us, max(self._worst_us, need_us)
        more = price_nusd(self._worst_us, self._price) - price_nusd(before, self._price)
        await self.set_aside(more)

    async def set_aside(self, more: int) -> None:
        """Set so many nano-dollars aside beyond what is; Fault: they are not to be had."""
        purse = self.tally.purse
        if purse is not None and more:
            need = Need(worst_nusd=more, probable_nusd=more, requests=0, calls=0)
            key = self.tally.call.holder.key_id or NOBODYS
            self._more.append(await self._taken(Wish(purse, need, key)))

    async def _taken(self, wish: Wish) -> Hold:
        """What the wish asks for, at once or after a wait; Fault: it is not to be had."""
        hold = self._ground.till.take(wish)
        if hold is not None:
            return hold
        since = self._ground.clock()
        try:
            return await self._ground.till.wait(wish, self._wait_s)
        except Spent as spent:
            less = "ask for less time (limits.wall_s)"
            spent.message = spent.message.replace("ask for less output", less)
            raise
        finally:
            self.tally.waited_us += int((self._ground.clock() - since) * 1e6)

    def begin(self) -> None:
        """The run has left the line: until `end`, time passes on the caller's account."""
        self._began = self._ground.clock()

    def end(self, result: Result) -> Result:
        """It has come to this; the same, with its cost."""
        self._began, self._sent_nusd = 0.0, 0
        if result.on != LOCAL:
            return self._end_elsewhere(result)
        took_us = 0
        if not result.cached and result.status is not Status.BROKEN:
            took_us = min(round(result.execution_ms * 1000), self._most_us)
        before = price_nusd(self._used_us, self._price)
        self._used_us += took_us
        if result.status in LIMITED or result.status is Status.BROKEN:
            self.tally.reading.warn(result.status.value)
        if result.version:
            self.tally.reading.model = f"{result.language} {result.version}".strip()
        cost = price_nusd(self._used_us, self._price) - before
        return msgspec.structs.replace(result, cost_nusd=cost)

    def send(self, about_nusd: int) -> None:
        """A vendor is asked: whoever leaves before it answers pays what that costs probably."""
        self._sent_nusd = about_nusd

    def _end_elsewhere(self, result: Result) -> Result:
        """A vendor ran it: it costs what that took, whatever came of it."""
        used, tally = self._usage, self.tally
        fresh, output = (
            used.input_fresh + result.input_tokens,
            used.output + result.output_tokens,
        )
        self._usage = used._replace(input_fresh=fresh, output=output)
        self._elsewhere_nusd += result.cost_nusd
        if result.status in LIMITED or result.status is Status.BROKEN:
            tally.reading.warn(result.status.value)
        self._where, tally.reading.model = result.on.partition(":")[0], result.model
        tally.target = Target(self._where, result.model)
        return result

    def lose(self, nusd: int) -> None:
        """A vendor was paid, and has no result for it."""
        self._elsewhere_nusd += nusd

    @property
    def cost_nusd(self) -> int:
        """What all of it has cost so far."""
        return price_nusd(self._used_us, self._price) + self._elsewhere_nusd

    def refuse(self) -> None:
        """It was not begun after all."""
        self._began, self._sent_nusd = 0.0, 0

    def settle(self) -> None:
        """Write the row, give back what is left over. Once, whatever happened."""
        ground, tally = self._ground, self.tally
        if tally.settled:
            return
        if self._began:  # it was cut off: what it took until now is what it costs
            took_us = int((ground.clock() - self._began) * 1e6)
            self._used_us += min(took_us, self._most_us)
            self._began = 0.0
        self._used_us = min(self._used_us, self._worst_us)
        self._elsewhere_nusd += self._sent_nusd
        tally.ending = tally.ending or Ending.CLIENT_GONE
        tally.bought = self._bought()
        if tally.handle:
            model = tally.target.model if tally.target is not None else ""
            note = TryNote(self._where, model, self._used_us, tally.status, "", False, "")
            tally.notes.append(note)
        ground.settlement.settle(Ended(tally, None, ground.clock(), None))
        ground.running.discard(tally)
        for hold in self._more:
            hold.put_back()
        if self._strict or self._more:
            ground.settlement.flush()

    async def kept(self) -> None:
        """With strict durability: settle, and wait until the row is on the disk."""
        if self._strict:
            self.settle()
            await self._durable()

    async def _durable(self) -> None:
        try:
            async with asyncio.timeout(ROOM_S):
                await self._ground.writer.durable()
        except TimeoutError:
            raise self._unwritten() from None

    async def _kept(self) -> None:
        try:
            async with asyncio.timeout(ROOM_S):
                await self._ground.writer.room()
        except TimeoutError:
            raise self._unwritten() from None

    def _unwritten(self) -> Trouble:
        why = self._ground.writer.trouble or "it does not keep up"
        return Trouble(Kind.BUSY, f"the ledger cannot be written: {why}")

    def _bought(self) -> Settled:
        cost, used = Cost(0, 0, 0, 0, self.cost_nusd), self._usage
        rates = _rates(free=not Decimal(self._price) and not self._elsewhere_nusd)
        return Settled(used, "provider" if any(used) else "none", STANDARD, rates, cost)

    def _intent(self) -> Intent:
        tally, call = self.tally, self.tally.call
        return Intent(
            call.id,
            tally.at_us,
            call.holder.key_id,
            SURFACE.name,
            call.model,
            PROVIDER,
            call.model,
            0,
            0,
            tally.charged,
            tally.probable_nusd,
        )


def call_of(caller: Caller, body: bytes, id: str, language: str, *, stream: bool) -> Call:
    """A run as a call: what the row, the lines and the budgets know of it."""
    envelope = Envelope(b"{}")
    envelope.body = body
    return Call(
        id,
        SURFACE,
        envelope,
        language,
        stream,
        caller.headers,
        caller.told,
        b"",
        caller.holder,
        caller.kept,
    )


def failed(tally: Tally, fault: Fault) -> None:
    """Take note of a fault as the call's end."""
    tally.fault, tally.ending = fault, tally.ending or Ending.ERROR
    tally.status = tally.status or fault.consequence.status


def _rates(*, free: bool) -> Rates:
    kind = "free" if free else "override"
    return Rates(About("[sandbox] second_usd", kind), lambda _: Table((Band(-1, (0,) * 7),)))
