"""Tenants take turns, nobody has more than its share, and a full line says that it is full."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.line import ALONE_S, KNOWN, PATIENCE, Line, Room
from headgate.sandbox.model import Refused

WIDE = Room(2, 2, 1000, 100, 100, 60.0)


class Runs:
    """Runs that end when they are told to, in the order in which they began."""

    def __init__(self, line: Line) -> None:
        self.line, self.began = line, list[str]()
        self.most, self.most_mb = Counter[str](), 0
        self._open = Counter[str]()
        self._mb = 0
        self._let = asyncio.Semaphore(0)

    async def run(self, tenant: str, memory_mb: int = 1) -> None:
        async with self.line.turn(tenant, memory_mb):
            self.began.append(tenant)
            self._open[tenant] += 1
            self._mb += memory_mb
            self.most[tenant] = max(self.most[tenant], self._open[tenant])
            self.most["all"] = max(self.most["all"], self._open.total())
            self.most_mb = max(self.most_mb, self._mb)
            try:
                await self._let.acquire()
            finally:
                self._open[tenant] -= 1
                self._mb -= memory_mb

    async def end(self, count: int) -> None:
        for _ in range(count):
            self._let.release()
            await settle()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def test_a_tenant_that_floods_does_not_come_before_one_that_asks_once() -> None:
    runs = Runs(Line(WIDE._replace(at_once=1)))
    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(runs.run("flood"))
        await settle()
        group.create_task(runs.run("other"))
        await settle()
        await runs.end(2)
        assert runs.began == ["flood", "flood", "other"]
        assert (runs.line.waits("flood"), runs.line.waits("other")) == (True, False)
        await runs.end(9)


async def test_a_tenant_has_no_more_places_than_its_share_though_others_are_free() -> None:
    runs = Runs(Line(WIDE._replace(at_once=4, at_once_per_tenant=2)))
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(runs.run("flood"))
        await settle()
        group.create_task(runs.run("other"))
        await settle()
        assert runs.began == ["flood", "flood", "other"]
        await runs.end(7)
    assert runs.most["flood"] == 2


async def test_a_tenant_has_half_of_its_share_while_another_one_has_runs_too() -> None:
    now = 0.0
    line = Line(WIDE._replace(at_once=8, at_once_per_tenant=4), now=lambda: now)
    runs = Runs(line)
    async with asyncio.TaskGroup() as group:
        group.create_task(runs.run("other"))
        for _ in range(4):
            group.create_task(runs.run("flood"))
        await settle()
        assert runs.began == ["other", "flood", "flood"]
        now = ALONE_S + 1
        await runs.end(1)  # that of the other one
        assert runs.began[3:] == ["flood", "flood"]
        await runs.end(4)


async def test_of_many_tenants_only_the_latest_are_remembered() -> None:
    line = Line(WIDE)
    for number in range(2 * KNOWN):
        async with line.turn(str(number), 1):
            pass
    assert len(line._asked) == KNOWN


async def test_a_full_line_is_told_as_busy_and_costs_the_one_who_filled_it() -> None:
    line = Line(WIDE._replace(at_once=1, waiting=3))
    runs = Runs(line)
    flood = [asyncio.ensure_future(runs.run("flood")) for _ in range(4)]
    await settle()
    other = asyncio.ensure_future(runs.run("other"))
    await settle()
    assert [it.done() for it in flood] == [False, False, False, True]
    with pytest.raises(Refused, match="busy: 3 runs wait already") as refused:
        await flood[3]
    assert refused.value.kind == "busy"
    assert refused.value.remedy
    await runs.end(4)
    await asyncio.gather(other, *flood[:3])
    assert (line.running, line.waiting, line.used_mb) == (0, 0, 0)


async def test_one_tenant_cannot_fill_the_line_beyond_its_own_part() -> None:
    runs = Runs(Line(WIDE._replace(at_once=1, waiting_per_tenant=1)))
    first = [asyncio.ensure_future(runs.run("a")) for _ in range(3)]
    await settle()
    with pytest.raises(Refused, match="1 runs of this tenant wait"):
        await first[2]
    await runs.end(2)
    await asyncio.gather(*first[:2])


async def test_whoever_waits_too_long_is_told_so_and_leaves_nothing() -> None:
    line = Line(WIDE._replace(at_once=1, wait_s=0.01))
    async with line.turn("a", 1):
        with pytest.raises(Refused, match=r"no place was free for 0\.01 s"):
            await line.enter("b", 1)
    assert (line.running, line.waiting) == (0, 0)
    async with line.turn("b", 1):
        assert line.running == 1


async def test_a_large_run_is_passed_over_but_not_for_ever() -> None:
    runs = Runs(Line(Room(2, 2, 100, 100, 100, 60.0)))
    async with asyncio.TaskGroup() as group:
        group.create_task(runs.run("small", 60))
        await settle()
        group.create_task(runs.run("large", 90))
        for _ in range(2 * PATIENCE):
            group.create_task(runs.run("small", 30))
        await settle()
        for _ in range(2 * PATIENCE + 2):
            await runs.end(1)
    assert runs.began.index("large") <= PATIENCE + 2
    assert runs.most_mb <= 100


async def test_a_run_larger_than_all_there_is_runs_alone() -> None:
    line = Line(WIDE._replace(memory_mb=10))
    async with line.turn("a", 50):
        assert line.used_mb == 50


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.booleans()), max_size=25),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_whoever_comes_and_goes_the_bounds_hold_and_all_places_come_back(
    asked: list[tuple[str, int, bool]], at_once: int, each: int
) -> None:
    async def story() -> None:
        line = Line(Room(at_once, each, 100, 50, 50, 60.0))
        runs = Runs(line)
        tasks = [
            (asyncio.ensure_future(runs.run(who, mb)), leaves) for who, mb, leaves in asked
        ]
        await settle()
        for task, leaves in tasks:
            if leaves:
                task.cancel()
        await settle()
        await runs.end(len(asked) + 1)
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        assert all(task.done() for task, _ in tasks)
        assert runs.most["all"] <= at_once
        assert all(runs.most[who] <= each for who in "abc")
        assert runs.most_mb <= 100
        assert (line.running, line.waiting, line.used_mb) == (0, 0, 0)

    asyncio.run(story())
