"""The story of one call: from a Call to a reply in a Sink and exactly one ledger row.

Rule 1: one lifetime, one `finally`, one settlement, whatever happens in between.
Rule 2: read, decide, write with no await between; then no locks are needed.
Rule 3: once the client has seen bytes there is no second try.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from headgate import config as configuration
from headgate.config import Config, Route
from headgate.engine import refusal
from headgate.engine.gate import Gate
from headgate.engine.head import NO_BUFFERING, own_headers, reply_headers, stream_headers
from headgate.engine.settle import Ended, Settlement
from headgate.engine.tally import Sink, Tally, TryNote, intent, max_output
from headgate.ledger.writer import Writer
from headgate.policy import health, prefix, router
from headgate.policy.health import Health
from headgate.policy.router import Outcome, Patience, Target, Try, Wait
from headgate.upstream import Door, Exchange
from headgate.wire import headers as fields
from headgate.wire.call import Call
from headgate.wire.model import Ending, Fault, Headers, Kind, Reply
from headgate.wire.stream import StreamWatch

MAX_REPLY_BYTES = 64 * 1024 * 1024
DRAIN_S = 1.0
"""how long a finished stream's connection may take to become reusable"""
REFUSED_WAIT_S = 0.2
"""a refused connection is tried again soon: its 502 shall be there within a second"""
ROOM_S = 10.0
"""how long a call waits for the ledger before it is refused"""
CACHED_MODELS = 2000
LONGEST_MODEL = 500
"""names are kept and shown in many places; the longest known one, an ARN, has about 150"""
_PERHAPS_BILLED = frozenset(
    (Kind.TIMEOUT, Kind.CONNECTION, Kind.TRUNCATED, Kind.IDLE, Kind.UPSTREAM)
)


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

    @property
    def writer(self) -> Writer:
        return self.settlement.writer


@dataclass(frozen=True, slots=True)
class Way:
    """Where calls of one model and surface go."""

    route: Route
    ladder: tuple[Target, ...]


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

    async def serve(self, call: Call, sink: Sink) -> None:
        """Answer the call into the sink. Cancel it when the client is gone."""
        ground = self._ground
        tally = Tally(call, sink, ground.clock(), time.time_ns() // 1000)
        ground.running.add(tally)
        try:
            await self._win(tally)
        except Fault as fault:
            await self._explain(tally, fault)
        except asyncio.CancelledError:
            tally.ending = tally.ending or Ending.CLIENT_GONE
            raise
        except Exception as bug:  # noqa: BLE001 - the last line: a bug is answered and settled
            await self._explain(tally, self._confess(tally, bug))
        finally:
            if tally.exchange is not None:
                tally.exchange.close()
            self._settle(tally)
            ground.running.discard(tally)

    async def _win(self, tally: Tally) -> None:
        """Drive the plan until the call is answered; raises the last fault when it is not."""
        call, ground = tally.call, self._ground
        journal, way = ground.settlement.journal, self._way(call)
        tally.route = way.route.pattern
        await self._admit(tally, way)
        plan = router.plan(way.ladder, self._cooling, self._patience, ground.dice)
        step: Try | Wait | None = next(plan, None)
        fault: Fault | None = None
        while step is not None:
            outcome: Outcome | None
            if isinstance(step, Wait):
                outcome = await self._wait(tally, step)
            else:
                if fault is not None and step.number == 1:
                    journal.fallback(call.id, tally.target, step.target, fault)
                fault = await self._try(tally, way.route, step)
                outcome = Outcome(fault, tally.committed)
            try:
                step = plan.send(outcome)
            except StopIteration:
                step = None
        if fault is None or tally.answered:
            return
        if (
            not (way.route.canned and call.surface.converses)
            or not fault.consequence.next_target
        ):
            raise fault
        await self._can(tally, way.route, fault)

    def _way(self, call: Call) -> Way:
        name = (call.model, call.surface.name)
        way = self._ways.get(name)
        if way is not None:
            return way
        _check_name(call.model)
        route = configuration.resolve(self.config, call.model)
        if route is None:
            raise Fault(Kind.NOT_FOUND, configuration.unknown_model(self.config, call.model))
        way = Way(route, self._ladder(route, call))
        if len(self._ways) < CACHED_MODELS:
            self._ways[name] = way
        return way

    def _ladder(self, route: Route, call: Call) -> tuple[Target, ...]:
        """The rungs that speak the caller's surface."""
        surface = call.surface.name
        ladder = tuple(
            Target(rung.provider, rung.model or call.model, rung.tries)
            for rung in route.ladder
            if surface in self._gates[rung.provider].targets
        )
        if ladder:
            return ladder
        names = ", ".join(dict.fromkeys(rung.provider for rung in route.ladder))
        kind = Kind.UNSUPPORTED if surface == "count_tokens" else Kind.INVALID
        raise Fault(
            kind,
            f"model {call.model!r} is served by {names}, which does not speak"
            f" {call.surface.path}; call it through a surface it speaks, or add a target that"
            f" does under [models]",
        )

    async def _admit(self, tally: Tally, way: Way) -> None:
        """Set the call's limits and write the intent: nothing is sent before it."""
        writer, call = self._ground.writer, tally.call
        provider = self._gates[way.ladder[0].provider].provider
        if not call.stream:
            tally.deadline = tally.started + (way.route.call_s or provider.call_s)
        if not writer.has_room():
            try:
                async with asyncio.timeout(ROOM_S):
                    await writer.room()
            except TimeoutError:
                why = writer.trouble or "it does not keep up"
                raise Fault(Kind.BUSY, f"the ledger cannot be written: {why}") from None
        tally.handle = writer.intend(intent(tally, way.ladder[0], max_output(call)))
        if self._strict:
            await writer.durable()
        tally.target = way.ladder[0]

    def _cooling(self, target: Target) -> bool:
        state = self._ground.health.get((target.provider, target.model))
        return state is not None and state.cooling(self._ground.clock())

    async def _wait(self, tally: Tally, wait: Wait) -> Outcome | None:
        until = self._ground.clock() + wait.seconds
        if tally.deadline and until >= tally.deadline:
            return Outcome(wait.fault)
        self._ground.settlement.journal.retry(tally.call.id, wait)
        await asyncio.sleep(wait.seconds)
        return None

    async def _try(self, tally: Tally, route: Route, step: Try) -> Fault | None:
        """One upstream attempt; the fault it ended in, None when the call is answered."""
        ground, target = self._ground, step.target
        gate = self._gates[target.provider]
        tally.try_started = ground.clock()
        if tally.deadline and tally.try_started >= tally.deadline:
            return _timed_out(tally)
        tally.target, tally.credential = target, gate.provider.credentials
        tally.shared = not gate.own_credential
        tally.silence_s = route.silence_s or gate.provider.silence_s
        request, drop_usage = gate.request(tally.call, target.model)
        tally.begin_try(prefix.hasher(self._key) if self._key is not None else None)
        exchange = tally.exchange = ground.door.exchange(request)
        tally.noted = False
        fault: Fault | None = None
        try:
            await exchange.open()
            if exchange.status >= 300:
                raise await self._refused(tally, exchange, gate)
            if tally.call.stream and _is_event_stream(exchange.headers):
                await self._relay(tally, route, exchange, drop_usage)
            else:
                await self._deliver(tally, exchange, gate)
        except Fault as caught:
            fault = caught
            if fault.kind is Kind.CONNECTION and not exchange.sent_any:
                fault.retry_after = REFUSED_WAIT_S
            if tally.committed:
                await self._break_off(tally, fault)
        finally:
            self._note(tally, exchange, fault)
            if not tally.answered or fault is not None:
                exchange.close()
        if fault is None:
            await self._let_go(tally, exchange)
        return fault

    def _note(self, tally: Tally, exchange: Exchange, fault: Fault | None) -> None:
        """Remember the try, once, and what it says of its target's health."""
        target, now = tally.target, self._ground.clock()
        if tally.noted or target is None:
            return
        gone = fault is None and not tally.answered
        billed = fault is not None and (
            fault.maybe_billed
            or (fault.kind in _PERHAPS_BILLED and exchange.sent_all and exchange.status < 300)
        )
        tally.noted = True
        kind = Kind.CLIENT_GONE if gone else fault.kind if fault is not None else None
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
            )
        )
        name = (target.provider, target.model)
        state = self._ground.health.get(name)
        if state is None:
            if kind is None or len(self._ground.health) >= CACHED_MODELS:
                return
            state = health.WELL
        retry_after = fault.retry_after if fault is not None else None
        self._ground.health[name] = health.learn(state, kind, retry_after, now)

    async def _refused(self, tally: Tally, exchange: Exchange, gate: Gate) -> Fault:
        body = await exchange.read_all(refusal.MAX_ERROR_BYTES)
        reply = Reply(exchange.status, exchange.headers, body)
        at = datetime.now(UTC)
        dialect = tally.call.surface.dialect
        fault = refusal.fault_of(reply, dialect, at, own_credential=gate.own_credential)
        if fault.kind is Kind.UPSTREAM_AUTH:
            self._ground.settlement.journal.say(
                "credential_rejected",
                provider=gate.provider.name,
                status=reply.status,
                hint=f"check {gate.provider.key_env or 'its api_key'},"
                " then run `headgate doctor --live`",
            )
        return fault

    async def _deliver(self, tally: Tally, exchange: Exchange, gate: Gate) -> None:
        """A whole answer: read it, make sure it is one, and send it as it came."""
        body = await exchange.read_all(MAX_REPLY_BYTES)
        now = self._ground.clock()
        try:
            tally.call.surface.read(body, tally.reading)
        except RecursionError:
            raise Fault(Kind.UPSTREAM, "the upstream's answer is nested too deeply") from None
        tally.first_content = now
        await self._finish(tally, exchange.status, body)

    async def _relay(
        self, tally: Tally, route: Route, exchange: Exchange, drop_usage: bool
    ) -> None:
        """A streamed answer: hold its head until content shows, then pass every event on."""
        clock, reading = self._ground.clock, tally.reading
        watch = StreamWatch(tally.call.surface.dialect, reading, drop_usage=drop_usage)
        hold_ms = self.config.retry.hold_ms if route.hold_ms is None else route.hold_ms
        tally.watch = watch
        tally.hold_until = clock() + hold_ms / 1000
        while watch.ending is None:
            data = await exchange.read()
            forward = watch.feed(data) if data else watch.finish()
            if not data and watch.ending is None and watch.close(Ending.TRUNCATED):
                break
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
        tally.status = status
        last = b"".join(tally.held) if body is None else body
        tally.held.clear()
        tally.reply_bytes += len(last)
        tally.answered = True
        self._note(tally, exchange, None)
        await self._make_sure(tally)
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
        self._settle(tally)
        if not exchange.complete:
            tally.deadline = self._ground.clock() + DRAIN_S
            try:
                while await exchange.read():
                    pass
            except Fault:
                pass  # the reply is whole; only the connection is lost
        exchange.close()

    async def _break_off(self, tally: Tally, fault: Fault) -> None:
        """End a reply the client has begun to read: an error event in its dialect."""
        watch = tally.watch
        assert watch is not None
        ending = {Kind.TRUNCATED: Ending.TRUNCATED, Kind.IDLE: Ending.IDLE}
        tally.ending = watch.close(ending.get(fault.kind, Ending.ERROR))
        tally.fault = fault
        tally.answered = True
        dialect, call_id = tally.call.surface.dialect, tally.call.id
        event = watch.intact + dialect.error_event(fault, call_id, tally.reading)
        tally.reply_bytes += len(event)
        if tally.exchange is not None:
            self._note(tally, tally.exchange, fault)
        await self._make_sure(tally)
        await tally.sink.end(event)

    async def _can(self, tally: Tally, route: Route, fault: Fault) -> None:
        """The last rung: the operator's own words, typed as such."""
        call = tally.call
        dialect, at_s = call.surface.dialect, tally.at_us // 1_000_000
        tally.canned, tally.ending, tally.fault = True, Ending.COMPLETE, fault
        tally.answered = tally.committed = True
        tally.status = 200
        headers = own_headers(tally)
        headers.append((b"x-headgate-canned", b"true"))
        if call.stream:
            body = dialect.canned_stream(route.canned, call.model, call.id, at_s)
            headers += [(b"content-type", b"text/event-stream; charset=utf-8"), *NO_BUFFERING]
        else:
            body = dialect.canned(route.canned, call.model, call.id, at_s)
            headers.append((b"content-type", b"application/json"))
        tally.reply_bytes = len(body)
        await self._make_sure(tally)
        if call.stream:
            await tally.sink.start(200, headers)
            await tally.sink.end(body)
        else:
            await tally.sink.whole(200, headers, body)

    async def _explain(self, tally: Tally, fault: Fault) -> None:
        """A final fault, in the caller's dialect: the upstream's own words where it spoke."""
        dialect = tally.call.surface.dialect
        tally.ending = tally.ending or Ending.ERROR
        tally.fault = fault
        if tally.committed:
            if not tally.answered:
                await self._break_off(tally, fault)
            return
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
            headers.append((b"content-type", b"application/json"))
        tally.reply_bytes = len(body)
        await self._make_sure(tally)
        await tally.sink.whole(status, headers, body)

    def _confess(self, tally: Tally, bug: Exception) -> Fault:
        self._ground.settlement.journal.say(
            "bug",
            id=tally.call.id,
            error=f"{type(bug).__name__}: {bug}",
            trace="".join(traceback.format_tb(bug.__traceback__)[-6:]),
        )
        return Fault(
            Kind.INTERNAL,
            f"Headgate failed to handle this call; its log says why under {tally.call.id}",
        )

    async def _make_sure(self, tally: Tally) -> None:
        """With strict durability, the last of a reply waits until its row is safe."""
        if self._strict:
            self._settle(tally)
            await self._ground.writer.durable()

    def _settle(self, tally: Tally) -> None:
        if tally.settled:
            return
        ground = self._ground
        tally.ending = tally.ending or Ending.CLIENT_GONE
        gate = self._gates.get(tally.target.provider) if tally.target is not None else None
        provider = gate.provider if gate is not None else None
        ground.settlement.settle(Ended(tally, provider, ground.clock(), self._key))
        if self._strict:
            ground.settlement.flush()


def _check_name(model: str) -> None:
    if not model:
        raise Fault(Kind.INVALID, "model: is required")
    if len(model) > LONGEST_MODEL:
        raise Fault(Kind.INVALID, f"model: has more than {LONGEST_MODEL} characters")


def _is_event_stream(headers: Headers) -> bool:
    return fields.first(headers, b"content-type").startswith(b"text/event-stream")


def _timed_out(tally: Tally) -> Fault:
    took = tally.deadline - tally.started
    return Fault(Kind.TIMEOUT, f"the call was not answered within {took:g} s")
