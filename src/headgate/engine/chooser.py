"""Orders the ladder of each call that asks for it, and learns from how calls end.

Rule 1: a route that is ordered as written, met by a call without a hint, costs one look-up.
Rule 2: nothing is learned before the first call asked for an order; from then on every call
with more than one target teaches.
Rule 3: what was learned lives on the ground and outlives a reload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from headgate import config as configuration
from headgate.config import Config, Route, Rung
from headgate.engine import standing
from headgate.engine.gate import Gate
from headgate.engine.ground import Ground
from headgate.engine.standing import Asked, Scene, Stand
from headgate.engine.tally import Tally, TryNote, conversation, tags, thread
from headgate.policy import demand, ladder
from headgate.policy.memory import Reply
from headgate.policy.router import Target
from headgate.policy.wish import NO_WISH, Wish, read_wish
from headgate.wire import Surface
from headgate.wire.call import Call
from headgate.wire.model import Ending, Kind

KEPT = 2000
"""routes and surfaces whose targets are remembered; callers choose names, so it is bounded"""
_LATE = frozenset((Kind.TIMEOUT, Kind.IDLE))
_UNASKED_FROM = 1024
"""tokens from which OpenAI's own cache keeps a prompt (pages on prompt caching, 2026-11-20)"""


@dataclass(frozen=True, slots=True)
class Way:
    """Where calls of one model and surface go."""

    route: Route
    ladder: tuple[Target, ...]
    rungs: tuple[Rung, ...] = ()
    """what was written of each target"""


class Chooser:
    """Of one engine."""

    def __init__(
        self,
        config: Config,
        ground: Ground,
        gates: dict[str, Gate],
        cooling: Callable[[Tally, Target], float],
    ) -> None:
        self._config = config
        self._ground = ground
        self._gates = gates
        self._cooling = cooling
        self._memory = ground.settlement.memory
        self._preferences = {tag.name: tag.prefer for tag in config.tags}
        self._stands: dict[tuple[str, str], tuple[Stand, ...]] = {}

    def choose(self, tally: Tally, way: Way) -> Way:
        """The same way, its ladder in the order that is best for this call."""
        call = tally.call
        wish: Wish | None = call.kept.get(self)
        if wish is None:
            wish = call.kept[self] = read_wish(call.told, tags(call), self._preferences)
        if len(way.ladder) == 1:
            return way
        if not way.route.hints:
            wish = NO_WISH
        if wish is NO_WISH and way.route.policy == "ordered":
            if self._memory.wanted:
                tally.lesson = partial(self._learn, None)
            return way
        return self._ordered(tally, way, wish)

    def _ordered(self, tally: Tally, way: Way, wish: Wish) -> Way:
        call, ground = tally.call, self._ground
        self._memory.wanted = True
        named = conversation(call)
        known_as = thread(call, way.route.pattern) or way.route.pattern.encode() + b"\0" + named
        tally.lesson = partial(self._learn, known_as)
        facts = demand.read(call.surface, call.envelope)
        asked = Asked(call.surface, call.envelope, facts, call.stream, named, known_as)
        settlement, at = ground.settlement, datetime.now(UTC)
        scene = Scene(
            settlement.catalog, self._memory, ground.clock(), at, partial(self._short, tally)
        )
        found = standing.candidates(self._standing(way, call), asked, scene)
        trip = standing.errand(asked, scene)
        order = ladder.order(found, trip, wish, way.route.policy, ground.dice())
        tally.chosen_by = order.chosen_by
        return replace(way, ladder=order.targets)

    def _short(self, tally: Tally, target: Target) -> bool:
        return self._cooling(tally, target) > 0

    def _standing(self, way: Way, call: Call) -> tuple[Stand, ...]:
        name = (call.model, call.surface.name)
        found = self._stands.get(name)
        if found is None:
            found = tuple(
                self._stand(rung, target, call.surface)
                for rung, target in zip(way.rungs, way.ladder, strict=True)
            )
            if len(self._stands) < KEPT:
                self._stands[name] = found
        return found

    def _stand(self, rung: Rung, target: Target, surface: Surface) -> Stand:
        gate = self._gates[target.provider]
        wish = configuration.abilities(self._config, gate.provider, target.model).surface
        through = gate.through(surface, wish)
        assert through is not None, "a way holds targets that can be reached"
        return standing.stand(self._config, gate.provider, rung, target, through)

    def _learn(self, known_as: bytes | None, tally: Tally) -> None:
        """A call is over: how long its target took, what it answered, where it is warm now."""
        target, now, memory = tally.target, self._ground.clock(), self._memory
        call, reading = tally.call, tally.reading
        for note in tally.notes if len(tally.notes) > 1 or tally.fault is not None else ():
            self._learn_late(note, now, stream=call.stream)
        if target is None or tally.ending is not Ending.COMPLETE or tally.canned:
            return
        name = (target.provider, target.model)
        if tally.first_content:
            took = tally.first_content - tally.try_started
            memory.took(name, took, now, stream=call.stream)
        if not reading.usage_seen or not call.surface.converses:
            return
        memory.answered(name, reading.usage.output)
        known_as = thread(call, tally.route) if known_as is None else known_as
        if known_as:
            unasked = 0 if tally.surface.dialect.NAME == "anthropic" else _UNASKED_FROM
            reply = Reply(name, reading.usage, len(call.envelope.body), unasked)
            memory.remember(known_as, reply, now)

    def _learn_late(self, note: TryNote, now: float, *, stream: bool) -> None:
        """A target that let a call wait in vain took at least so long."""
        if note.fault in _LATE:
            name = (note.provider, note.model)
            self._memory.took(name, note.took_us / 1e6, now, stream=stream)
