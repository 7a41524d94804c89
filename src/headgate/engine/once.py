"""Runs a call that has an Idempotency-Key once: a repeat is given what the first one got.

Rule 1: nothing is sent before the key, then the intent, then that it is sent are on the disk.
Rule 2: a keyed call goes on although its client has left: it may come back for the answer.
Rule 3: once a try may have run there is no other, here or at another target; who repeats such a
call is told its id, and has it run anew by naming it.
Rule 4: where the table of keys cannot be used, calls with a key are refused, and no others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from headgate.config import Config, Route
from headgate.engine.flight import Flight, always
from headgate.engine.gate import asks_for_usage
from headgate.engine.ground import Ground
from headgate.engine.keeping import Keeping, kept_of, said
from headgate.engine.refusal import NEVER
from headgate.engine.tally import Tally, thread
from headgate.policy import keyed, replycache
from headgate.policy.keyed import KEY, RERUN, State
from headgate.policy.replycache import Asked, Control, Namer
from headgate.store.keyed import Done, Found, Mismatch, Wanted
from headgate.store.outcome import Fresh, Running
from headgate.store.replies import Kept
from headgate.store.sql import StoreError
from headgate.wire.call import Call
from headgate.wire.model import Ending, Fault, Kind

REPLAY = "replay"
SAID = b"x-headgate-idempotency"
NEW, JOINED, REPLAYED = b"new", b"joined", b"replayed"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.02, 0.5
"""between two looks at a call that runs in another process"""

Answer = TypeVar("Answer")
Course = Callable[[Flight], Awaitable[None]]
"""asks an upstream, records what it says in the flight, and keeps what may be given again"""
Join = Callable[[Tally, Flight, bytes], Awaitable[object]]
"""reads a running call for a client"""


class Once:
    """Of one engine."""

    def __init__(self, config: Config, ground: Ground, keeping: Keeping, join: Join) -> None:
        self._cache = config.cache
        self._ground = ground
        self._table = ground.keyed
        self._resends = config.cache.resend_s > 0
        self._keeping = keeping
        self._join = join
        self._secret = ground.writer.fingerprint_key
        self._namer = Namer(self._secret)

    def concerns(self, call: Call) -> bool:
        """May it be one that is to run once."""
        told = call.told
        return self._table is not None and (KEY in told or RERUN in told or self._resends)

    def wanted(self, call: Call, route: Route) -> Wanted | None:
        """The key under which it is to run; None: it has none."""
        keying = keyed.keying(call.told)
        named = self._named(call, route, keying.key)
        if named is None:
            if keying.rerun:
                raise keyed.pointless()
            return None
        if keying.rerun == call.id:
            raise keyed.endless(call.id)
        asked, content = named
        return Wanted(
            asked,
            keyed.likeness(content, call.envelope, self._secret),
            call.id,
            self._cache.keyed_s if keying.key else self._cache.resend_s,
            self._cache.entry_bytes,
            keying.rerun,
        )

    def _named(self, call: Call, route: Route, key: bytes) -> tuple[Asked, Asked | None] | None:
        """(of the key, of what is asked)"""
        told, surface = call.told, call.surface
        scope = replycache.scope_of(call.holder, "key", replycache.credential(told))
        if key:
            content = self._namer.asked(surface.name, call.envelope, scope)
            return keyed.named(key, scope, self._secret), content
        if not self._cache.resend_s or not surface.converses:
            return None
        control = Control.of(told)
        if control.no_cache or control.no_store:  # it says that it wants another answer
            return None
        session = thread(call, route.pattern)
        if not session:
            return None
        scope = f"{scope}\0{replycache.beside(told, call.query)}"
        content = self._namer.asked(surface.name, call.envelope, scope)
        if content is None:
            return None
        # The stream flag counts here: who asks again in another form means another call.
        form = session + (b"\0stream" if call.stream else b"\0whole")
        return keyed.resent(content, form.decode("latin-1"), self._secret), content

    async def serve(self, tally: Tally, wanted: Wanted, course: Course) -> None:
        """Answer the call, or raise why it cannot be answered."""
        flights, call = self._ground.flights, tally.call
        name, wait_s = wanted.asked.name, FIRST_WAIT_S
        while True:
            found = await self._take(wanted)
            if isinstance(found, Fresh):
                running = Flight(name, tally, self._ground.clock)
                running.wanted, running.once = always, partial(self._send, wanted)
                flights.begin(running, self._run(running, wanted, course))
                await self._join(tally, running, NEW)
                return
            if isinstance(found, Done):
                return await self._replay(tally, found.kept)
            if isinstance(found, Mismatch):
                raise keyed.mismatch()
            if not isinstance(found, Running):
                raise keyed.unknown(found.call_id, wanted.rerun, answered=found.answered)
            near = flights.of(name)
            if near is not None and _form(near.first.call) == _form(call):
                await self._join(tally, near, JOINED)
                return
            await self._ground.pause(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _take(self, wanted: Wanted) -> Found:
        assert self._table is not None, "without it no call is concerned"
        return await _said(self._table.take(wanted))

    async def _send(self, wanted: Wanted) -> None:
        assert self._table is not None, "its key was taken there"
        await _said(self._table.send(wanted.asked))

    async def _replay(self, tally: Tally, kept: Kept) -> None:
        body = said(tally.call, kept)
        if body is None:
            form = "true" if kept.stream else "false"
            raise Fault(
                Kind.INVALID,
                f"Idempotency-Key: the answer of call {kept.call_id} cannot be told in this"
                f" form; send the repeat in that of the call: stream {form}, and the same"
                " stream_options",
            )
        tally.answered_from, tally.saved_nusd = REPLAY, kept.cost_nusd
        await self._keeping.say(tally, kept, body, (SAID, REPLAYED))

    async def _run(self, running: Flight, wanted: Wanted, course: Course) -> None:
        """How the one call goes on, and what is known of it afterwards."""
        try:
            await course(running)
        finally:
            state = _outcome(running)
            kept = None
            if state is State.DONE and not Control.of(running.first.call.told).no_store:
                kept = self._kept(running)
            assert self._table is not None, "its key was taken there"
            self._table.end(wanted.asked, state, kept)

    def _kept(self, running: Flight) -> Kept:
        led = running.led
        assert led is not None, "it was answered"
        self._ground.settlement.flush()  # now it is known what it has cost
        return kept_of(led, running.record)


def _form(call: Call) -> tuple[bool, bool]:
    """In which form it is answered; who asks for another waits until it is told in that."""
    return call.stream, call.stream and asks_for_usage(call)


async def _said(answer: Awaitable[Answer]) -> Answer:
    """What the table of keys says, or for the caller why it says nothing."""
    try:
        return await answer
    except StoreError as error:
        raise Fault(
            Kind.BUSY,
            f"a call that is to run once cannot be taken now: {error.why}; nothing was sent:"
            " send it again",
        ) from error


def _outcome(running: Flight) -> State:
    led, record = running.led, running.record
    if led is None:
        return State.ABSENT
    reading, well = led.reading, led.fault is None and led.reading.fault is None
    whole = well and led.ending is Ending.COMPLETE and not led.canned
    # A vendor that counts what it read, and then says that it cannot, has not answered.
    counted = reading.usage_seen and reading.fault is None
    return keyed.outcome(
        tries(led),
        whole=whole and record.over and record.fault is None,
        begun=reading.content or counted,
    )


def tries(tally: Tally) -> list[tuple[int, bool]]:
    """What there is to know of each: its status, and may it be billed."""
    return [(note.status, note.maybe_billed) for note in tally.notes]


def is_final(tally: Tally, fault: Fault) -> bool:
    """Must a call that is to run once be sent no second time; if so, its client is told."""
    if tally.once is None or not keyed.perhaps_ran(tries(tally)):
        return False
    if fault.retry_after != NEVER:
        fault.retry_after = NEVER
        fault.message += (
            "; it may have run: a repeat of it is answered with a 409 unless it comes with"
            f" {RERUN.decode()}: {tally.call.id}"
        )
    return True
