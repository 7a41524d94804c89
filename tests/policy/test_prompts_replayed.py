"""Callers of every kind are replayed against a vendor's cache: plans cost what the best choice
costs that never changes, and nobody pays more than a write or two beyond no cache at all."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import pytest

from headgate.policy.cacheprice import Worth
from headgate.policy.promptcache import Asked, Plan, Planner
from headgate.policy.recurrence import Slot
from headgate.sim.cache import Block, Lookup, PromptCache
from headgate.wire.model import Usage

pytestmark = pytest.mark.slow

MINIMUM = 1024
Piece = tuple[object, int]
"""what a block says, and its tokens"""
Marks = dict[str, str]


class Call(NamedTuple):
    at: float
    tools: int
    system: Piece
    turns: tuple[Piece, ...]
    answered: int = 0
    """how many of the turns stood there when the conversation was last answered"""


def blocks(call: Call, marks: Marks) -> list[Block]:
    found = [Block(b"tools", call.tools, marks.get("tools", ""))] if call.tools else []
    found.append(_block(call.system, marks.get("system", "")))
    for n, turn in enumerate(call.turns, 1):
        before = marks.get("before", "") if n == call.answered else ""
        found.append(_block(turn, marks.get("turns", "") if n == len(call.turns) else before))
    return found


def _block(piece: Piece, mark: str) -> Block:
    return Block(repr(piece).encode(), piece[1], mark)


def slots(call: Call, off: float) -> tuple[Slot, ...]:
    """As a gateway sees them: sizes are estimates."""

    def slot(name: str, *said: object, upto: int) -> tuple[bytes, int]:
        told = repr((name, call.tools, *said)).encode()
        return blake2b(told, digest_size=8).digest(), int(upto * off)

    opening = call.tools + call.system[1]
    system = ("system", call.system)
    whole = opening + sum(size for _, size in call.turns)
    then = opening + sum(size for _, size in call.turns[: call.answered])
    before = slot("turns", system, call.turns[: call.answered], upto=then)
    turns = slot("turns", system, call.turns, upto=whole)
    hopeful = call.tools > 0 or call.answered > 0
    found = [Slot("tools", *slot("tools", upto=call.tools))] if call.tools else []
    found.append(Slot("system", *slot("system", system, upto=opening)))
    found.append(Slot("turns", *turns, *(before if call.answered else (b"", 0)), hopeful))
    return tuple(found)


def paid(usage: Usage, worth: Worth) -> float:
    written = usage.cache_write_5m * worth.write_5m + usage.cache_write_1h * worth.write_1h
    return usage.input_fresh + usage.cache_read * worth.read + written


class Replay:
    """One caller's calls, their replies and the vendor's cache, on one clock."""

    def __init__(self, worth: Worth, off: float, dice: random.Random) -> None:
        self.worth, self.off, self.dice = worth, off, dice
        self.cache, self.planner, self.cost = PromptCache(), Planner(), 0.0

    def run(self, calls: list[Call], fixed: Marks | None) -> float:
        """What they cost; `fixed`: with the same marks in every call."""
        number = itertools.count()
        due: list[tuple[float, int, Callable[[], None]]] = []

        def later(at: float, do: Callable[[], None]) -> None:
            heapq.heappush(due, (at, next(number), do))

        for call in calls:
            later(call.at, lambda call=call: self._send(call, fixed, later))  # type: ignore[misc]
        while due:
            heapq.heappop(due)[2]()
        return self.cost

    def _send(
        self,
        call: Call,
        fixed: Marks | None,
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        begins = call.at + self.dice.uniform(0.5, 3)
        plan: Plan | None = None
        if fixed is None:
            found = slots(call, self.off)
            asked = Asked(("k", "m"), found, found[-1].tokens, self.worth, MINIMUM)
            plan = self.planner.plan(asked, call.at, begins.__le__)
            fixed = {"before" if it.is_before else it.slot: it.ttl for it in plan.marks}
        seen = self.cache.look_anthropic(b"scope", blocks(call, fixed), MINIMUM, call.at)
        self.cost += paid(seen.usage, self.worth)
        later(begins, lambda: self.cache.commit(seen, begins))
        if plan is not None:
            later(begins + self.dice.uniform(1, 12), lambda: self._learn(plan, seen))

    def _learn(self, plan: Plan, seen: Lookup) -> None:
        self.planner.learn(plan, seen.usage)


# ---- callers


def single(
    dice: random.Random, gap: float, system: Callable[[int], object], count: int = 400
) -> Iterator[Call]:
    now = 0.0
    for n in range(count):
        now += dice.expovariate(1 / gap)
        yield Call(now, 0, (system(n), 8_000), ((("question", n), 200),))


def agents(
    dice: random.Random, gap: float, pause: float, apart: float, turns: int = 30
) -> Iterator[Call]:
    for talk in range(6):
        said: list[Piece] = [((talk, "task"), 300)]
        now, answered = talk * apart, 0
        for n in range(turns):
            yield Call(now, 8_000, ("rules", 15_000), tuple(said), answered)
            answered = len(said)
            said += [((talk, n, who), dice.randint(150, 600)) for who in ("answer", "result")]
            now += pause if dice.random() < 0.1 else dice.expovariate(1 / gap)


def bursts(gap: float, size: int, count: int) -> Iterator[Call]:
    for n in range(count * size):
        at = (n // size) * gap + (n % size) * 0.02
        yield Call(at, 0, ("rules", 8_000), ((("question", n), 300),))


def callers(dice: random.Random) -> dict[str, list[Call]]:
    def one_of(many: int) -> Callable[[int], object]:
        return lambda _: dice.randrange(many)

    return {
        **{f"every {gap} s": [*single(dice, gap, lambda _: "s")] for gap in (5, 60, 300, 1800)},
        "every 3 h": [*single(dice, 10_800, lambda _: "s")],
        **{f"one of {many}": [*single(dice, 20, one_of(many))] for many in (2, 20, 1000)},
        "a timestamp": [*single(dice, 20, lambda n: n)],
        "editions": [*single(dice, 20, lambda n: n // 100)],
        "agents": [*agents(dice, 20, 20, 5_000)],
        "agents with pauses of 10 min": [*agents(dice, 20, 600, 20_000)],
        "agents with pauses of 40 min": [*agents(dice, 20, 2_400, 40_000)],
        "agents with pauses of 2 h": [*agents(dice, 20, 7_200, 90_000)],
        "agents at once": sorted(agents(dice, 15, 15, 0.3)),
        "pairs that come at once": [*bursts(4_000, 2, 100)],
        "fifty at once": [*bursts(650, 50, 8)],
    }


FIXED: list[Marks] = [
    {},
    *({"system": ttl, "tools": ttl} for ttl in ("5m", "1h")),
    *(dict.fromkeys(("tools", "system", "before", "turns"), ttl) for ttl in ("5m", "1h")),
    {"tools": "1h", "system": "1h", "before": "5m", "turns": "5m"},
]


@pytest.mark.parametrize("seed", range(3))
def test_callers_of_every_kind_pay_about_what_the_best_fixed_marks_would_cost(
    seed: int,
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a trace, not a secret
    worth = Worth(1.25, 2.0, dice.choice([0.1, 0.05, 0.025]))
    off = dice.choice([0.75, 1.0, 1.3])

    def cost(calls: list[Call], fixed: Marks | None) -> float:
        return Replay(worth, off, random.Random(seed)).run(calls, fixed)  # noqa: S311

    planned = fixed = plain = 0.0
    for name, calls in callers(dice).items():
        largest = max(sum(it.tokens for it in blocks(call, {})) for call in calls)
        uncached, ours = cost(calls, {}), cost(calls, None)
        assert ours <= uncached + 2 * worth.premium("1h") * largest, (name, ours / uncached)
        planned += ours
        fixed += min(cost(calls, marks) for marks in FIXED)
        plain += uncached
    assert planned <= 1.05 * fixed, (planned / fixed, worth, off)
    assert planned < 0.5 * plain
