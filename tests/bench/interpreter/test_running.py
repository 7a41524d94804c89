"""Workloads are run cold, warm and several at once; a place that fails later is counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from headgate.bench.interpreter.execution import Execution, Run
from headgate.bench.interpreter.running import Bench, Done, NotThere, Plan, job_of, mixed
from headgate.sandbox.model import Job, Refused, Result, Status, Unavailable
from tests.bench.interpreters import PRICE_NUSD, place, right, workload

THREE = [workload(f"algorithms/{it}") for it in "abc"]


async def ran(plan: Plan, *places: object) -> Done:
    seen: list[Execution] = []
    done = await Bench(plan, lambda it, _: seen.append(it)).run(places)  # type: ignore[arg-type]
    assert seen == done.executions
    return done


async def test_each_is_run_cold_then_warm_then_at_each_level() -> None:
    done = await ran(Plan(THREE, cold=2, warm=1, levels=(1, 3)), place())
    order = [(it.how, it.at_once) for it in done.executions]
    assert (
        order == [("cold", 1)] * 6 + [("warm", 1)] * 3 + [("sweep", 1)] * 3 + [("sweep", 3)] * 6
    )
    assert all(it.is_right for it in done.executions)
    assert done.ready_nusd == {"here": 5 * PRICE_NUSD}


async def test_so_many_and_no_more_are_at_work_at_once() -> None:
    most = now = 0

    async def run(job: Job) -> Result:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return right(job)

    @contextlib.asynccontextmanager
    async def many() -> AsyncIterator[Run]:
        yield run

    them = [workload(f"algorithms/{it}") for it in range(12)]
    await ran(Plan(them, 1, 0, (4,)), place()._replace(many=many))
    assert most == 4


async def test_a_wrong_answer_and_a_limit_are_failures_with_a_reason() -> None:
    def answer(job: Job) -> Result:
        if job.code.endswith("a"):
            return Result(status=Status.OK, stdout="x = 41")
        return Result(status=Status.MEMORY) if job.code.endswith("b") else right(job)

    done = await ran(Plan(THREE, 1, 0, ()), place(answer))
    assert [it.is_right for it in done.executions] == [False, False, True]
    assert [it.why for it in done.executions] == ["x is 41.0, not 42", "memory_limit", ""]


async def test_where_no_code_was_run_nothing_is_judged() -> None:
    def answer(job: Job) -> Result:
        return Result(status=Status.OK, version="simulated", stdout="x = 42")

    (only,) = (await ran(Plan(THREE[:1], 1, 0, ()), place(answer))).executions
    assert (only.is_judged, only.is_right, only.why) == (False, False, "no code was run")


async def test_a_place_that_never_answers_ends_it_with_the_remedy() -> None:
    def answer(job: Job) -> Result:
        raise Refused("openai has no key", "set OPENAI_API_KEY")

    with pytest.raises(NotThere) as error:
        await ran(Plan(THREE, 1, 0, ()), place(answer, "openai"))
    assert error.value.what == "openai: openai has no key"
    assert error.value.remedy == "set OPENAI_API_KEY"


async def test_a_place_that_fails_later_is_counted_as_having_failed() -> None:
    def answer(job: Job) -> Result:
        if job.code.endswith("b"):
            raise Unavailable("overloaded", "wait")
        return right(job)

    done = await ran(Plan(THREE, 1, 1, (2,)), place(answer))
    failed = [it for it in done.executions if it.status == "unavailable"]
    assert [it.how for it in failed] == ["cold", "warm", "sweep", "sweep"]
    assert all(it.is_judged and not it.is_right and it.why == "overloaded" for it in failed)


async def test_no_run_begins_that_would_exceed_the_cap() -> None:
    done = await ran(Plan(THREE, 2, 0, (), cap_nusd=4 * PRICE_NUSD), place())
    assert len(done.executions) == 4
    assert done.is_capped


def test_a_job_is_never_answered_from_what_is_kept() -> None:
    assert not job_of(workload()).cached


def test_families_take_turns() -> None:
    them = [workload(it) for it in ("a/1", "a/2", "a/3", "b/1")]
    assert [it.id for it in mixed(them)] == ["a/1", "b/1", "a/2", "a/3"]


async def test_a_level_has_two_runs_at_least_for_each_that_is_at_work_at_once() -> None:
    plan = Plan(THREE, cold=1, warm=0, levels=(1, 4, 32))
    done = await ran(plan, place())
    runs = Counter(it.at_once for it in done.executions if it.how == "sweep")
    assert runs == {1: 3, 4: 9, 32: 66}
    assert len(done.executions) == plan.runs
