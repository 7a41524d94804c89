"""Marks prompts for their vendor's cache, or says what marking them would save.

Rule 1: a caller that marks anything itself is left alone: its bytes arrive as they were.
Rule 2: advice costs a call nothing: it is looked at when the call is over.
Rule 3: a conversation that holds signed thoughts is marked if it was before it held any.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b

from msgspec import Raw

from headgate.config import Config, Route
from headgate.engine.advice import DAY_US, Whose
from headgate.engine.gate import Edit, Gate
from headgate.engine.ground import Ground
from headgate.engine.steering import Steering
from headgate.engine.tally import LABEL_CHARS, Settled, Tally, fingerprint, session_named
from headgate.policy import affinity, prefix, slots
from headgate.policy.cacheprice import worth
from headgate.policy.promptcache import DEFAULT_MINIMUM, Asked, Plan
from headgate.policy.recurrence import Begun, Slot
from headgate.providers import Provider
from headgate.wire.anthropic import marks
from headgate.wire.anthropic.marks import Spot, Survey, Ttl
from headgate.wire.call import Call
from headgate.wire.envelope import Envelope
from headgate.wire.model import Usage

Members = Mapping[str, Raw | bytes]

SHORT_BYTES = prefix.SHORT_BYTES
"""no vendor caches so little"""
MESSAGES = "messages"
OWN = "own"
WISH = b"x-headgate-prompt-cache"
_WISHES = {b"off": "off", b"advise": "advise", b"on": "on"}
_MARK = b'"cache_control"'
_SIGNED = (b'"signature"', b'"redacted_thinking"', b'"encrypted_content"')
_AGENT = b"x-claude-code-agent-id"
_WHY = {
    "new": "each call brings another text: what was written is read by no other call",
    "seldom": "calls come too seldom: what was written is gone before it is read",
}


class Marks:
    """What is done about one call; it learns from how the call ends."""

    __slots__ = ("_ground", "plan", "scope")

    def __init__(self, ground: Ground, scope: bytes, plan: Plan) -> None:
        self._ground = ground
        self.scope = scope
        self.plan = plan

    def over(self, tally: Tally, settled: Settled) -> None:
        planner = self._ground.marked.planner
        if settled.usage_from == "provider":
            planner.learn(self.plan, settled.usage)
        else:
            planner.drop(self.plan)

    def drop(self) -> None:
        self._ground.marked.planner.drop(self.plan)


class Adviser:
    """Looks at calls that are over: what would marks have saved."""

    def __init__(self, marking: Marking) -> None:
        self._marking = marking

    def over(self, tally: Tally, settled: Settled) -> None:
        if settled.usage_from == "provider" and settled.rates is not None:
            self._marking.advise(tally, settled)

    def drop(self) -> None:
        """Nothing was done."""


class Marking:
    """Joins plans to the calls of one engine."""

    def __init__(self, config: Config, ground: Ground, key: bytes | None) -> None:
        self._mode = config.cache.prompt
        self._ground = ground
        self._state = ground.marked
        self._key = key
        self._secret = ground.writer.fingerprint_key
        self._adviser = Adviser(self)
        self._steering = Steering(config, ground)

    def mode(self, call: Call, route: Route) -> str:
        """off, advise or on; where the operator has not said off, a caller may choose."""
        said = call.holder.prompt_cache or route.prompt_cache or self._mode
        wish = call.told.get(WISH)
        return said if wish is None or said == "off" else _WISHES.get(wish, said)

    def unknown(
        self, tally: Tally, route: Route, gate: Gate
    ) -> Coroutine[None, None, None] | None:
        """Asks what other processes know of a conversation that this one does not; None: it
        need not be asked."""
        call = tally.call
        body = call.envelope.body
        if len(body) < SHORT_BYTES:
            return None
        if self.mode(call, route) != "on" or not _is_claudes(call, gate):
            return None
        if _MARK in body or not any(it in body for it in _SIGNED):
            return None
        name = self._conversation(call)
        if self._state.is_known(name):
            return None
        return self._state.ask(name, self._ground.notices)

    def native(self, tally: Tally, route: Route, gate: Gate) -> Edit | None:
        """What is to be changed of a call that goes on in its own dialect."""
        call = tally.call
        if tally.saver is not None:
            self._forget(tally)
        is_claudes = call.surface.dialect.NAME == "anthropic"
        if is_claudes and len(call.envelope.body) < SHORT_BYTES:
            return None
        mode = self.mode(call, route)
        if mode == "off" or not call.surface.converses:
            return None
        if not is_claudes:
            return self._steering.edit(tally, gate) if mode == "on" else None
        if mode == "advise":
            tally.saver = self._adviser
            return None
        return partial(self._mark, tally, gate.provider, is_native=True)

    def translated(self, tally: Tally, route: Route, gate: Gate, body: bytes) -> bytes:
        """The body of a call that was said again for another surface, with its marks."""
        self._forget(tally)
        mode = self.mode(tally.call, route)
        if mode == "off" or not tally.surface.converses:
            return body
        edit: Edit | None
        if tally.surface.dialect.NAME != "anthropic":
            edit = self._steering.edit(tally, gate) if mode == "on" else None
        elif len(body) < SHORT_BYTES:
            edit = None
        elif mode == "advise":
            tally.saver, edit = self._adviser, None
        else:
            edit = partial(self._mark, tally, gate.provider, is_native=False)
        if edit is None:
            return body
        said = Envelope(body)
        return b"".join(said.edit(edit(said.members)))

    # ---- on

    def _mark(
        self, tally: Tally, provider: Provider, members: Members, *, is_native: bool
    ) -> dict[str, bytes]:
        found = marks.survey(members)
        if found.own:
            tally.cache_plan = OWN
            return {}
        name = self._conversation(tally.call)
        if found.bound and not self._state.is_marked(name):
            tally.cache_plan = "on none"
            return {}
        scope = self._scope(tally)
        if isinstance(tally.saver, Marks):
            plan = tally.saver.plan
        else:
            asked = self._asked(
                tally, provider, self._slots(tally, scope, members, found, is_native)
            )
            if asked is None:
                return {}
            plan = self._state.planner.plan(asked, self._ground.clock(), _begun(tally))
            tally.saver = Marks(self._ground, scope, plan)
            self._withdraw(tally, plan)
        tally.cache_plan = f"on {plan}"
        chosen = _spots(plan, found)
        if not found.bound:
            # The vendor's own client moves its marks with every turn: one that comes a turn
            # late, because another call writes the prefix just now, is no other conversation.
            is_marked = bool(chosen) or plan.waits
            self._state.decide(name, str(plan) if is_marked else "", self._ground.notices)
        return marks.mark(members, chosen) if chosen else {}

    def _forget(self, tally: Tally) -> None:
        """An earlier try elsewhere came to nothing; one at the same place had the same plan."""
        before = tally.saver
        if before is None or (isinstance(before, Marks) and before.scope == self._scope(tally)):
            return
        before.drop()
        tally.saver, tally.cache_plan = None, ""

    def _slots(
        self, tally: Tally, scope: bytes, members: Members, found: Survey, is_native: bool
    ) -> list[Slot]:
        if not is_native:
            return slots.of_spots(scope, members, found.spots, self._secret)
        offered = {spot.slot for spot in found.spots}
        return [slot for slot in self._fingerprinted(tally, scope) if slot.name in offered]

    def _fingerprinted(self, tally: Tally, scope: bytes) -> list[Slot]:
        if self._key is not None:
            pairs, _, opening = fingerprint(tally, self._key)
        else:
            pairs, _, opening = prefix.fingerprint(tally.call.envelope, self._secret)
        known = self._state.planner.known
        return slots.of_pairs(
            scope, prefix.unpack(pairs or b""), opening, lambda it: known.of(it) is not None
        )

    def _asked(self, tally: Tally, provider: Provider, found: list[Slot]) -> Asked | None:
        target, call = tally.target, tally.call
        if target is None or not found:
            return None
        tokens = found[-1].tokens
        rates = self._ground.settlement.rates(
            provider, target.model or call.model, datetime.now(UTC)
        )
        prices = worth(rates, tokens)
        if prices is None:
            return None
        minimum = rates.cache_minimum or DEFAULT_MINIMUM
        return Asked(self._family(tally), tuple(found), tokens, prices, minimum)

    def _withdraw(self, tally: Tally, plan: Plan) -> None:
        """Tell of prompts that are marked no longer."""
        day = time.time_ns() // 1000 // DAY_US
        key, agent, provider, model = self._family(tally)
        for slot, why in plan.withdrawn:
            if slot == "turns":
                continue  # a conversation that nobody goes on with is nothing to tell of
            subject = f"key:{key}" if key else tally.route
            once = f"prompt_cache_withdrawn {key} {agent} {provider} {model} {slot} {day}"
            self._ground.notices.note(
                "prompt_cache_withdrawn",
                subject,
                once,
                {"slot": slot, "model": model, "agent": agent, "why": _WHY[why]},
            )

    # ---- advise

    def advise(self, tally: Tally, settled: Settled) -> None:
        """What would have been done about a call that is over, and what it would have saved."""
        call, usage = tally.call, settled.usage
        rates = settled.rates
        assert rates is not None, "only what has a price is looked at"
        if usage.cache_read or _writes(usage) or _MARK in call.envelope.body:
            tally.cache_plan = OWN
            return
        minimum = rates.cache_minimum or DEFAULT_MINIMUM
        if usage.input_total < minimum:
            return
        prices = worth(rates, usage.input_total, settled.terms)
        if prices is None:
            return
        scope = self._scope(tally)
        if tally.crossing is None:
            found = self._fingerprinted(tally, scope)
        else:
            members = Envelope(tally.crossing.body).members
            found = slots.of_spots(scope, members, marks.survey(members).spots, self._secret)
        if not found:
            return
        asked = Asked(self._family(tally), tuple(found), found[-1].tokens, prices, minimum)
        begun = (tally.first_content or tally.started).__le__
        plan = self._state.planner.plan(asked, tally.started, begun, real=False)
        tally.cache_plan = f"advise {plan}"
        model = asked.family[3]
        saved = plan.saved_tokens / max(asked.tokens, 1) * settled.uncached_nusd
        self._state.advice.count(
            Whose(call.holder.key_id, tally.route, model),
            saved,
            settled.uncached_nusd,
            self._ground.notices,
            tally.at_us,
        )

    # ---- names

    def _family(self, tally: Tally) -> tuple[str, str, str, str]:
        call, target = tally.call, tally.target
        assert target is not None
        agent = call.told.get(_AGENT, b"").decode("latin-1")
        return family(call.holder.key_id, agent, target.provider, target.model or call.model)

    @staticmethod
    def _scope(tally: Tally) -> bytes:
        call, target = tally.call, tally.target
        assert target is not None
        model = target.model or call.model
        return place(target.provider, tally.credential, call.holder.key_id, model)

    def _conversation(self, call: Call) -> bytes:
        """By what it is known where everything may be read: its session and how it begins,
        hashed and keyed. One session's agents each begin otherwise."""
        begins = affinity.name_of("", call.envelope)
        whose = f"{call.holder.key_id}\0{session_named(call)}\0"
        said = whose.encode("utf-8", "replace") + begins
        return blake2b(said, key=self._secret[:64], digest_size=16, person=b"marked").digest()


def family(key_id: str, agent: str, provider: str, model: str) -> tuple[str, str, str, str]:
    """Whose prompts fare alike."""
    return key_id, agent[:LABEL_CHARS], provider, model


def place(provider: str, credential: str, key_id: str, model: str) -> bytes:
    """Where prompts are cached; a caller's own credential is its own place."""
    whose = f"client {key_id}" if credential == "client" else credential
    return slots.scope(provider, whose, model)


def _is_claudes(call: Call, gate: Gate) -> bool:
    """Is it asked there in Anthropic's words."""
    if call.surface.name in gate.targets:
        return call.surface.name == MESSAGES
    return call.surface.converses and MESSAGES in gate.targets


def _begun(tally: Tally) -> Begun:
    """Has the vendor begun to answer: only then can others read what the call writes."""
    return lambda now: tally.exchange is not None and tally.exchange.status > 0


def _spots(plan: Plan, found: Survey) -> dict[Spot, Ttl]:
    """Where the plan's marks stand in the request."""
    turns = [spot for spot in found.spots if spot.slot == "turns"]
    last = {spot.slot: spot for spot in found.spots}
    chosen: dict[Spot, Ttl] = {}
    for mark in plan.marks:
        if not mark.is_before:
            chosen[last[mark.slot]] = mark.ttl
        elif len(turns) > 1:
            chosen[turns[0]] = mark.ttl
    return chosen


def _writes(usage: Usage) -> int:
    return usage.cache_write_5m + usage.cache_write_1h
