"""The story of one call: from a Call to a reply in a Sink and exactly one ledger row.

Rule 1: one lifetime, one `finally`, one settlement, whatever happens in between.
Rule 2: read, decide, write with no await between; then no locks are needed.
Rule 3: once the client has seen bytes there is no second try.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial

from headgate import config as configuration
from headgate.config import Config, Route, Rung
from headgate.engine import allowance, refusal
from headgate.engine.admission import Admission
from headgate.engine.berth import Berths, Purser
from headgate.engine.breaker import Breaker
from headgate.engine.chooser import Chooser, Way
from headgate.engine.closing import Closing
from headgate.engine.crossing import cross, said_again, watch_stream
from headgate.engine.flight import Flight
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.head import reply_headers, stream_headers
from headgate.engine.marking import Marking
from headgate.engine.once import is_final
from headgate.engine.recording import Recording
from headgate.engine.served import Workshop
from headgate.engine.settle import PRICE_UNKNOWN
from headgate.engine.sharing import Sharing
from headgate.engine.tally import Sink, Tally, intent
from headgate.money.catalog import UNPRICED
from headgate.policy import prefix, router
from headgate.policy.quarantine import FIRST_S
from headgate.policy.router import Outcome, Patience, Target, Try, Wait
from headgate.upstream import Exchange, Request
from headgate.wire import headers as fields
from headgate.wire.call import Call
from headgate.wire.model import Ending, Fault, Headers, Kind, Reply

MAX_REPLY_BYTES = 64 * 1024 * 1024
DRAIN_S = 1.0
"""how long a finished stream's connection may take to become reusable"""
REFUSED_WAIT_S = 0.2
"""a refused connection is tried again soon: its 502 shall be there within a second"""
ROOM_S = 10.0
"""how long a call waits for the ledger before it is refused"""
CACHED_MODELS = 2000
LONGEST_CODING = 20
LONGEST_MODEL = 500
"""names are kept and shown in many places; the longest known one, an ARN, has about 150"""


class Engine:
    """Serves calls under one configuration; a reload makes a new one on the same ground."""

    def __init__(self, config: Config, ground: Ground) -> None:
        self.config = config
        self._ground = ground
        self._gates = {p.name: Gate.to(p) for p in config.providers}
        self._ways: dict[tuple[str, str], Way] = {}
        retry = config.retry
        self._patience = Patience(retry.waits_s, retry.jitter, retry.max_retry_after_s)
        self._strict = config.ledger.durability == "strict"
        key = ground.writer.fingerprint_key
        self._key = key if config.ledger.fingerprints else None
        self._chooser = Chooser(config, ground, self._gates, self._cooling)
        admission = self._admission = Admission(config, ground, self._gates)
        purser = Purser(admission.put_back, admission.again)
        self._berths = Berths(config, ground, self._gates, purser)
        self._breaker = Breaker(config, ground)
        self._recording: Recording | None = None
        if config.recording.enabled and ground.recorder is not None:
            self._recording = Recording(config.recording, ground.recorder)
        self._closing = Closing(ground, self._gates, self._key, strict=self._strict)
        self._marking = Marking(config, ground, self._key)
        self._sharing = Sharing(config, ground, self._closing, self._lead)
        self._workshop = Workshop(config, ground, self._gates, partial(self.serve, alone=True))

    async def serve(
        self, call: Call, sink: Sink, flight: Flight | None = None, *, alone: bool = False
    ) -> None:
        """Answer the call into the sink. Cancel it when the client is gone.

        `flight`: of what several clients read, whose record the sink is.
        `alone`: it is part of another call, and shares its answer with nobody.
        """
        if flight is None and not alone and self._workshop.concerns(call):
            await self._workshop.serve(call, sink)
            return
        ground, recording = self._ground, self._recording
        tape = recording.begin(call, sink) if recording is not None else None
        tally = Tally.of(call, tape or sink, ground.clock(), time.time_ns() // 1000)
        ground.running.add(tally)
        if flight is not None:
            flight.led, tally.once = tally, flight.once
        shares = flight is None and not alone and self._sharing.concerns(call)
        try:
            if not (shares and await self._share(tally)):
                await self._win(tally)
        except Fault as fault:
            await self._closing.explain(tally, fault)
        except asyncio.CancelledError:
            tally.ending = tally.ending or Ending.CLIENT_GONE
            raise
        except Exception as bug:  # noqa: BLE001 - the last line: a bug is answered and settled
            await self._closing.confess(tally, bug)
        finally:
            if tally.exchange is not None:
                tally.exchange.close()
            self._closing.settle(tally)
            ground.running.discard(tally)
            if tape is not None and recording is not None:
                recording.end(tape, tally)

    async def _lead(self, call: Call, flight: Flight) -> None:
        await self.serve(call, flight.record, flight)

    async def _share(self, tally: Tally) -> bool:
        """Answer the call with what another got; False: it may not be."""
        allowance.check(tally.call)
        route = self._way(tally.call).route
        return await self._sharing.answer(tally, route)

    async def _win(self, tally: Tally) -> None:
        """Drive the plan until the call is answered; raises the last fault when it is not."""
        call, ground = tally.call, self._ground
        allowance.check(call)
        self._breaker.watch(tally)
        named = self._way(call)
        journal, way = ground.settlement.journal, self._chooser.choose(tally, named)
        tally.route = way.route.pattern
        if not ground.writer.has_room():
            await self._kept(ground.writer.room())
        if (waiting := self._admission.enter(tally, named.ladder)) is not None:
            await waiting
        self._admit(tally, way)
        if self._strict or tally.once is not None:
            await self._noted(tally)
        tally.target = way.ladder[0]
        cooling = partial(self._cooling, tally)
        plan = router.plan(way.ladder, cooling, self._patience, ground.dice)
        step: Try | Wait | None = next(plan, None)
        fault: Fault | None = None
        while step is not None:
            outcome: Outcome | None
            if isinstance(step, Wait):
                outcome = await self._wait(tally, step)
            else:
                if fault is not None and step.target is not tally.target:
                    journal.fallback(call.id, tally.target, step.target, fault)
                fault = await self._try(tally, way.route, step)
                outcome = self._outcome(tally, fault)
                fault = outcome.fault
            try:
                step = plan.send(outcome)
            except StopIteration:
                step = None
        if fault is None or tally.answered:
            return
        if (
            not (way.route.canned and call.surface.converses)
            or not fault.consequence.next_target
            or is_final(tally, fault)
        ):
            raise fault
        await self._closing.can(tally, way.route, fault)

    def _way(self, call: Call) -> Way:
        name = (call.model, call.surface.name)
        way = self._ways.get(name)
        if way is not None:
            return way
        _check_name(call.model)
        route = configuration.resolve(self.config, call.model)
        if route is None:
            raise Fault(Kind.NOT_FOUND, configuration.unknown_model(self.config, call.model))
        rungs = self._rungs(route, call)
        way = Way(route, tuple(self._target(rung, call) for rung in rungs), rungs)
        if len(self._ways) < CACHED_MODELS:
            self._ways[name] = way
        return way

    def _rungs(self, route: Route, call: Call) -> tuple[Rung, ...]:
        """The rungs that speak the caller's surface, or one it can be translated to."""
        rungs = tuple(
            rung
            for rung in route.ladder
            if self._gates[rung.provider].through(call.surface) is not None
        )
        if rungs:
            return rungs
        names = ", ".join(dict.fromkeys(rung.provider for rung in route.ladder))
        kind = Kind.UNSUPPORTED if call.surface.name == "count_tokens" else Kind.INVALID
        raise Fault(
            kind,
            f"model {call.model!r} is served by {names}, which does not speak"
            f" {call.surface.path}; call it through a surface it speaks, or add a target that"
            f" does under [models]",
        )

    def _target(self, rung: Rung, call: Call) -> Target:
        """A rung for this call. A price nobody knows is said here, once, not call by call."""
        name, model = rung.provider, rung.model or call.model
        provider, at = self._gates[name].provider, datetime.now(UTC)
        rates = self._ground.settlement.rates(provider, model, at)
        if rates.priced_by not in ("ceiling", UNPRICED) or call.surface.name == "count_tokens":
            return Target(name, model, rung.tries)
        prices = self.config.prices
        counted = (
            f"${prices.ceiling_input_mtok} in and ${prices.ceiling_output_mtok} out"
            " per million tokens"
        )
        text = (
            f"{PRICE_UNKNOWN}: {name}:{model} is not in the price list; it is counted at"
            f" {counted if prices.ceiling else 'nothing'}"
        )
        return Target(name, model, rung.tries, (text,))

    async def _noted(self, tally: Tally) -> None:
        """Wait until what must be on the disk before the call is sent is there."""
        await self._kept(self._ground.writer.durable())
        if tally.once is not None:
            await tally.once()

    async def _kept(self, wait: Coroutine[None, None, None]) -> None:
        """Wait for the ledger before anything is sent, but not for ever."""
        try:
            async with asyncio.timeout(ROOM_S):
                await wait
        except TimeoutError:
            why = self._ground.writer.trouble or "it does not keep up"
            raise Fault(Kind.BUSY, f"the ledger cannot be written: {why}") from None

    def _admit(self, tally: Tally, way: Way) -> None:
        """Set the call's limits and write the intent: nothing is sent before it."""
        writer, call = self._ground.writer, tally.call
        provider = self._gates[way.ladder[0].provider].provider
        if not call.stream:
            tally.deadline = tally.started + (way.route.call_s or provider.call_s)
        tally.handle = writer.intend(intent(tally, way.ladder[0]))

    def _cooling(self, tally: Tally, target: Target) -> float:
        """For how many seconds the target is better passed over."""
        ground, now = self._ground, self._ground.clock()
        state = ground.health.get((target.provider, target.model))
        cooling_s = state.cool_until - now if state is not None else 0.0
        return max(cooling_s, self._berths.wait_s(tally, target))

    def _outcome(self, tally: Tally, fault: Fault | None) -> Outcome:
        final = fault is not None and is_final(tally, fault)
        if fault is None or final or tally.seat is None:
            return Outcome(fault, tally.committed, final=final)
        outcome = tally.seat.outcome(fault, self._ground.clock(), committed=tally.committed)
        if outcome.others:
            self._ground.settlement.journal.next_account(
                tally.call.id, tally.seat.target, tally.credential, fault
            )
        return outcome

    async def _wait(self, tally: Tally, wait: Wait) -> Outcome | None:
        until = self._ground.clock() + wait.seconds
        if tally.deadline and until >= tally.deadline:
            return Outcome(wait.fault)
        self._ground.settlement.journal.retry(tally.call.id, wait)
        self._admission.put_back(tally)
        await self._ground.pause(wait.seconds)
        await self._admission.again(tally)
        return None

    async def _try(self, tally: Tally, route: Route, step: Try) -> Fault | None:
        """One upstream attempt; the fault it ended in, None when the call is answered."""
        ground = self._ground
        try:
            gate = self._berths.at_once(tally, step)
            if gate is None:
                gate = await self._berths.take(tally, step)
            if (asking := self._marking.unknown(tally, route, gate)) is not None:
                await asking
            request, drop_usage = self._prepare(tally, route, gate, step.target)
        except Fault as unsendable:
            self._berths.leave(tally)
            tally.target = step.target
            return unsendable
        exchange = tally.exchange = ground.door.exchange(request)
        tally.noted = False
        fault: Fault | None = None
        try:
            await exchange.open()
            self._berths.hear(tally, exchange)
            if exchange.status >= 300:
                raise await self._refused(tally, exchange, gate)
            if tally.call.stream and _is_event_stream(exchange.headers):
                await self._relay(tally, route, exchange, drop_usage)
            else:
                await self._deliver(tally, exchange, gate)
        except Fault as caught:
            fault = _named(caught, exchange)
            if tally.committed:
                await self._closing.break_off(tally, fault)
        finally:
            self._ground.note(tally, exchange, fault)
            if not tally.answered or fault is not None:
                exchange.close()
        if fault is None and not exchange.complete:
            await self._let_go(tally, exchange)
        return fault

    def _prepare(
        self, tally: Tally, route: Route, gate: Gate, target: Target
    ) -> tuple[Request, bool]:
        """What goes upstream, and whether the usage chunk was asked for by us alone."""
        call = tally.call
        tally.try_started = self._ground.clock()
        if tally.deadline and tally.try_started >= tally.deadline:
            raise _timed_out(tally)
        tally.target, tally.credential = target, gate.credential
        tally.warnings = tally.advice + target.warnings
        tally.shared = not gate.own_credential
        tally.silence_s = route.silence_s or gate.provider.silence_s
        tally.begin_try(prefix.hasher(self._key) if self._key is not None else None)
        if call.surface.name in gate.targets:
            return gate.request(call, target.model, self._marking.native(tally, route, gate))
        abilities = configuration.abilities(self.config, gate.provider, target.model)
        surface = gate.through(call.surface, abilities.surface)
        assert surface is not None
        tally.surface = surface
        tally.crossing = cross(tally, target, abilities)
        body = self._marking.translated(tally, route, gate, tally.crossing.body)
        return gate.translated(call, surface, body), False

    async def _refused(self, tally: Tally, exchange: Exchange, gate: Gate) -> Fault:
        body = await exchange.read_all(refusal.MAX_ERROR_BYTES)
        reply = Reply(exchange.status, exchange.headers, body)
        at = datetime.now(UTC)
        dialect = tally.surface.dialect
        fault = refusal.fault_of(reply, dialect, at, own_credential=gate.own_credential)
        if fault.kind is Kind.UPSTREAM_AUTH:
            self._ground.settlement.journal.say(
                "credential_rejected",
                provider=gate.provider.name,
                status=reply.status,
                passed_over_s=0 if tally.seat is None or tally.seat.alone else FIRST_S,
                hint=f"check {gate.provider.key_env or 'its api_key'},"
                " then run `headgate doctor --live`",
            )
        return fault

    async def _deliver(self, tally: Tally, exchange: Exchange, gate: Gate) -> None:
        """A whole answer: read it, make sure it is one, and send it as it came."""
        body = await exchange.read_all(MAX_REPLY_BYTES)
        now = self._ground.clock()
        try:
            tally.surface.read(body, tally.reading)
        except RecursionError:
            raise Fault(Kind.UPSTREAM, "the upstream's answer is nested too deeply") from None
        tally.first_content = now
        if tally.committed:
            what = "the upstream answered a streaming call with a whole reply, and too late"
            raise Fault(Kind.UPSTREAM, f"{what} to show it: a stream had begun")
        if tally.crossing is not None:
            body = said_again(tally, body, self._ground.settlement.guess)
        await self._finish(tally, exchange.status, body)

    async def _relay(
        self, tally: Tally, route: Route, exchange: Exchange, drop_usage: bool
    ) -> None:
        """A streamed answer: hold its head until content shows, then pass every event on."""
        clock, reading = self._ground.clock, tally.reading
        watch = watch_stream(tally, self._ground.settlement.guess, drop_usage=drop_usage)
        hold_ms = self.config.retry.hold_ms if route.hold_ms is None else route.hold_ms
        tally.watch = watch
        tally.hold_until = clock() + hold_ms / 1000
        while watch.ending is None:
            data = await exchange.read()
            if watch.ending is not None:
                break  # it ended in what went straight on
            forward = watch.feed(data) if data else watch.finish()
            if reading.content and not tally.first_content:
                tally.first_content = clock()
            if watch.ending is not None:
                tally.held.append(forward)
            elif not tally.committed:
                tally.held.append(forward)
                if reading.content:
                    await self.commit(tally)
            elif forward:
                tally.reply_bytes += len(forward)
                await tally.sink.send(forward)
                exchange.straight = partial(_pass_on, tally, exchange)
        if watch.ending is Ending.TRUNCATED:
            raise Fault(Kind.TRUNCATED, "the upstream's stream ended before it was complete")
        if reading.fault is not None and not tally.committed:
            raise reading.fault
        tally.fault = reading.fault
        await self._finish(tally, exchange.status, None)

    async def commit(self, tally: Tally) -> None:
        """Send the head and what was held: from here on there is no second try."""
        exchange = tally.exchange
        assert exchange is not None
        tally.committed = True
        tally.status = exchange.status
        held = b"".join(tally.held)
        tally.held.clear()
        headers = stream_headers(tally, exchange.headers)
        await tally.sink.start(exchange.status, headers)
        if held:
            tally.reply_bytes += len(held)
            await tally.sink.send(held)

    async def _finish(self, tally: Tally, status: int, body: bytes | None) -> None:
        """Send the last of the reply."""
        watch, exchange = tally.watch, tally.exchange
        assert exchange is not None
        tally.ending = watch.ending if watch is not None else Ending.COMPLETE
        if not tally.committed:
            tally.status = status
        last = b"".join(tally.held) if body is None else body
        tally.held.clear()
        tally.reply_bytes += len(last)
        tally.answered = True
        self._ground.note(tally, exchange, None)
        if self._strict:
            tally.answered = False  # not before its row is safe
            await self._closing.make_sure(tally)
            tally.answered = True
        if body is not None:
            await tally.sink.whole(status, reply_headers(tally, exchange.headers), last)
            return
        if not tally.committed:
            tally.committed = True
            headers = stream_headers(tally, exchange.headers)
            await tally.sink.start(status, headers)
        await tally.sink.end(last)

    async def _let_go(self, tally: Tally, exchange: Exchange) -> None:
        """Settle, then give the connection a moment to become reusable."""
        self._closing.settle(tally)
        tally.deadline = self._ground.clock() + DRAIN_S
        try:
            while await exchange.read():
                pass
        except Fault:
            pass  # the reply is whole; only the connection is lost


def _pass_on(tally: Tally, exchange: Exchange) -> None:
    """What _relay does with nearly every event, without waking the whole call for it."""
    watch = tally.watch
    if watch is None or tally.sink.stalled():
        return
    forward = watch.feed(exchange.taken())
    if watch.ending is not None:
        tally.held.append(forward)
        exchange.recalled = True
    elif forward:
        tally.reply_bytes += len(forward)
        tally.sink.put(forward)


def _check_name(model: str) -> None:
    if not model:
        raise Fault(Kind.INVALID, "model: is required")
    if len(model) > LONGEST_MODEL:
        raise Fault(Kind.INVALID, f"model: has more than {LONGEST_MODEL} characters")


def _is_event_stream(headers: Headers) -> bool:
    return fields.first(headers, b"content-type").startswith(b"text/event-stream")


def _named(fault: Fault, exchange: Exchange) -> Fault:
    """The fault by its cause: what nobody asked to be compressed looks like nonsense."""
    if fault.kind is Kind.CONNECTION and not exchange.sent_any:
        fault.retry_after = REFUSED_WAIT_S
    coding = fields.text(exchange.headers, b"content-encoding")[:LONGEST_CODING]
    if fault.kind is not Kind.UPSTREAM or exchange.status >= 300 or coding in ("", "identity"):
        return fault
    said = f"the upstream compressed its answer ({coding}) though it was asked not to"
    return Fault(Kind.UPSTREAM, f"{said}; turn compression off there")


def _timed_out(tally: Tally) -> Fault:
    took = tally.deadline - tally.started
    return Fault(Kind.TIMEOUT, f"the call was not answered within {took:g} s")
