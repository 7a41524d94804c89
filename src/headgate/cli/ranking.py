"""In which order a call would meet its route's targets, and why: the gateway's own question.

Rule 1: it asks the functions the gateway asks, with what the ledger tells of the last quarter
of an hour in place of what the gateway has seen itself.
Rule 2: what only a running gateway knows is said to be unknown, never guessed: whether the
conversation is warm, and which account is short of headroom.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from headgate.cli import translation
from headgate.cli.where import explained
from headgate.config import Config, Route, Rung, abilities
from headgate.engine import standing
from headgate.engine.standing import Asked as Call
from headgate.engine.standing import Scene, Stand
from headgate.ledger.replies import replies
from headgate.policy import demand, ladder
from headgate.policy.affinity import name_of
from headgate.policy.ladder import Order, Place
from headgate.policy.memory import FRESH_S, SAMPLES, Memory, Name
from headgate.policy.router import Target
from headgate.policy.wish import NO_WISH, PREFER, Wish, read_wish
from headgate.providers import SPOKEN, meeting_surface
from headgate.store import place
from headgate.wire import SURFACES, Surface
from headgate.wire.envelope import Envelope

COLD = "taken to be cold: what is warm, only the gateway knows that served it"
NO_SCORES = "no benchmark result is stored; the targets' own quality ranks them"


class Hints(NamedTuple):
    """What the call would bring besides its body."""

    prefer: str = ""
    tags: tuple[str, ...] = ()
    deadline_ms: int = 0


class Request(NamedTuple):
    """The call whose targets are ranked."""

    model: str
    surface: Surface
    envelope: Envelope | None
    """None: its body is not known"""
    stream: bool
    hints: Hints


def wish_of(config: Config, hints: Hints) -> Wish:
    """The wish the gateway would read; Fault names a word nobody knows."""
    told = {PREFER: hints.prefer.encode()} if hints.prefer else {}
    preferences = {tag.name: tag.prefer for tag in config.tags}
    wish = read_wish(told, hints.tags, preferences)
    return wish._replace(deadline_s=hints.deadline_ms / 1000)


def nothing_is_short(target: Target) -> bool:
    """Only a running gateway knows better."""
    return False


def recall(ledger: place.Place | None, names: Sequence[Name], at: datetime) -> Memory:
    """What the ledger tells of these targets, as the gateway would have learned it."""
    memory = Memory()
    if ledger is None or not place.there_is(ledger):
        return memory
    since_us = int((at.timestamp() - FRESH_S) * 1_000_000)
    with explained(), contextlib.closing(place.connect_reader(ledger)) as connection:
        for name in names:
            for told in replies(connection, name, since_us, SAMPLES):
                memory.took(name, told.ttft_us / 1e6, told.at_us / 1e6, stream=told.stream)
                if told.output:
                    memory.answered(name, told.output)
    return memory


def rank(
    config: Config, route: Route, request: Request, scene: Scene
) -> dict[str, object] | None:
    """The order and what decided, as plain data; None: no target speaks the surface."""
    found = [_stand(config, rung, request) for rung in route.ladder]
    stands = [stand for stand in found if stand is not None]
    if not stands:
        return None
    surface, envelope = request.surface, request.envelope or Envelope(b"{}")
    facts = demand.read(surface, envelope)
    named = name_of(surface.dialect.session(envelope), envelope)
    call = Call(surface, envelope, facts, request.stream, named, b"")
    wish = wish_of(config, request.hints) if route.hints else NO_WISH
    candidates = standing.candidates(stands, call, scene)
    errand = standing.errand(call, scene)
    order = ladder.order(candidates, errand, wish, route.policy)
    policy = wish.policy or route.policy
    return {
        "policy": policy,
        "by": wish.by or "route",
        "hints": route.hints,
        "chosen_by": order.chosen_by,
        "deadline_ms": round(wish.deadline_s * 1000) or None,
        "conversation": COLD,
        "scores": None if scene.memory.scores else NO_SCORES,
        **_placed(order, errand, _passed_over(config, stands, request)),
    }


def _passed_over(
    config: Config, stands: Sequence[Stand], request: Request
) -> dict[Name, str] | None:
    """What stands in the way of those that the request cannot be translated for.

    None: the request is not known.
    """
    if request.envelope is None:
        return None
    found: dict[Name, str] = {}
    for it in stands:
        target = translation.Target(it.provider, it.target.model)
        body, surface = request.envelope.body, request.surface.name
        if it.dialect == request.surface.dialect.NAME or surface not in SPOKEN:
            continue
        told: Any = translation.weigh(config, body, surface, target)
        if not told["passes"]:
            lost = next((each for each in told["losses"] if each["refused"]), None)
            why = f"{lost['field']}: {lost['why']}" if lost else told["fault"]
            found[it.name] = f"passed over when it is reached: {why}"
    return found


def _placed(
    order: Order, errand: ladder.Errand, passed_over: Mapping[Name, str] | None
) -> dict[str, object]:
    is_known = passed_over is not None

    def tell(one: Place) -> dict[str, object]:
        candidate, target = one.candidate, one.target
        refused = (passed_over or {}).get((target.provider, target.model), "")
        return {
            "target": f"{target.provider}:{target.model}",
            "fits": one.grade is ladder.Grade.FITS and not refused,
            "why_not": one.why or refused or None,
            "usd": ladder.usd(one.nusd).removeprefix("$") if is_known else None,
            "nusd": one.nusd if is_known else None,
            "output_tokens": ladder.output_tokens(candidate, errand),
            "pace_s": candidate.pace_s,
            "measured": candidate.samples,
            "score": candidate.score,
            "weight": candidate.weight,
        }

    return {
        "targets": [tell(one) for one in order.places],
        "skipped": [tell(one) for one in order.skipped],
    }


def _stand(config: Config, rung: Rung, request: Request) -> Stand | None:
    provider = next(each for each in config.providers if each.name == rung.provider)
    model = rung.model or request.model
    wish = abilities(config, provider, model).surface
    through = meeting_surface(provider, request.surface.name, wish)
    if not through:
        return None
    target = Target(provider.name, model, rung.tries)
    return standing.stand(config, provider, rung, target, SURFACES[through])


def rows(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row for each target: place, name, fit, price, time, and what its policy looks at."""
    lines: list[tuple[str, ...]] = []
    numbered = [(str(at), one) for at, one in enumerate(told["targets"], start=1)]
    for at, one in [*numbered, *(("-", one) for one in told["skipped"])]:
        pace, count = one["pace_s"], one["measured"]
        time = f"{pace:.2g} s" if pace is not None else f"not known ({count} calls)"
        score = "none" if one["score"] is None else f"{one['score']:g}"
        lines.append((
            at,
            one["target"],
            "yes" if one["fits"] else one["why_not"],
            f"${one['usd']}" if one["usd"] else "give FILE",
            time,
            score,
            f"{one['weight']:g}",
        ))  # fmt: skip
    return lines
