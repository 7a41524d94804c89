"""Runs workloads at places: cold, then warm, then several at once.

Rule 1: places follow each other, so that none is slowed by another on this machine.
Rule 2: the clock stops when the result is there; judging it is nobody's latency.
Rule 3: a place that does not answer at all ends the benchmark; one that fails later is counted
as having failed. No run begins that would probably exceed the cap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest
from math import ceil
from typing import NamedTuple

from headgate.bench.interpreter.checking import wrong_in
from headgate.bench.interpreter.execution import SIMULATED, Execution, How, Place, Run
from headgate.bench.interpreter.workload import Workload
from headgate.sandbox.model import Job, Limits, Refused, Result, Unavailable

LEAST_EACH = 2
"""runs of a level, for each that is at work at once"""


class NotThere(Exception):
    """A place that cannot be measured."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}")
        self.what, self.remedy = f"{place}: {what}", remedy


class Plan(NamedTuple):
    """What is to be run, at every place."""

    workloads: Sequence[Workload]
    cold: int = 1
    """runs of each; one at least"""
    warm: int = 3
    levels: Sequence[int] = (1, 2, 4, 8)
    """how many at once; every workload is run at each, as often as that takes"""
    cap_nusd: int = 0
    """0: none"""

    @property
    def runs(self) -> int:
        """At one place."""
        swept = sum(self.rounds(it) for it in self.levels)
        return len(self.workloads) * (self.cold + self.warm + swept)

    def rounds(self, level: int) -> int:
        """How often every workload is run at a level: with fewer runs than two for each that
        is at work at once, so many never are."""
        return ceil(LEAST_EACH * level / len(self.workloads))


class Done(NamedTuple):
    """All that was run."""

    executions: Sequence[Execution]
    ready_nusd: dict[str, int]
    """place -> what it cost to have it stand ready"""
    is_capped: bool


def job_of(it: Workload) -> Job:
    """What is asked of a place."""
    limits = Limits(wall_s=it.wall_s, memory_mb=it.memory_mb)
    return Job("python", it.code, limits=limits, cached=False)


def mixed(workloads: Sequence[Workload]) -> list[Workload]:
    """The same, families taking turns: what is at work at once is of several kinds."""
    families: dict[str, list[Workload]] = {}
    for it in workloads:
        families.setdefault(it.family, []).append(it)
    rounds = zip_longest(*families.values())
    return [it for turn in rounds for it in turn if it is not None]


class Bench:
    """One benchmark of interpreters, under way."""

    def __init__(self, plan: Plan, seen: Callable[[Execution, int], None]) -> None:
        self._plan, self._seen = plan, seen
        self._done: list[Execution] = []
        self._ready_nusd: dict[str, int] = {}
        self._spent_nusd = 0
        self._is_capped = False

    async def run(self, places: Sequence[Place]) -> Done:
        """All of it; NotThere: a place cannot be measured."""
        for place in places:
            await self._at(place)
        return Done(self._done, self._ready_nusd, self._is_capped)

    async def _at(self, place: Place) -> None:
        plan = self._plan
        try:
            await self._after_each_other(place, place.cold, "cold", plan.cold)
            if plan.warm:
                async with place.ready() as (warm, cost_nusd):
                    self._ready_nusd[place.name] = cost_nusd
                    self._spent_nusd += cost_nusd
                    await self._after_each_other(place, warm, "warm", plan.warm)
            if plan.levels:
                async with place.many() as many:
                    for level in plan.levels:
                        await self._level(place, many, level)
        except (Refused, Unavailable) as lacking:
            raise NotThere(place.name, lacking.what, lacking.remedy) from lacking

    async def _after_each_other(self, place: Place, run: Run, how: How, times: int) -> None:
        for _ in range(times):
            for it in self._plan.workloads:
                heard = await self._one(place, it, run)
                if heard is not None:
                    await self._judge(place, heard, how)

    async def _level(self, place: Place, run: Run, at_once: int) -> None:
        """Every workload, so many at once; judged when all of them are there."""
        them = mixed(self._plan.workloads) * self._plan.rounds(at_once)
        left, heard = iter(them), list[_Heard]()
        begun = time.monotonic()

        async def work() -> None:
            for it in left:
                one = await self._one(place, it, run, at_once)
                if one is not None:
                    heard.append(one)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
        for one in heard:
            await self._judge(place, one, "sweep", at_once, begun)

    async def _one(
        self, place: Place, it: Workload, run: Run, at_once: int = 1
    ) -> _Heard | None:
        """Run it; None: the cap leaves no room for it."""
        job, cap_nusd = job_of(it), self._plan.cap_nusd
        if cap_nusd and self._spent_nusd + place.about_nusd(job) * at_once > cap_nusd:
            self._is_capped = True
            return None
        begun, why, result = time.monotonic(), "", None
        try:
            result = await run(job)
            self._spent_nusd += result.cost_nusd
        except (Refused, Unavailable) as failed:
            if not any(one.place == place.name for one in self._done):
                raise
            why = failed.what
        return _Heard(it, result, why, begun, time.monotonic())

    async def _judge(
        self, place: Place, it: _Heard, how: How, at_once: int = 1, begun: float = 0.0
    ) -> None:
        result, why = it.result, it.why
        is_judged = result is None or result.version != SIMULATED
        if result is not None:
            why = "no code was run"
            if is_judged:
                why = await asyncio.to_thread(wrong_in, result, it.workload)
        told = Execution(
            place=place.name,
            workload=it.workload.id,
            how=how,
            at_once=at_once,
            is_right=is_judged and not why,
            is_judged=is_judged,
            why=why,
            status=result.status.value if result is not None else "unavailable",
            latency_ms=(it.ended - it.begun) * 1000,
            execution_ms=result.execution_ms if result is not None else 0.0,
            ended_ms=(it.ended - begun) * 1000,
            cost_nusd=result.cost_nusd if result is not None else 0,
        )
        self._done.append(told)
        self._seen(told, self._spent_nusd)


class _Heard(NamedTuple):
    """What a place answered, and when."""

    workload: Workload
    result: Result | None
    why: str
    begun: float
    ended: float
