"""A process that has just begun knows what came lately, and what of it is still cached."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from headgate.engine.ground import Ground
from headgate.engine.marked import Marked
from headgate.engine.marking import family, place
from headgate.engine.recall import recall, take_in
from headgate.ledger.arrived import Arrived
from headgate.policy.prefix import PAIR
from headgate.policy.promptcache import Planner
from headgate.policy.recurrence import Prefix
from tests import kit
from tests.engine.test_marking import ON, session

MINUTE = 60_000_000
NOW = 1_763_740_800_000_000
WHERE = place("anthropic", "house", "k_1", "m")


@dataclass
class Bare:
    """What of the ground this needs."""

    marked: Marked = field(default_factory=Marked)
    now: float = 10_000.0

    def clock(self) -> float:
        return self.now


def row(minutes_ago: float, last: bytes, **more: Any) -> Arrived:
    pairs = PAIR.pack(b"system--", 40_000) + PAIR.pack(last, 44_000)
    at_us = NOW - int(minutes_ago * MINUTE)
    whole = Arrived(
        1, at_us, "k_1", "", "anthropic", "house", "m", pairs, "system", "advise none", 0
    )
    return whole._replace(**more)


def learned(*rows: Arrived) -> Prefix | None:
    ground = Bare()
    take_in(cast(Ground, ground), rows, NOW)
    return ground.marked.planner.known.of(WHERE + b"system--")


def test_gaps_are_learned_as_if_the_calls_had_come_here() -> None:
    found = learned(*(row(40 - 10 * n, b"turns--%d" % n) for n in range(4)))
    assert found is not None
    assert round(found.returns.within["1h"].so) == 3
    assert found.returns.within["5m"].so == 0
    assert found.last == 10_000 - 600
    assert not found.lives[True].is_alive(10_000)


def test_what_was_marked_and_cached_is_still_there() -> None:
    marked = {"cache_plan": "on system:1h turns:5m", "cached": 9_000}
    found = learned(row(50, b"turns--1", **marked))
    assert found is not None
    assert found.lives[True].is_alive(10_000)
    assert not found.lives[True].is_alive(10_000 + 700)
    missed = learned(row(1, b"turns--1", cache_plan="on system:5m", cached=0))
    assert missed is not None
    assert not missed.lives[True].is_alive(10_000)


def test_callers_that_mark_their_own_prompts_are_left_out() -> None:
    assert learned(row(1, b"turns--1", cache_plan="own", cached=9_000)) is None


def test_what_was_seen_meanwhile_stands() -> None:
    ground = Bare()
    later = row(1, b"turns--2")
    take_in(cast(Ground, ground), [later], NOW)
    take_in(cast(Ground, ground), [row(30, b"turns--1"), row(20, b"turns--1")], NOW)
    found = ground.marked.planner.known.of(WHERE + b"system--")
    assert found is not None
    assert found.returns.within["1h"].count == 0


def test_a_calls_own_row_is_not_taken_for_another_call() -> None:
    ground = Bare()
    own = row(1, b"turns--1")
    take_in(cast(Ground, ground), [own], NOW)
    take_in(cast(Ground, ground), [own], NOW - 20_000)  # as if the clocks had drifted apart
    found = ground.marked.planner.known.of(WHERE + b"system--")
    assert found is not None
    assert found.returns.within["1h"].count == 0


async def test_processes_beside_each_other_learn_what_comes_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headgate.engine.recall.AGAIN_S", 0.02)
    async with kit.running(ON) as running:
        await running.post("/v1/messages", session(0))
        await running.rows(1)
        ground = running.opened.house.ground
        ground.marked.planner = Planner()  # as in a process that has served none of them
        chore = asyncio.ensure_future(recall(ground, shared=True))
        learned = 0
        for _ in range(100):
            await asyncio.sleep(0.02)
            if learned := len(ground.marked.planner.known):
                break
        assert learned
        await asyncio.sleep(0.1)
        assert len(ground.marked.planner.known) == learned
        chore.cancel()


def test_whose_prompts_fare_alike_is_said_alike_of_calls_and_rows() -> None:
    assert family("k_1", "agent", "anthropic", "m") == ("k_1", "agent", "anthropic", "m")
    assert place("anthropic", "client", "a", "m") != place("anthropic", "client", "b", "m")
    assert place("anthropic", "house", "a", "m") == place("anthropic", "house", "b", "m")


async def test_a_gateway_that_starts_again_reads_what_the_one_before_it_wrote() -> None:
    async with kit.running(ON) as running:
        for n in range(4):
            await running.post("/v1/messages", session(n))
        await running.rows(4)
        ground = running.opened.house.ground
        before = ground.marked.planner.known
        ground.marked.planner = Planner()
        assert ground.marked.planner.known is not before
        await recall(ground)
        got = await running.post("/v1/messages", session(4))
        rows = await running.rows(5)
    assert got.status == 200
    assert rows[-1]["cache_read"] > 25_000
    assert rows[-1]["cache_write_5m"] < 2_000, "the conversation was known to be cached"
