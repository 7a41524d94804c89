"""Workers are nobody else's, spares stand ready for whoever asks, the broken are replaced."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import pytest

from headgate.sandbox.foreman import Broken
from headgate.sandbox.model import (
    File,
    Heard,
    Limits,
    Order,
    Refused,
    Result,
    Runtime,
    Status,
    Step,
    Unavailable,
)
from headgate.sandbox.pool import UNUSED_S, Bounds, Pool

BARE = Runtime("python", "3.11", "python")
HEAVY = Runtime("python", "3.11", "python", imports=("numpy",))
WIDE = Bounds(workers=4, spares=4, spares_mb=100, idle_s=60.0)


def order(runtime: Runtime = BARE) -> Order:
    return Order(runtime, (Step("run", python="main.py"),))


class Place:
    def __init__(self, forker: Forker) -> None:
        self.alive, self.forker, self.runs = True, forker, 0

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        self.runs += 1
        assert self.alive
        if self.forker.breaks:
            self.forker.alive = False
            raise Broken("gone", begun=self.forker.breaks == "begun")
        await self.forker.let.wait()
        return Result(status=Status.OK, stdout=str(self.forker.number))

    async def files(self, most_bytes: int) -> tuple[File, ...]:
        return ()

    def kill(self) -> None:
        self.alive = False


class Forker:
    """A worker without processes."""

    def __init__(self, number: int, house: House) -> None:
        self.number, self.house = number, house
        self.alive, self.closed, self.breaks = True, False, ""
        self.made: list[Place] = []
        self.let, self.may_make = asyncio.Event(), asyncio.Event()
        self.let.set()
        self.may_make.set()

    async def prepare(self, limits: Limits, session: bool = False) -> Place:
        await self.may_make.wait()
        self.house.now_s += self.house.making_s
        if not self.alive:
            raise Broken("dead", begun=False)
        self.made.append(Place(self))
        return self.made[-1]

    async def close(self) -> None:
        self.alive, self.closed = False, True

    @property
    def left(self) -> int:
        return sum(it.alive for it in self.made)


class House:
    """A pool of such workers, and its clock."""

    def __init__(self, bounds: Bounds = WIDE) -> None:
        self.forkers: list[Forker] = []
        self.now_s, self.breaks, self.refuses = 0.0, [""], False
        self.making_s = 0.0
        self.is_full = False
        self.in_line: set[str] = set()
        self.pool = Pool(self.start, bounds, self.in_line.__contains__, now=lambda: self.now_s)

    async def start(self, runtime: Runtime) -> Forker:
        await asyncio.sleep(0)
        if self.refuses:
            raise Unavailable("no namespaces", "a remedy")
        if self.is_full:
            raise OSError(errno.EMFILE, "too many open files")
        forker = Forker(len(self.forkers), self)
        forker.breaks = self.breaks.pop(0) if len(self.breaks) > 1 else self.breaks[0]
        self.forkers.append(forker)
        return forker

    async def run(self, tenant: str = "", runtime: Runtime = BARE) -> Result:
        self.now_s += 0.01
        return await self.pool.carry_out(tenant, order(runtime), None, lambda: None)

    def made(self, forker: int = 0) -> Forker:
        return self.forkers[forker]


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_runs_of_one_tenant_and_runtime_share_a_worker_and_others_never() -> None:
    house = House()
    said = [
        (await house.run(tenant, runtime)).stdout
        for tenant in ("a", "b", "a")
        for runtime in (BARE, HEAVY)
    ]
    assert said == ["0", "1", "2", "3", "0", "1"]
    await house.pool.close()


async def test_every_run_has_a_place_of_its_own_that_ends_with_it() -> None:
    house = House()
    for _ in range(5):
        await house.run()
        await settle()
    assert [it.runs for it in house.made().made if it.runs] == [1] * 5
    assert house.made().left == house.pool.workers[0].ready
    await house.pool.close()
    assert house.made().left == 0
    assert house.made().closed


async def test_after_a_run_a_spare_stands_ready_and_the_next_run_takes_it() -> None:
    house = House()
    await house.run()
    await settle()
    assert (house.pool.hits, house.pool.misses, house.made().left) == (0, 1, 1)
    await house.run()
    assert (house.pool.hits, house.pool.misses) == (1, 1)
    await house.pool.close()


async def test_a_tenant_whose_runs_stand_in_line_gets_no_spares_made_beside_them() -> None:
    house = House()
    house.in_line.add("flood")
    for tenant in ("flood", "calm"):
        await house.run(tenant)
    await settle()
    assert [it.ready for it in house.pool.workers] == [0, 1]
    await house.pool.close()


async def test_a_run_that_finds_none_takes_the_one_being_made() -> None:
    house = House()
    await house.run()
    await settle()
    house.made().may_make.clear()
    await house.run()  # takes the spare; another is being made
    waiting = asyncio.ensure_future(house.run())
    await settle()
    house.made().may_make.set()
    await waiting
    assert [it.runs for it in house.made().made[:3]] == [1, 1, 1]
    await house.pool.close()


async def test_a_run_that_is_given_up_while_its_place_is_made_leaves_none() -> None:
    house = House()
    await house.run()
    await settle()
    house.made().may_make.clear()
    await house.run()
    given_up = asyncio.ensure_future(house.run())
    await settle()
    house.made().may_make.set()
    await asyncio.sleep(0)
    given_up.cancel()
    await settle()
    assert given_up.cancelled()
    assert house.made().left == house.pool.workers[0].ready
    await house.pool.close()


async def test_spares_grow_with_demand_and_never_beyond_their_room() -> None:
    house = House(Bounds(4, spares=8, spares_mb=16, idle_s=60.0))
    house.making_s = 2.0
    for _ in range(50):
        await house.run()
        await settle()
    assert house.pool.workers[0].ready == 4  # of 4 MB each
    for _ in range(50):
        await house.run("other")
        await settle()
    assert sum(it.ready * it.cost_mb for it in house.pool.workers) <= 16
    await house.pool.close()


async def test_what_is_idle_for_long_is_closed_with_its_spares() -> None:
    house = House()
    await house.run()
    await settle()
    house.now_s += 59
    house.pool.tend()
    assert house.pool.workers
    house.now_s += 2
    house.pool.tend()
    await settle()
    assert (house.pool.workers, house.made().left, house.made().closed) == ((), 0, True)


async def test_more_workers_than_there_may_be_drive_out_the_longest_idle() -> None:
    house = House(WIDE._replace(workers=2))
    for tenant in ("a", "b", "a", "c"):
        await house.run(tenant)
    await settle()
    assert [it.closed for it in house.forkers] == [False, True, False]
    await house.pool.close()


async def test_a_worker_that_broke_before_the_code_began_is_replaced_unseen() -> None:
    house = House()
    house.breaks = ["unseen", ""]
    result = await house.run()
    assert (result.status, result.stdout, house.pool.replaced) == (Status.OK, "1", 1)
    await settle()
    assert house.made(0).closed
    await house.pool.close()


@pytest.mark.parametrize(("breaks", "workers"), [("begun", 1), ("unseen", 2)])
async def test_what_had_begun_is_not_run_twice_and_nothing_is_tried_for_ever(
    breaks: str, workers: int
) -> None:
    house = House()
    house.breaks = [breaks]
    result = await house.run()
    assert result.status == Status.BROKEN
    assert "not the code" in result.hint
    assert len(house.forkers) == workers
    await house.pool.close()


async def test_a_spare_whose_worker_died_is_not_given_to_anybody() -> None:
    house = House()
    await house.run()
    await settle()
    house.made().alive = False
    for place in house.made().made:
        place.alive = False
    assert (await house.run()).stdout == "1"
    await house.pool.close()


async def test_what_cannot_start_is_told_to_all_who_wait_and_tried_anew_later() -> None:
    house = House()
    house.refuses = True
    found = await asyncio.gather(house.run(), house.run(), return_exceptions=True)
    assert [type(it) for it in found] == [Unavailable, Unavailable]
    house.refuses = False
    assert (await house.run()).status == Status.OK
    await house.pool.close()


async def test_a_cancelled_run_ends_its_place_at_once() -> None:
    house = House()
    await house.run()
    await settle()
    house.made().let.clear()
    running = asyncio.ensure_future(house.run())
    await settle()
    running.cancel()
    await settle()
    assert running.cancelled()
    assert house.made().left == house.pool.workers[0].ready
    await house.pool.close()


async def test_a_session_keeps_its_worker_from_being_closed() -> None:
    house = House(WIDE._replace(workers=1))
    taken = await house.pool.open("a", BARE, Limits())
    house.now_s += 1000
    house.pool.tend()
    await house.run("b")
    assert not house.made(0).closed
    house.pool.close_place(taken)
    assert not taken.place.alive
    house.now_s += 1000
    house.pool.tend()
    await settle()
    assert all(it.closed for it in house.forkers)


async def test_what_is_closed_refuses_and_whoever_waited_for_a_worker_is_told() -> None:
    house = House()
    waiting = asyncio.ensure_future(house.run())
    await asyncio.sleep(0)
    await house.pool.close()
    with pytest.raises(Refused, match="closing"):
        await waiting
    with pytest.raises(Refused, match="closing"):
        await house.run()


async def test_a_machine_with_nothing_more_to_give_is_told_as_busy_and_gets_the_idle_back() -> (
    None
):
    """The next one has what an idle worker held; who runs is left alone."""
    house = House()
    await house.run("idle")
    held = await house.pool.open("runs", BARE, Limits())
    house.is_full = True
    with pytest.raises(Refused, match="no room"):
        await house.run("early")
    assert not house.made(0).closed, "it was in use a moment ago"
    house.now_s += UNUSED_S
    with pytest.raises(Refused, match="no room for another run") as told:
        await house.run("late")
    assert told.value.kind == "busy"
    assert "ulimit -n" in told.value.remedy
    await settle()
    assert [it.closed for it in house.forkers] == [True, False]
    house.is_full = False
    assert (await house.run("late")).status == Status.OK
    house.pool.close_place(held)
    await house.pool.close()
