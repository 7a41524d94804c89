"""Answers a call with what another got, where that is allowed: kept replies and running calls.

Rule 1: asked in this order: a reply that is kept, the call that had the same key, a call that
runs, an upstream.
Rule 2: between looking for a running call and beginning one there is no await: of any number
that come at once, one asks.
Rule 3: who is given another's answer pays nothing, waits in no line, and has a row that says
whose it was.
Rule 4: what is shared was asked by the same key, or by one the operator lets share, and of the
targets that it would be asked of now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from headgate.config import Config, Route
from headgate.engine import flight as flights
from headgate.engine.admission import LOWERED
from headgate.engine.closing import Closing
from headgate.engine.crossing import lost
from headgate.engine.flight import Flight, Head
from headgate.engine.gate import asks_for_usage
from headgate.engine.ground import Ground
from headgate.engine.head import CANNED, SIMULATED, WARNING, own_headers
from headgate.engine.keeping import FROM, Keeping
from headgate.engine.nearby import Asking
from headgate.engine.once import SAID, Once
from headgate.engine.tally import Tally, tags
from headgate.policy import replycache
from headgate.policy.replycache import FREE, Asked, Control, Namer
from headgate.policy.wish import read_wish
from headgate.wire.call import Call
from headgate.wire.model import Headers, Kind

Lead = Callable[[Call, Flight], Awaitable[None]]
"""asks an upstream, and records in the flight what it says"""

USUAL = (b"", b"beta=true")
"""queries that clients send; callers choose any, so others are not remembered"""
_OWN = (b"x-request-id", b"request-id")
_OF_THE_REPLY = (SIMULATED, CANNED)
"""what we say of a reply, whoever gets it"""
_OWN_LIMITS = frozenset((Kind.RATE_LIMITED, Kind.BUDGET, Kind.LOOP))
"""faults of whoever asked, and not of the question"""
_PERSONAL = (b"anthropic-ratelimit-", b"x-ratelimit-", b"x-headgate-")
"""fields of a reply that are about whoever asked for it"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What of one call may be shared."""

    asked: Asked
    control: Control
    keep: bool
    """may its reply be kept and given again"""
    scope: str = ""
    """among whom"""


class Sharing:
    """Of one engine."""

    def __init__(self, config: Config, ground: Ground, closing: Closing, lead: Lead) -> None:
        self._keeping = Keeping(ground, closing, pace=config.cache.pace)
        self._once = Once(config, ground, self._keeping, self._join)
        cache = self._cache = config.cache
        self._preferences = {tag.name: tag.prefer for tag in config.tags}
        self._ground = ground
        self._lead = lead
        modes = {cache.reply, cache.join}
        for route in config.routes:
            modes |= {route.reply_cache, route.join}
        self._idle = modes <= {"off", ""}
        secret = ground.writer.fingerprint_key if not self._idle else b""
        self._namer = Namer(secret)

    def concerns(self, call: Call) -> bool:
        """May it be one that is shared."""
        return not self._idle or self._once.concerns(call)

    async def answer(self, tally: Tally, route: Route) -> bool:
        """Answer the call, or raise why it failed; False: it must ask for itself."""
        call = tally.call
        terms = self._terms(call, route)
        wanted = self._once.wanted(call, route) if self._once.concerns(call) else None
        if terms is None and wanted is None:
            return False
        tally.route = route.pattern
        if terms is not None and await self._give(tally, terms):
            return True
        if wanted is not None:
            if terms is not None and not replycache.is_clear(call.envelope):
                terms = None
            await self._once.serve(tally, wanted, partial(self._course, terms=terms))
            return True
        assert terms is not None, "one of the two is there"
        return await self._share(tally, terms)

    async def _give(self, tally: Tally, terms: Terms) -> bool:
        """Answer with a kept reply; False: there is none."""
        if not terms.keep:
            return False
        if await self._keeping.give(tally, terms.asked, terms.control):
            return True
        asking = Asking(tally.call, terms.asked, terms.scope)
        return await self._keeping.give_near(tally, asking, terms.control)

    def _terms(self, call: Call, route: Route) -> Terms | None:
        """What of it may be shared; None: nothing."""
        cache, surface = self._cache, call.surface.name
        reply, join = route.reply_cache or cache.reply, route.join or cache.join
        keep = replycache.allows(reply, call.envelope, surface)
        if not (keep or replycache.allows(join, call.envelope, surface)):
            return None
        control = Control.of(call.told)
        if control is not FREE and control.no_store:
            return None
        scope = self._scope(call, route)
        asked = self._namer.asked(surface, call.envelope, scope)
        return Terms(asked, control, keep, scope) if asked is not None else None

    def _scope(self, call: Call, route: Route) -> str:
        """Among whom, and beside which header fields, questions are the same."""
        name = (self, route.pattern, call.query)
        known: str | None = call.kept.get(name)
        if known is None:
            known = self._scope_anew(call, route)
            if call.query in USUAL:
                call.kept[name] = known
        return known

    def _scope_anew(self, call: Call, route: Route) -> str:
        owner = replycache.credential(call.told)
        scope = replycache.scope_of(call.holder, self._cache.scope, owner)
        beside = replycache.beside(call.told, call.query)
        return f"{scope}\0{route.pattern}\0{self._leads_to(call, route)}\0{beside}"

    def _leads_to(self, call: Call, route: Route) -> str:
        """Whom a call of the route asks, and who of them is preferred."""
        targets = " ".join(f"{rung.provider}:{rung.model}" for rung in route.ladder)
        if len(route.ladder) == 1:
            return targets
        policy = None
        if route.hints:
            policy = read_wish(call.told, tags(call), self._preferences).policy
        return f"{targets} {policy or route.policy}"

    async def _share(self, tally: Tally, terms: Terms) -> bool:
        """Share a running call; False: it may be none of those."""
        flights, name = self._ground.flights, self._name(tally.call, terms)
        unfit: Flight | None = None
        while True:
            running = flights.of(name)
            if running is None or running is unfit:
                if not replycache.is_clear(tally.call.envelope):
                    return False
                running = Flight(name, tally, self._ground.clock)
                elsewhere = unfit is not None and unfit.led is None  # it would be met again
                course = self._course if elsewhere else self._anywhere
                flights.begin(running, course(running, terms))
            if await self._join(tally, running):
                return True
            unfit = running

    async def _anywhere(self, running: Flight, terms: Terms) -> None:
        """How a call goes on that another process may run already."""
        relay, course = self._ground.relay, partial(self._course, running, terms)
        if relay is None:
            await course()
        else:
            running.afar = await relay.fly(running, terms.asked.key, course)

    def _name(self, call: Call, terms: Terms) -> bytes:
        """Of the running call that is the same, and is answered in the same form."""
        form = b"whole"
        if call.stream:
            form = b"stream with usage" if asks_for_usage(call) else b"stream"
        return terms.asked.name + form + (b" fresh" if terms.control.no_cache else b"")

    async def _course(self, running: Flight, terms: Terms | None) -> None:
        """How a shared call goes on."""
        await self._lead(running.first.call, running)
        led, nearby = running.led, self._ground.nearby
        if terms is None or not terms.keep or led is None:
            return
        kept = self._keeping.keep(terms.asked, led, running.record)
        if kept is not None and nearby is not None:
            nearby.learn(Asking(led.call, terms.asked, terms.scope), led.route, kept)

    async def _join(self, tally: Tally, running: Flight, keyed: bytes = b"") -> bool:
        """Read a running call; `keyed`: what its key has to do with that. False: it suits
        only those who asked it."""
        if running.first is tally:
            self._ground.running.discard(tally)  # the call it leads to stands for it
        running.readers += 1
        try:
            if not await self._suits(tally, running):
                return False
            await self._read(tally, running, keyed)
        finally:
            running.leave()
        return True

    async def _suits(self, tally: Tally, running: Flight) -> bool:
        """May it be read by this one: what a key met at its own limits is its own affair."""
        if self._cache.scope == "key":
            return True
        await running.begun()
        led, head, afar = running.led, running.record.head, running.afar
        if led is not None and led.call.holder.key_id == tally.call.holder.key_id:
            return True
        fault = led.fault if led is not None else afar.fault if afar is not None else None
        if fault is not None and fault.kind in _OWN_LIMITS:
            return False
        return head is None or not any(map(_says_lowered, head.headers))

    async def _read(self, tally: Tally, running: Flight, keyed: bytes) -> None:
        is_first = running.first is tally
        tally.follows = True
        try:
            headers = partial(self._headers, tally, running, [(SAID, keyed)] if keyed else [])
            await flights.read(running, tally, headers)
        finally:
            if is_first and running.led is not None:
                tally.settled = True  # its row is that of the call it led to
            else:
                tally.answered_from, tally.instead = running.answered_from, running.led
        led = running.led
        if led is not None:
            tally.ending, tally.fault = led.ending or tally.ending, led.fault
        elif running.afar is not None:
            tally.ending, tally.fault, tally.saved_nusd = running.afar

    def _headers(self, tally: Tally, running: Flight, more: Headers, head: Head) -> Headers:
        """The head as this reader gets it: what is about somebody else is left out."""
        if running.first is tally and running.led is not None:
            return [*head.headers, *more]
        if running.led is not None:
            tally.warnings = lost(running.led)
        passed = [
            field
            for field in head.headers
            if field[0] in _OF_THE_REPLY
            or not (field[0] in _OWN or field[0].startswith(_PERSONAL))
        ]
        how = more or [(FROM, running.answered_from.encode())]
        return [*own_headers(tally), *how, *passed]


def _says_lowered(field: tuple[bytes, bytes]) -> bool:
    return field[0] == WARNING and LOWERED.encode() in field[1]
