"""Traffic that looks like waste and is none, conversations of every length, and keys on which
two wastes lie over each other.

Rule 1: what is healthy stays as it is: a claim about it is false.
Rule 2: where two changes compete, what a changed caller sends is the cheapest of both.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

from headgate.config.model import Commitment
from headgate.stats.compare import Pairs
from tests.audit.planted.plants import (
    DAY_S,
    DAYS,
    HAIKU,
    OPUS,
    SONNET,
    Ground,
    Plant,
    cheapest,
    compared,
    marked,
    plant,
    talked,
)
from tests.audit.planted.traffic import Ask, Piece, bill

SUMMARY = 2_000
BOUND = 1.5
"""of what conversations of a key usually reach"""


def _well(key: str, asks: tuple[Ask, ...] | list[Ask]) -> Plant:
    return plant("", key, asks, asks)


def cached_well(ground: Ground, key: str) -> Plant:
    gap = ground.dice.uniform(20, 60)
    asks = talked(ground, key, ground.sittings(25, gap), ground.around(9_000))
    return _well(key, marked(asks, "5m"))


def too_rare(ground: Ground, key: str) -> Plant:
    return _well(key, talked(ground, key, ground.evenly(7), ground.around(12_000)))


def too_short(ground: Ground, key: str) -> Plant:
    return _well(key, talked(ground, key, ground.sittings(25, 40), ground.around(60)))


def sampled(ground: Ground, key: str) -> Plant:
    """One prompt, several answers, and they are meant to differ."""
    asks = []
    for at in ground.evenly(8):
        prompt = ground.turn(1_500)
        for n in range(3):
            said = {"reply_hash": ground.name().to_bytes(8)}
            asks.append(Ask(at + n, key, SONNET, (prompt,), ground.around(300), said))
    return _well(key, asks)


def rarely_failing(ground: Ground, key: str) -> Plant:
    gone: dict[str, Any] = {"ending": "client_gone"}
    return _well(
        key,
        [
            Ask(at, key, SONNET, (ground.turn(3_000),), 500, gone if n % 150 == 70 else {})
            for n, at in enumerate(ground.evenly(50))
        ],
    )


def long_answers(ground: Ground, key: str) -> Plant:
    """Some are ten times as long as most, and end by themselves."""
    said = {"max_output": 32_000}
    return _well(
        key,
        [
            Ask(
                at,
                key,
                SONNET,
                (ground.turn(2_000),),
                min(20_000, int(ground.dice.lognormvariate(5.8, 1.1))) + 20,
                said,
            )
            for at in ground.evenly(30)
        ],
    )


def seldom_called(ground: Ground, key: str) -> Plant:
    tools = Piece(ground.name(), ground.around(3_000), "tools")
    head = Piece(ground.name(), 250, "system")
    return _well(
        key,
        [
            Ask(
                at,
                key,
                SONNET,
                (tools, head, ground.turn(400)),
                ground.around(250),
                {"tools_offered": 9, "tools_called": int(n % 20 == 3)},
            )
            for n, at in enumerate(ground.evenly(12))
        ],
    )


def beside_the_cliff(ground: Ground, key: str) -> Plant:
    asks = [
        Ask(at, key, HAIKU, (Piece(ground.name(), size),), 400)
        for at in ground.evenly(4)
        for size in (ground.dice.randint(90_000, 99_500), ground.dice.randint(130_000, 180_000))
    ]
    return _well(key, [replace(it, at=it.at + n % 2 * 60) for n, it in enumerate(asks)])


def batched(ground: Ground, key: str) -> Plant:
    said = {"tier": "batch", "latency_class": "24h", "stream": 0}
    return _well(
        key,
        [
            Ask(at, key, SONNET, (ground.turn(3_000),), ground.around(400), said)
            for at in ground.evenly(20)
        ],
    )


def kept_an_hour(ground: Ground, key: str) -> Plant:
    asks = talked(ground, key, ground.sittings(20, 1_200), ground.around(14_000))
    return _well(key, marked(asks, "1h"))


def dated(ground: Ground, key: str) -> Plant:
    """A system prompt with the day in it: another one every day, and cached well."""
    heads = [ground.system(9_000) for _ in range(DAYS)]
    asks = [
        Ask(at, key, SONNET, (heads[int(at // DAY_S)], ground.turn(400)), ground.around(250))
        for at in ground.sittings(30, 40)
    ]
    return _well(key, marked(asks, "5m"))


def asked_daily(ground: Ground, key: str) -> Plant:
    """The same questions every day, at times that lie more than a day apart."""
    prompts = [ground.turn(2_500) for _ in range(20)]
    return _well(
        key,
        [
            Ask(day * (DAY_S + 600) + n * 900, key, SONNET, (it,), 300)
            for day in range(DAYS - 1)
            for n, it in enumerate(prompts)
        ],
    )


def bounded(ground: Ground, key: str) -> Plant:
    """Answers of one word, whose bound is always reached."""
    said = {"max_output": 20}
    return _well(
        key,
        [Ask(at, key, SONNET, (ground.turn(1_500),), 20, said) for at in ground.evenly(30)],
    )


def waited_for(ground: Ground, key: str) -> Plant:
    """No stream, and people who wait: a few calls at all hours."""
    return _well(
        key,
        [
            Ask(at, key, SONNET, (ground.turn(2_500),), ground.around(200), {"stream": 0})
            for at in ground.evenly(20)
        ],
    )


def compared_in_vain(ground: Ground, key: str) -> Plant:
    """A comparison that is too small to show anything."""
    asks = [
        Ask(at, key, OPUS, (ground.turn(2_500),), ground.around(60)) for at in ground.evenly(15)
    ]
    return replace(_well(key, asks), more=compared(key, Pairs(150, 4, 3)))


def well_reserved(ground: Ground, key: str) -> Plant:
    """Capacity that is worth more than it costs."""
    asks = [
        Ask(at, key, SONNET, (ground.turn(4_000),), 500, {"tier": "provisioned"})
        for at in ground.evenly(24)
    ]
    made = Commitment("anthropic", "provisioned", f"{bill(asks) / 1e9 * 30.4 / DAYS / 2:.2f}")
    return replace(_well(key, asks), more={"commitments": (made,)})


def conversations(ground: Ground, key: str) -> Plant:
    return _well(key, [it for talk in _talks(ground, key, 3, (7, 14)) for it in talk])


def context_growth(ground: Ground, key: str) -> Plant:
    usual = [*_talks(ground, key, 3, (7, 12))]
    peak = median(_size(talk[-1]) for talk in usual)
    most = int(BOUND * peak)
    long = [_talk(ground, key, day, 8.0, ground.dice.randint(55, 110)) for day in (1, 4)]
    short = [it for talk in usual for it in talk]
    sent = short + [it for talk in long for it in talk]
    changed = short + [it for talk in long for it in compacted(ground, talk, most)]
    return plant("context_growth", key, sent, changed)


def _talks(
    ground: Ground, key: str, each_day: int, turns: tuple[int, int]
) -> Iterator[list[Ask]]:
    for day in range(DAYS):
        for n in range(each_day):
            yield _talk(ground, key, day, 9.0 + 3 * n, ground.dice.randint(*turns))


def _talk(ground: Ground, key: str, day: int, hour: float, turns: int) -> list[Ask]:
    """A conversation whose every prompt is marked at its end."""
    at = day * DAY_S + (hour + ground.dice.random()) * 3_600
    pieces = [ground.system(3_000), ground.turn(600)]
    said = {"session": f"{key}-{ground.name()}"}
    asks = []
    for _ in range(turns):
        ends = (*pieces[:-1], pieces[-1]._replace(mark="5m"))
        asks.append(Ask(at, key, SONNET, ends, ground.around(200), said))
        pieces.append(ground.turn(1_800))
        at += ground.dice.uniform(15, 60)
    return asks


def _size(ask: Ask) -> int:
    return sum(it.tokens for it in ask.pieces)


def compacted(ground: Ground, talk: list[Ask], most: int) -> list[Ask]:
    """The same with everything summarised whenever it is longer than that."""
    system, dropped = talk[0].pieces[0], 0
    found: list[Ask] = []
    kept: tuple[Piece, ...] = ()
    for ask in talk:
        pieces = (system, *kept, *ask.pieces[1 + dropped :])
        if sum(it.tokens for it in pieces) > most and found:
            before = (*pieces[:-2], pieces[-2]._replace(mark="5m"))
            found.append(replace(ask, at=ask.at - 8, pieces=before, output=SUMMARY))
            dropped = len(ask.pieces) - 2
            kept = (Piece(ground.name(), SUMMARY),)
            pieces = (system, *kept, ask.pieces[-1])
        found.append(replace(ask, pieces=pieces))
    return found


def cached_or_batched(ground: Ground, key: str) -> Plant:
    """Declared to have time, and one long system prompt: what a cache saves is more."""
    said = {"latency_class": "24h", "stream": 0}
    asks = talked(ground, key, ground.sittings(30, 40), ground.around(12_000))
    asks = tuple(replace(it, more=said) for it in asks)
    in_batch = tuple(replace(it, more=said | {"tier": "batch"}) for it in asks)
    changed = cheapest(marked(asks, "5m"), marked(asks, "1h"), in_batch)
    return Plant(frozenset(("no_caching", "batchable")), key, asks, changed)


def cached_and_failing(ground: Ground, key: str) -> Plant:
    asks, kept = [], []
    for ask in talked(ground, key, ground.sittings(40, 60), ground.around(9_000)):
        gone = random.Random(ask.pieces[1].name).random() < 0.1  # noqa: S311 - no secret
        if gone:
            asks.append(replace(ask, more={"ending": "client_gone"}))
        else:
            kept.append(ask)
    changed = cheapest(marked(kept, "5m"), marked(kept, "1h"))
    return Plant(frozenset(("no_caching", "paid_failures")), key, (*asks, *kept), changed)


def cached_and_cheaper(ground: Ground, key: str) -> Plant:
    """A long system prompt, never marked, on a dearer model than it needs."""
    talk = talked(ground, key, ground.sittings(35, 50), ground.around(9_000))
    asks = tuple(replace(it, model=OPUS) for it in talk)
    cheaper = tuple(replace(it, model=SONNET) for it in talk)
    changed = cheapest(marked(cheaper, "5m"), marked(cheaper, "1h"))
    more = compared(key, Pairs(3_000, 10, 10))
    return Plant(frozenset(("no_caching", "model_overkill")), key, asks, changed, more)


MORE_WASTES: dict[str, Callable[[Ground, str], Plant]] = {
    "context_growth": context_growth,
    "cached_or_batched": cached_or_batched,
    "cached_and_failing": cached_and_failing,
    "cached_and_cheaper": cached_and_cheaper,
}
HEALTHY: dict[str, Callable[[Ground, str], Plant]] = {
    "cached_well": cached_well,
    "too_rare": too_rare,
    "too_short": too_short,
    "sampled": sampled,
    "rarely_failing": rarely_failing,
    "long_answers": long_answers,
    "seldom_called": seldom_called,
    "beside_the_cliff": beside_the_cliff,
    "batched": batched,
    "conversations": conversations,
    "kept_an_hour": kept_an_hour,
    "dated": dated,
    "asked_daily": asked_daily,
    "bounded": bounded,
    "waited_for": waited_for,
    "compared_in_vain": compared_in_vain,
    "well_reserved": well_reserved,
}
