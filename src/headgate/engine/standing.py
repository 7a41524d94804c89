"""How the targets of a ladder stand towards one call: decides what ordering is told of them.

Rule 1: the gateway and `headgate explain` ask the same functions.
Rule 2: what does not depend on the call is worked out once for each route and surface.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from msgspec import Struct

from headgate import config as configuration
from headgate.config import Config, Rung
from headgate.money.catalog import Catalog
from headgate.policy import estimate
from headgate.policy.demand import Demand
from headgate.policy.ladder import Candidate, Errand, scored
from headgate.policy.memory import Memory, Name, Seen
from headgate.policy.router import Target
from headgate.providers import Provider
from headgate.wire import Surface
from headgate.wire.envelope import Envelope
from headgate.wire.needs import brings_results, lacking, needed

FIRST_OUTPUT = 500
"""tokens an answer is taken to have where none of any candidate was seen"""
_HOUR, _MINUTES, _UNASKED = "cache_write_1h", "cache_write_5m", "cache_write_30m"


class Stand(Struct, frozen=True):
    """A target of a ladder for calls of one surface."""

    target: Target
    provider: Provider
    rung: Rung
    dialect: str
    """that of the surface by which it is reached"""
    lacks: frozenset[str]
    """what it does not have of what a request can need"""
    max_output: int | None

    @property
    def name(self) -> Name:
        return self.target.provider, self.target.model


class Scene(Struct, frozen=True):
    """What stands around one ordering."""

    catalog: Catalog
    memory: Memory
    now: float
    at: datetime
    short: Callable[[Target], bool]
    """has a target no headroom just now"""


class Asked(Struct, frozen=True):
    """The call, as far as ordering looks at it."""

    surface: Surface
    envelope: Envelope
    facts: Demand
    stream: bool
    conversation: bytes
    """its name, which weights are drawn by"""
    thread: bytes
    """what it is remembered by: one session may have several at once"""


def stand(
    config: Config, provider: Provider, rung: Rung, target: Target, surface: Surface
) -> Stand:
    """What of a target does not depend on the call; `surface`: the one it is reached by."""
    abilities = configuration.abilities(config, provider, target.model)
    known = configuration.is_known(config, provider, target.model)
    return Stand(
        target,
        provider,
        rung,
        surface.dialect.NAME,
        lacking(abilities, known=known),
        abilities.max_output,
    )


def errand(asked: Asked, scene: Scene) -> Errand:
    """The call as ordering sees it."""
    body = asked.envelope.body
    likely, least = estimate.of_body(body)
    seen = scene.memory.seen(asked.thread, scene.now)
    if seen is not None and len(body) >= seen.body_bytes:  # its provider counted most of it
        likely = seen.input_tokens + estimate.tokens(len(body) - seen.body_bytes)
    facts = asked.facts
    return Errand(
        likely,
        least,
        max(facts.output, 0),
        facts.terms,
        asked.conversation,
        seen.target if seen is not None else None,
        seen.warm(scene.now) if seen is not None else 0,
        brings_results(asked.envelope),
    )


def candidates(stands: Sequence[Stand], asked: Asked, scene: Scene) -> list[Candidate]:
    """The targets of a ladder for this call."""
    memory = scene.memory
    lacks = frozenset[str]().union(*(it.lacks for it in stands))
    needs = needed(asked.surface, asked.envelope, lacks)
    seen = memory.seen(asked.thread, scene.now)
    scores = scored(
        [it.rung.quality for it in stands],
        [memory.scores.get(it.target.model) for it in stands],
    )
    outputs = _outputs(stands, memory, converses=asked.surface.converses)
    found = []
    for it, score, output in zip(stands, scores, outputs, strict=True):
        pace, samples = memory.pace(it.name, scene.now, stream=asked.stream)
        rates = scene.catalog.rates(
            it.provider.prices,
            it.target.model,
            scene.at,
            free=it.provider.free,
            seller=it.provider.name,
        )
        found.append(
            Candidate(
                it.target,
                rates,
                it.rung.weight,
                score,
                pace,
                samples,
                output,
                it.max_output or rates.max_output,
                _writes(it, asked.facts, rates.cache_minimum, seen),
                _sorted(it.lacks & needs),
                scene.short(it.target),
            )
        )
    return found


def _sorted(names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _outputs(stands: Sequence[Stand], memory: Memory, *, converses: bool) -> list[int]:
    """What each is expected to answer; one that was not seen yet: as the others do."""
    if not converses:
        return [0] * len(stands)
    known = [memory.output(it.name) for it in stands]
    seen = [tokens for tokens in known if tokens is not None]
    otherwise = sum(seen) / len(seen) if seen else FIRST_OUTPUT
    return [round(otherwise if tokens is None else tokens) for tokens in known]


def _writes(it: Stand, marks: Demand, cache_minimum: int | None, seen: Seen | None) -> str:
    """The class by which a target charges what it writes into its cache."""
    if seen is not None and seen.target == it.name and seen.writes:
        return seen.writes
    if it.dialect == "anthropic":
        return (_HOUR if marks.for_hour else _MINUTES) if marks.marked else ""
    long_enough = cache_minimum is not None and marks.bytes >= cache_minimum * 4
    return _UNASKED if long_enough else ""
