"""Wastes to be planted, one of each kind, with what a changed caller would send instead; and
healthy traffic that looks like them.

Rule 1: every plant has a key of its own, so that it is known who was found rightly.
Rule 2: every day is alike, unless a day that stands out is what is planted.
Rule 3: a near miss is what a rule that is too eager would take for waste.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headgate.audit.trials import Trial
from headgate.config.model import Commitment
from headgate.stats.compare import Pairs
from tests.audit.planted.traffic import Ask, Piece, bill

DAYS = 6
PRIORITY: dict[str, Any] = {"tier": "priority"}
DAY_S, HOUR_S = 86_400.0, 3_600.0
OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MODELS = (OPUS, SONNET, "claude-sonnet-4-6", "claude-opus-5")


@dataclass(frozen=True, slots=True)
class Plant:
    """Traffic of one key, and the same as it should have been."""

    rules: frozenset[str]
    """which have to find it; empty: none may"""
    key: str
    asks: tuple[Ask, ...]
    changed: tuple[Ask, ...]
    more: dict[str, Any] | None = None
    """what the auditor is told beside the rows"""


class Ground:
    """Names and chances of one ledger."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - no secret
        self._names = itertools.count((seed + 1) * 1_000_000)

    def name(self) -> int:
        return next(self._names)

    def model(self) -> str:
        return self.dice.choice(MODELS)

    def around(self, middle: float, spread: float = 0.25) -> int:
        """A number near the middle one."""
        return max(1, round(middle * (1 + spread * (2 * self.dice.random() - 1))))

    def sittings(self, calls: int, gap_s: float) -> Iterator[float]:
        """Times of calls: so many on each day, one after the other from some hour on."""
        start = self.dice.uniform(1, 6) * HOUR_S
        for day in range(DAYS):
            at = day * DAY_S + start
            for _ in range(calls):
                at += self.dice.expovariate(1 / gap_s) + 1.5
                yield at

    def evenly(self, calls: int) -> Iterator[float]:
        """Times of calls spread over every day."""
        for day in range(DAYS):
            for n in range(calls):
                yield day * DAY_S + (n + self.dice.random() * 0.8) * DAY_S / calls

    def system(self, tokens: int) -> Piece:
        return Piece(self.name(), tokens, "system")

    def turn(self, tokens: float) -> Piece:
        return Piece(self.name(), self.around(tokens))


def marked(asks: Sequence[Ask], ttl: str) -> tuple[Ask, ...]:
    """The same with a mark behind what stands before the turns, or with none."""
    return tuple(_marked(it, ttl) for it in asks)


def _marked(ask: Ask, ttl: str) -> Ask:
    last = max((n for n, it in enumerate(ask.pieces) if it.kind != "turn"), default=-1)
    pieces = tuple(
        it._replace(mark=ttl if n == last else "") for n, it in enumerate(ask.pieces)
    )
    return replace(ask, pieces=pieces)


def cheapest(*ways: tuple[Ask, ...]) -> tuple[Ask, ...]:
    return min(ways, key=bill)


def talked(ground: Ground, key: str, times: Iterator[float], head: int) -> tuple[Ask, ...]:
    """Calls with one system prompt and a question each."""
    system, model = ground.system(head), ground.model()
    return tuple(
        Ask(at, key, model, (system, ground.turn(400)), ground.around(250)) for at in times
    )


def no_caching(ground: Ground, key: str) -> Plant:
    gap = ground.dice.uniform(10, 200)
    asks = talked(ground, key, ground.sittings(40, gap), ground.around(10_000, 0.8))
    return plant("no_caching", key, asks, cheapest(marked(asks, "5m"), marked(asks, "1h")))


def caching_loses(ground: Ground, key: str) -> Plant:
    asks = talked(
        ground, key, ground.evenly(ground.dice.randint(6, 14)), ground.around(14_000, 0.6)
    )
    ttl = ground.dice.choice(("5m", "1h"))
    return plant("caching_loses", key, marked(asks, ttl), asks)


def wrong_ttl(ground: Ground, key: str) -> Plant:
    if ground.dice.random() < 0.5:
        asks = talked(
            ground,
            key,
            ground.sittings(30, ground.dice.uniform(600, 1_500)),
            ground.around(14_000, 0.6),
        )
        return plant("wrong_ttl", key, marked(asks, "5m"), marked(asks, "1h"))
    times = [
        day * DAY_S + hour * HOUR_S + n * 100 + ground.dice.random() * 50
        for day in range(DAYS)
        for hour in range(1, 22, 2)
        for n in range(3)
    ]
    asks = talked(ground, key, iter(times), ground.around(14_000))
    return plant("wrong_ttl", key, marked(asks, "1h"), marked(asks, "5m"))


def broken_prefix(ground: Ground, key: str) -> Plant:
    model = ground.model()
    head = ground.system(ground.around(9_000))
    sent, better = [], []
    for at in ground.sittings(40, ground.dice.uniform(20, 120)):
        clock = Piece(ground.name(), 20, "system")
        ask = Ask(at, key, model, (clock, head, ground.turn(400)), ground.around(250))
        sent.append(ask)
        turn = ask.pieces[2]
        moved = turn._replace(
            name=hash((clock.name, turn.name)) % 2**62, tokens=turn.tokens + 20
        )
        better.append(replace(ask, pieces=(head, moved)))
    ttl = ground.dice.choice(("5m", ""))
    return plant(
        "broken_prefix",
        key,
        marked(sent, ttl),
        cheapest(marked(better, "5m"), marked(better, "1h")),
    )


def batchable(ground: Ground, key: str) -> Plant:
    model = ground.model()
    said = {"latency_class": "24h", "stream": 0}
    asks = tuple(
        Ask(at, key, model, (ground.turn(3_000),), ground.around(500), said)
        for at in ground.evenly(40)
    )
    changed = tuple(replace(it, more=said | {"tier": "batch"}) for it in asks)
    return plant("batchable", key, asks, changed)


def duplicate_calls(ground: Ground, key: str) -> Plant:
    model = ground.model()
    asks, kept, most = [], [], ground.dice.randint(1, 6)
    for day in range(DAYS):
        for n in range(20):
            ask = Ask(
                day * DAY_S + n * 1_800 + ground.dice.random() * 900,
                key,
                model,
                (ground.turn(2_500),),
                ground.around(300),
                {"reply_hash": ground.name().to_bytes(8)},
            )
            kept.append(ask)
            again = range(ground.dice.randint(0, most))
            asks += [replace(ask, at=ask.at + 40 * (k + 1)) for k in again]
    return plant("duplicate_calls", key, [*asks, *kept], kept)


def paid_failures(ground: Ground, key: str) -> Plant:
    model = ground.model()
    kind: dict[str, Any] = ground.dice.choice(
        (
            {"ending": "client_gone"},
            {"ending": "idle", "fault": "idle"},
            {"ending": "truncated", "fault": "truncated"},
        )
    )
    asks, kept, share = [], [], ground.dice.uniform(0.03, 0.25)
    for at in ground.evenly(50):
        ask = Ask(at, key, model, (ground.turn(3_000),), ground.around(600))
        if ground.dice.random() < share:
            asks.append(replace(ask, more=kind))
        else:
            kept.append(ask)
    return plant("paid_failures", key, [*asks, *kept], kept)


def oversized_outputs(ground: Ground, key: str) -> Plant:
    model = ground.model()
    asks, changed = [], []
    bound, each = {"max_output": 16_000}, ground.dice.randint(14, 45)
    for number, at in enumerate(ground.evenly(50)):
        ask = Ask(at, key, model, (ground.turn(2_000),), ground.around(300, 0.5), bound)
        asks.append(replace(ask, output=16_000) if number % each == 7 else ask)
        changed.append(replace(ask, output=1_024) if number % each == 7 else ask)
    return plant("oversized_outputs", key, asks, changed)


def cut_outputs(ground: Ground, key: str) -> Plant:
    model = ground.model()
    asks, kept = [], []
    for number, at in enumerate(ground.evenly(40)):
        ask = Ask(at, key, model, (ground.turn(2_500),), ground.around(600))
        if number % 4 == 0:
            asks.append(replace(ask, output=500, more={"max_output": 500}))
            ask = replace(
                ask, at=at + 30, more={"max_output": 4_000}, output=ground.around(900)
            )
        kept.append(ask)
    return plant("oversized_outputs", key, [*asks, *kept], kept)


def idle_tools(ground: Ground, key: str) -> Plant:
    model = ground.model()
    tools = Piece(ground.name(), ground.around(5_000, 0.7), "tools")
    head = Piece(ground.name(), 250, "system")
    said, without = {"tools_offered": 14}, {"tools_offered": 0}
    asks = [
        Ask(at, key, model, (tools, head, ground.turn(400)), ground.around(250), said)
        for at in ground.evenly(16)
    ]
    changed = [replace(it, pieces=it.pieces[1:], more=without) for it in asks]
    return plant("idle_tools", key, asks, changed)


def band_cliffs(ground: Ground, key: str) -> Plant:
    asks = [
        Ask(at, key, HAIKU, (Piece(ground.name(), ground.around(110_000, 0.08)),), 400)
        for at in ground.evenly(8)
    ]
    changed = [replace(it, pieces=(it.pieces[0]._replace(tokens=100_000),)) for it in asks]
    return plant("band_cliffs", key, asks, changed)


def daily_spike(ground: Ground, key: str) -> Plant:
    """A night that goes round in circles: nobody can say from rows that it was not wanted."""
    asks = [
        Ask(5 * DAY_S + 2_000 + 3 * n, key, OPUS, (ground.turn(30_000),), 3_000)
        for n in range(250)
    ]
    return plant("daily_spike", key, asks, asks)


def model_overkill(ground: Ground, key: str) -> Plant:
    """Short answers of a dear model, and a comparison that shows a cheaper one as good."""
    asks = [
        Ask(at, key, OPUS, (ground.turn(2_500),), ground.around(60)) for at in ground.evenly(30)
    ]
    changed = [replace(it, model=SONNET) for it in asks]
    pairs = Pairs(ground.around(2_400), 9, 12)
    return replace(plant("model_overkill", key, asks, changed), more=compared(key, pairs))


def compared(key: str, pairs: Pairs) -> dict[str, Any]:
    return {"trials": (Trial("key", key, OPUS, SONNET, pairs),)}


def reserved_capacity(ground: Ground, key: str) -> Plant:
    """A commitment of which a few hours a day make use. No part of the bill can be saved."""
    asks = [
        Ask(day * DAY_S + 9 * 3_600 + n * 90, key, OPUS, (ground.turn(4_000),), 400, PRIORITY)
        for day in range(DAYS)
        for n in range(20)
    ]
    made = Commitment("anthropic", "priority", str(ground.dice.randint(100, 400)))
    return replace(plant("reserved_capacity", key, asks, asks), more={"commitments": (made,)})


def plant(rule: str, key: str, asks: Sequence[Ask], changed: Sequence[Ask]) -> Plant:
    return Plant(frozenset((rule,)) if rule else frozenset(), key, tuple(asks), tuple(changed))


WASTES: dict[str, Callable[[Ground, str], Plant]] = {
    "no_caching": no_caching,
    "caching_loses": caching_loses,
    "wrong_ttl": wrong_ttl,
    "broken_prefix": broken_prefix,
    "batchable": batchable,
    "duplicate_calls": duplicate_calls,
    "paid_failures": paid_failures,
    "oversized_outputs": oversized_outputs,
    "cut_outputs": cut_outputs,
    "idle_tools": idle_tools,
    "band_cliffs": band_cliffs,
    "daily_spike": daily_spike,
    "model_overkill": model_overkill,
    "reserved_capacity": reserved_capacity,
}
