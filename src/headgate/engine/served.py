"""Answers calls that carry a vendor's code tool by running the code here: rounds of a model.

Rule 1: each round is a call of its own: limits, budgets, retries, fallbacks and a ledger row
are its own, and none of them is shared or kept.
Rule 2: what the caller has seen stays true: a round that fails ends the answer with its fault.
Rule 3: a key whose surfaces are named has code run only where "execute" is among them.
Rule 4: a call whose every target can run code itself is left alone, unless the operator says
that code stays here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from headgate import config as configuration
from headgate.config import Config, Route
from headgate.engine import cell, refusal
from headgate.engine.execution import SURFACE, Execution
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.head import warning
from headgate.engine.lodging import Came, Entry, Home, Stay, Told
from headgate.engine.tally import Sink
from headgate.wire.call import Call
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Headers, Kind
from headgate.wire.reading import Reading
from headgate.wire.served import messages_ask, responses_ask
from headgate.wire.served.messages import Messages
from headgate.wire.served.model import Box, Ran, Telling, Wanted, Wish
from headgate.wire.served.responses import Responses
from headgate.wire.sse import Decoder
from headgate.wire.walk import open_object

MOST_ROUNDS = 24
"""of one call; OpenAI and Anthropic bound theirs too, without a number"""
PING_S = 10.0
"""how long a caller hears nothing while code runs"""
_WORDS = {"messages": b"code_execution", "responses": b"code_interpreter"}
_PREFIXES = {"messages": "container", "responses": "cntr"}
_MEBIBYTES = {"1g": 1024, "4g": 4096, "16g": 16_384, "64g": 65_536}
_HERE = b"x-headgate-code"
"""says that code ran here, and how often"""
_NOWHERE = (
    'vendor_tools = "local" keeps code here, and this gateway runs none: set [sandbox] enabled'
    " = true and start it anew"
)
_UNGRANTED = (
    "its code would run here, and {0}; leave the tool out, or have {1} added to the surfaces"
)
_UNKEYED = (
    "unkeyed: sent again with the same Idempotency-Key this call would run its code again"
)
Serve = Callable[[Call, Sink], Awaitable[None]]


class _Talk(NamedTuple):
    """A call that is being served, in parts."""

    call: Call
    telling: Telling
    stay: Stay
    wish: Wish


class Workshop:
    """Of one engine."""

    def __init__(
        self, config: Config, ground: Ground, gates: dict[str, Gate], serve: Serve
    ) -> None:
        self._config = config
        self._ground = ground
        self._gates = gates
        self._serve = serve
        self._lodging = ground.lodging or Home(ground)
        own = config.sandbox
        modes = {own.vendor_tools, *(route.vendor_tools for route in config.routes)}
        self._idle = modes <= ({"off", ""} if own.enabled else {"off", "", "pass"})
        self._ping_s = min(PING_S, config.server.ping_s)

    def concerns(self, call: Call) -> bool:
        """May it be one whose code is run here."""
        if self._idle:
            return False
        word = _WORDS.get(call.surface.name)
        return word is not None and word in call.envelope.body and self._is_ours(call)

    def _is_ours(self, call: Call) -> bool:
        route = configuration.resolve(self._config, call.model)
        if route is None:
            return False
        mode = route.vendor_tools or self._config.sandbox.vendor_tools
        if mode == "local":
            return True
        enabled = self._config.sandbox.enabled
        return mode == "pass" and enabled and not self._all_can(route, call)

    def _all_can(self, route: Route, call: Call) -> bool:
        """Does every target run the vendor's tool itself."""
        name = call.surface.name
        for rung in route.ladder:
            gate = self._gates[rung.provider]
            able = configuration.abilities(
                self._config, gate.provider, rung.model or call.model
            )
            if name not in gate.targets or not able.code_tools:
                return False
        return True

    async def serve(self, call: Call, sink: Sink) -> None:
        """Answer the call into the sink; cancelling it ends the round or the run."""
        outlet = Outlet(call, sink)
        try:
            talk = await self._open(call)
            await self._answer(talk, outlet)
        except Fault as fault:
            await outlet.fail(fault)

    async def _open(self, call: Call) -> _Talk:
        """Read the request, and find or make its container."""
        if self._ground.sandbox is None:
            raise Fault(Kind.UNSUPPORTED, _NOWHERE)
        asked = _ASKED[call.surface.name](open_object(call.envelope.body).rest)
        wish, prefix = asked.wish, _PREFIXES[call.surface.name]
        refusal_of = call.holder.refusal
        if wish.offered and refusal_of and (why := refusal_of(call.model, SURFACE.name)):
            raise Fault(Kind.FORBIDDEN, _UNGRANTED.format(why, SURFACE.name))
        memory_mb = min(_MEBIBYTES.get(wish.memory, 0), self._config.sandbox.most_memory_mb)
        stay = await self._lodging.enter(Entry(owner_of(call), prefix, wish, memory_mb))
        if stay.follows:
            asked.rest["previous_response_id"] = stay.follows
        box = Box(stay.id, stay.expires_at, stay.known)
        telling: Telling
        if isinstance(asked, messages_ask.Asked):
            telling = Messages(asked, box)
        else:
            telling = Responses(asked, box)
        return _Talk(call, telling, stay, wish)

    async def _answer(self, talk: _Talk, outlet: Outlet) -> None:
        telling, wish = talk.telling, talk.wish
        runs, n, paused = 0, 0, False
        while True:
            spent = wish.most_runs is not None and runs >= wish.most_runs
            await self._round(talk, outlet, n, last=spent)
            n += 1
            if outlet.refused or outlet.broken:
                return
            for wanted in () if spent else telling.wanted:
                runs += 1
                await self._run(talk, outlet, wanted, runs)
            if telling.over or spent:
                break
            if n >= MOST_ROUNDS:
                paused = True
                break
        await self._remember(talk)
        await outlet.finish(telling, paused=paused, runs=runs)

    async def _round(self, talk: _Talk, outlet: Outlet, n: int, *, last: bool) -> None:
        call, body = talk.call, talk.telling.ask(last=last)
        round_call = replace(
            call,
            id=call.id if not n else f"{call.id[:100]}.{n + 1}",
            envelope=Envelope(body),
        )
        outlet.begin_round(talk.telling)
        await self._serve(round_call, outlet)

    async def _run(self, talk: _Talk, outlet: Outlet, wanted: Wanted, n: int) -> None:
        """Run one cell, and tell the caller and the model what came of it."""
        telling = talk.telling
        await outlet.tell(telling.begin(wanted))
        running = asyncio.ensure_future(self._ran(talk, wanted, n))
        try:
            while not running.done():
                await asyncio.wait((running,), timeout=self._ping_s)
                if not running.done():
                    await outlet.ping()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((running,))
        await outlet.tell(telling.ran(wanted, running.result()))

    async def _ran(self, talk: _Talk, wanted: Wanted, n: int) -> Ran:
        ground, stay, owner = self._ground, talk.stay, owner_of(talk.call)
        code = cell.source(wanted)
        if not code:
            return Ran(trouble="invalid", why="there is no code in this call")
        price, wait_s = self._config.sandbox.second_usd, self._config.caps.wait_s
        bill, result, is_left = Execution(ground, price, talk.call, n), None, True
        await bill.enter(stay.wall_s, wait_s)
        try:
            came = await self._lodging.run(owner, stay.id, code, bill.begins)
            result, is_left = came.result, False
        except Fault as fault:  # it was closed meanwhile, or its worker ended
            came, is_left = Came(trouble="unavailable", why=fault.message), False
        finally:
            bill.settle(result, is_left=is_left)
        if result is None:
            return Ran(trouble=came.trouble, why=came.why)
        ground.settlement.journal.say(
            "ran",
            id=talk.call.id,
            container=stay.id,
            status=result.status.value,
            ms=round(result.execution_ms, 1),
            tier=result.isolation.tier if result.isolation is not None else "",
        )
        return cell.read(wanted, result, came.files)

    async def _remember(self, talk: _Talk) -> None:
        telling, owner = talk.telling, owner_of(talk.call)
        response = telling.response if isinstance(telling, Responses) else None
        told = Told(owner, talk.stay.id, telling.told(), response)
        await self._lodging.remember(told)


_ASKED: dict[str, Callable[..., messages_ask.Asked | responses_ask.Asked]] = {
    "messages": messages_ask.Asked,
    "responses": responses_ask.Asked,
}


def owner_of(call: Call) -> str:
    """Whose containers a call may use: its key's."""
    return call.holder.key_id or "house"


@dataclass(slots=True)
class _Whole:
    """A round's answer in one piece."""

    status: int
    headers: Headers
    body: bytes


class Outlet:
    """The Sink of every round, and the way to the caller's."""

    def __init__(self, call: Call, sink: Sink) -> None:
        self._call = call
        self._sink = sink
        self._decoder = Decoder()
        self._telling: Telling | None = None
        self._last: _Whole | None = None
        self.sent_at = 0.0
        self.begun = False
        """has the caller's stream begun"""
        self.refused = False
        """a round was refused, and the caller told so"""
        self.broken = False
        """the stream was ended by its round's fault"""

    def begin_round(self, telling: Telling) -> None:
        self._telling, self._decoder = telling, Decoder()

    # ---- as the Sink of a round

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        if status >= 300 or self._call.stream:
            await self._refuse(status, headers, body)
            return
        assert self._telling is not None
        self._last = _Whole(status, headers, body)
        self._telling.take(body)

    async def start(self, status: int, headers: Headers) -> None:
        if not self.begun:
            self.begun = True
            await self._sink.start(status, self._headers(headers))
            self.sent_at = self._sink.sent_at

    async def send(self, data: bytes) -> None:
        await self.tell(self._heard(data))

    def put(self, data: bytes) -> None:
        if said := self._heard(data):
            self._sink.put(said)
            self.sent_at = self._sink.sent_at

    async def end(self, data: bytes) -> None:
        await self.tell(self._heard(data, last=True))
        if self.broken:
            await self._sink.end(b"")

    def stalled(self) -> bool:
        return self._sink.stalled()

    def _heard(self, data: bytes, *, last: bool = False) -> bytes:
        """A round's bytes as the caller is told them."""
        telling = self._telling
        assert telling is not None
        if data == self._call.surface.dialect.PING:
            return data
        found = self._decoder.feed(data)
        if last:
            found += self._decoder.finish()
        said = b"".join([telling.hear(event) for event in found])
        self.broken = self.broken or any(event.name == b"error" for event in found)
        return said

    async def _refuse(self, status: int, headers: Headers, body: bytes) -> None:
        """A round came to an error: it is the call's."""
        self.refused = True
        if not self.begun:
            await self._sink.whole(status, self._headers(headers), body)
            return
        dialect = self._call.surface.dialect
        kind = Kind.UPSTREAM if status < 300 or status >= 500 else Kind.RATE_LIMITED
        text = f"a later round of this call was answered with {status}: {_message(body)}"
        await self._sink.end(dialect.error_event(Fault(kind, text), self._call.id, Reading()))

    def _headers(self, headers: Headers) -> Headers:
        """The head of the caller's own: it knows one id."""
        own = {b"x-request-id", b"request-id"}
        id = self._call.id.encode()
        said = [(name, id if name in own else value) for name, value in headers]
        if b"idempotency-key" in self._call.told:
            said.append(warning((_UNKEYED,)))
        return said

    # ---- towards the caller

    async def tell(self, said: bytes) -> None:
        if said and self._call.stream:
            await self._sink.send(said)
            self.sent_at = self._sink.sent_at

    async def ping(self) -> None:
        if self.begun and not self._sink.stalled():
            await self._sink.send(self._call.surface.dialect.PING)

    async def finish(self, telling: Telling, *, paused: bool, runs: int) -> None:
        """Say what is left of the answer."""
        if self._call.stream:
            await self._sink.end(telling.end(paused=paused))
            return
        last = self._last
        assert last is not None, "a round that was refused ends the call"
        headers = [*self._headers(last.headers), (_HERE, f"ran {runs}".encode())]
        await self._sink.whole(last.status, headers, telling.whole(paused=paused))

    async def fail(self, fault: Fault) -> None:
        """A fault of ours, in the caller's dialect."""
        dialect, id = self._call.surface.dialect, self._call.id
        if self.begun:
            await self._sink.end(dialect.error_event(fault, id, Reading()))
            return
        status = refusal.final_status(fault, dialect)
        headers: Headers = [(b"x-request-id", id.encode())]
        if dialect.NAME == "anthropic":
            headers.append((b"request-id", id.encode()))
        headers += [*refusal.retry_headers(fault), (b"content-type", b"application/json")]
        await self._sink.whole(status, headers, dialect.error_body(fault, id))


def _message(body: bytes) -> str:
    return body[:500].decode("utf-8", "replace")
