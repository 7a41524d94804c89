"""What engines stand on, and what it learns of every try: it outlives a reload.

Rule 1: a try is noted once, by whoever first knows how it ended.
Rule 2: whatever may have been billed although nobody has its answer is marked as such.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from headgate.engine import refusal
from headgate.engine.bench import Bench
from headgate.engine.container import Containers, Sandboxed
from headgate.engine.flight import Flights
from headgate.engine.lodging import Lodging
from headgate.engine.marked import Marked
from headgate.engine.nearby import Nearby
from headgate.engine.notice import Notices
from headgate.engine.recorder import Recorder
from headgate.engine.relay import Relay
from headgate.engine.seat import Seat, Verdict
from headgate.engine.settle import Settlement
from headgate.engine.tally import Tally, TryNote
from headgate.engine.till import Till
from headgate.ledger.writer import Writer
from headgate.policy import estimate, health, quarantine
from headgate.policy.health import Health
from headgate.policy.pool import Pool
from headgate.policy.quote import Learned
from headgate.policy.router import REFUSALS
from headgate.policy.warmth import Seen
from headgate.store.keyed import Keyed
from headgate.store.replies import ReplyStore
from headgate.upstream import Door, Exchange
from headgate.wire import headers as fields
from headgate.wire.model import Ending, Fault, Kind

KNOWN_TARGETS = 2000
"""whose health is kept"""
_PERHAPS_BILLED = frozenset(
    (Kind.TIMEOUT, Kind.CONNECTION, Kind.TRUNCATED, Kind.IDLE, Kind.UPSTREAM, Kind.BUSY)
)
_STOPPING = "Headgate was told to stop and had no more time for this call: send it again"


def _no_till() -> Till:
    """One that no bank stands behind: nothing may be capped."""
    return Till(time.monotonic, lambda: time.time_ns() // 1000)


@dataclass(frozen=True, slots=True)
class Ground:
    """What engines stand on; it outlives a reload of the configuration."""

    door: Door
    settlement: Settlement
    clock: Callable[[], float]
    """monotonic seconds"""
    dice: Callable[[], float]
    health: dict[tuple[str, str], Health]
    running: set[Tally]
    pool: Pool = field(default_factory=Pool)
    """every provider's accounts"""
    bench: Bench = field(default_factory=Bench)
    """where calls wait for them"""
    till: Till = field(default_factory=_no_till)
    """where calls pay"""
    learned: Learned = field(default_factory=Learned)
    """what calls of each target used and cost on average"""
    replies: ReplyStore | None = None
    """kept to be given again; None: none are"""
    keyed: Keyed | None = None
    """the keys of calls that are to run once; None: there can be no such calls"""
    flights: Flights = field(default_factory=Flights)
    """calls that several clients read"""
    relay: Relay | None = None
    """the way to those of other processes; None: there are none"""
    marked: Marked = field(default_factory=Marked)
    """what was learned of vendors' prompt caches"""
    nearby: Nearby | None = None
    """looks for questions that are nearly the same; None: nobody does"""
    recorder: Recorder | None = None
    """writes down what is said in calls; None: nobody does"""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """set once there is no more time for calls"""
    sandbox: Sandboxed | None = None
    """where code of callers runs; None: nowhere"""
    containers: Containers = field(default_factory=lambda: Containers(time.monotonic))
    """what callers of vendors' code tools know it by"""
    lodging: Lodging | None = None
    """the way to containers of other workers; None: all of them are in this process"""
    notices: Notices = field(default_factory=Notices)
    """where events are noted: `ground.notices.note(kind, subject, once, detail)`"""

    @property
    def writer(self) -> Writer:
        return self.settlement.writer

    def cut_off(self) -> None:
        """End every call that waits for an upstream, or to try again: its caller is told."""
        self.stopping.set()
        for tally in self.running:
            if tally.exchange is not None and not (tally.noted or tally.answered):
                tally.exchange.fail(Fault(Kind.BUSY, _STOPPING))

    async def pause(self, seconds: float) -> None:
        """Let a call wait; Fault once there is no more time for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
                raise Fault(Kind.BUSY, _STOPPING)

    def give_up(self) -> None:
        """Say why calls that are about to be cancelled end: no client of theirs has left."""
        for tally in self.running:
            tally.ending = tally.ending or Ending.ERROR
            tally.fault = tally.fault or Fault(Kind.BUSY, _STOPPING)

    def note(self, tally: Tally, exchange: Exchange, fault: Fault | None) -> None:
        """Remember the try, once, and what it says of its target's health."""
        target, now = tally.target, self.clock()
        if tally.noted or target is None:
            return
        gone = fault is None and not tally.answered
        billed = fault is not None and (
            fault.maybe_billed
            or (fault.kind in _PERHAPS_BILLED and exchange.sent_all and exchange.status < 300)
        )
        tally.noted = True
        why = fault or (tally.fault if gone else None)
        kind = why.kind if why is not None else Kind.CLIENT_GONE if gone else None
        tally.notes.append(
            TryNote(
                target.provider,
                target.model,
                int((now - tally.try_started) * 1e6),
                exchange.status,
                kind or "",
                billed or (gone and exchange.sent_all and not tally.reading.usage_seen),
                fields.text(exchange.headers, b"request-id")
                or fields.text(exchange.headers, b"x-request-id"),
                tally.credential,
            )
        )
        retry_after = fault.retry_after if fault is not None else None
        if tally.lone is not None and fault is None and tally.answered:
            tally.lone.answered(tally.reading.usage)
        if tally.seat is not None:
            self._close(tally, tally.seat, Verdict(fault, exchange.status), now)
            if kind in REFUSALS and not tally.seat.alone:  # it says nothing of the target
                return
        name = (target.provider, target.model)
        state = self.health.get(name)
        if state is None:
            if kind is None or len(self.health) >= KNOWN_TARGETS:
                return
            state = health.WELL
        self.health[name] = health.learn(state, kind, retry_after, now)

    def _close(self, tally: Tally, seat: Seat, verdict: Verdict, now: float) -> None:
        """Let the account in use know how the try ended, and everybody whom it refused."""
        fault, reading = verdict.fault, tally.reading
        verdict.output = reading.usage.output or estimate.tokens(reading.text_chars)
        if fault is not None:
            verdict.dead = refusal.is_dead(fault)
        elif tally.answered:
            unasked = tally.surface.dialect.NAME != "anthropic"
            size = len(tally.call.envelope.body)
            verdict.seen = Seen(reading.usage, size, automatic=unasked)
        changed = seat.close(verdict, now)
        if not changed:
            return
        name = f"{seat.target.provider}/{seat.account}"
        why = fault.detail if fault is not None else ""
        if changed == "quarantined":
            once = f"credential_quarantined {name} {time.time_ns() // 60_000_000_000}"
            detail = {"why": why, "model": seat.ask.model, "tried_again_s": quarantine.FIRST_S}
            self.notices.note("credential_quarantined", name, once, detail)
        else:
            self.settlement.journal.say("credential_restored", subject=name)
