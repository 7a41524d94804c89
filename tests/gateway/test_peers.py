"""Workers count together: no counter goes back, and what holds only now is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine import Meters
from headgate.gateway.board import Board
from headgate.gateway.house import House
from headgate.gateway.peers import BELIEVED_S, TARGETS_SHOWN, Peers, total
from headgate.policy.health import Health
from headgate.policy.pool import Ask, Pool
from tests.kit import Field, message, running


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def house(calls: int = 0, refused: int = 0, running: int = 0) -> Any:
    """As much of a House as is shown."""
    meters = Meters()
    meter = meters.of("p", "m", answered=True)
    meter.calls["complete"] = calls
    meter.latency.observe(0.2)
    ground = SimpleNamespace(
        settlement=SimpleNamespace(meters=meters),
        running=set(range(running)),
        door=SimpleNamespace(open_sockets=lambda: 2),
        writer=SimpleNamespace(trouble=""),
        recorder=None,
        clock=lambda: 0.0,
        health={},
        pool=pool(),
    )
    counted = {"auth": refused} if refused else {}
    return SimpleNamespace(ground=ground, refused=counted, execution=None)


def pool() -> Pool:
    """One provider with two accounts, of which one is limited."""
    made = Pool()
    made.roster["p"] = ("KEY_1", "KEY_2")
    made.limit(made.send(Ask("p", "m", made.roster["p"], b"", 400), 0, 0.0), 9.0, 0.0)
    return made


@pytest.fixture
async def board() -> AsyncIterator[Board]:
    made = Board.create(3)
    yield made
    made.close()


def calls_of(meters: Meters) -> int:
    return sum(meter.calls.get("complete", 0) for _, _, meter in meters)


async def test_whoever_is_asked_tells_the_sum_of_all(board: Board) -> None:
    clock = Clock()
    first, second = (Peers(board, place, clock=clock) for place in (1, 2))
    one, two = house(calls=3, refused=1, running=2), house(calls=4, running=1)
    first.show(one)
    for asked, its in ((second, two), (first, one)):
        meters, refused, gauges = total(asked.everybody(its))
        assert calls_of(meters) == 7
        assert refused == {"auth": 1}
        by_name = {name: value for name, _, value in gauges}
        assert by_name["headgate_workers"] == 2
        assert by_name["headgate_running_calls"] == 3
        assert by_name["headgate_upstream_sockets"] == 4
        assert sum(meter.latency.counts[2] for _, _, meter in meters) == 2


async def test_a_dead_workers_counters_stay_and_its_running_calls_do_not(board: Board) -> None:
    clock = Clock()
    dead, alive = (Peers(board, place, clock=clock) for place in (1, 2))
    dead.show(house(calls=3, running=5))
    clock.now += BELIEVED_S + 1
    meters, _, gauges = total(alive.everybody(house(calls=1)))
    assert calls_of(meters) == 4
    assert {name: value for name, _, value in gauges}["headgate_running_calls"] == 0


async def test_a_successor_counts_on(board: Board) -> None:
    Peers(board, 1).show(house(calls=3, refused=2))
    new = house(calls=0)
    successor = Peers(board, 1)
    successor.resume(new)
    assert calls_of(new.ground.settlement.meters) == 3
    assert new.refused == {"auth": 2}
    new.ground.settlement.meters.of("p", "m").calls["complete"] += 1
    assert calls_of(total(successor.everybody(new))[0]) == 4


async def test_a_target_is_told_with_the_worker_that_learned_of_it(board: Board) -> None:
    first, second = (Peers(board, place) for place in (1, 2))
    one, two = house(), house()
    one.ground.health[("p", "m")] = Health(7.5, 2, "overloaded")
    first.show(one)
    told = [target for shown in second.everybody(two) for target in shown.targets]
    failed, *pools = told
    assert failed["worker"] == 1
    assert (failed["target"], failed["failures"], failed["cooling_s"]) == ("p:m", 2, 7.5)
    assert [(each["pool"], each["worker"]) for each in pools] == [("p", 1), ("p", 2)]
    states = [[it["state"] for it in each["accounts"]] for each in pools]
    assert states == [["cooling", "live"]] * 2


async def test_more_targets_than_a_place_holds_are_cut_and_the_counters_are_not(
    board: Board,
) -> None:
    first, second = (Peers(board, place) for place in (1, 2))
    one = house(calls=3)
    for n in range(2 * TARGETS_SHOWN):
        one.ground.health[("p", f"m{n}")] = Health(1.0, 1, "x")
    first.show(one)
    seen = second.everybody(house())[0]
    assert len(seen.targets) == TARGETS_SHOWN
    for n in range(TARGETS_SHOWN):
        one.ground.health[("p", f"m{n}")] = Health(1.0, 1, "x" * 5000)
    one.ground.settlement.meters.of("p", "m").calls["complete"] = 4
    first.show(one)
    seen = second.everybody(house())[0]
    assert (seen.targets, seen.meters[0][2]["calls"]) == ([], {"complete": 4})


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5))
def test_the_sum_is_the_sum(counts: list[int]) -> None:
    shown = []
    for count in counts:
        shown += Peers().everybody(house(calls=count, refused=count))
    meters, refused, _ = total(shown)
    assert calls_of(meters) == sum(counts)
    assert refused.get("auth", 0) == sum(counts)


@pytest.mark.slow
async def test_a_gateway_that_is_alone_tells_its_own_counters() -> None:
    async with running("") as field:
        await field.post("/v1/messages", message())
        await field.row()
        page = (await field.get("/metrics")).body.decode()
        assert "headgate_workers 1" in page
        assert await shown_calls(field) == 1


async def shown_calls(field: Field) -> int:
    opened: House = field.opened.house
    peers = field.opened.house.peers
    async with asyncio.timeout(5):
        while not (calls := calls_of(total(peers.everybody(opened))[0])):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    return calls
