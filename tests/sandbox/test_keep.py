"""The same job has the same result; what might come out otherwise is run again."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.keep import LASTING, Keep, key_of, may_keep
from headgate.sandbox.model import Artefact, File, Job, Limits, Refused, Result, Status

JOB = Job("python", "print(1)", files=(File("a.csv", b"x"),))


class Run:
    """A run that counts, and may be held up."""

    def __init__(self, status: Status = Status.OK, text: str = "1\n") -> None:
        self.count, self.status, self.text = 0, status, text
        self.let = asyncio.Event()
        self.let.set()

    async def __call__(self) -> Result:
        self.count += 1
        await self.let.wait()
        return Result(status=self.status, stdout=self.text, execution_ms=5.0)


async def test_a_result_is_given_again_and_says_so() -> None:
    keep, run = Keep(8, 1 << 20), Run()
    first = await keep.result(b"k", run)
    again = await keep.result(b"k", run)
    assert (first.cached, again.cached, run.count) == (False, True, 1)
    assert (again.stdout, again.execution_ms) == (first.stdout, 0.0)


@pytest.mark.parametrize("status", sorted(set(Status) - LASTING))
async def test_what_a_limit_a_signal_or_a_fault_of_ours_ended_is_run_again(
    status: Status,
) -> None:
    keep, run = Keep(8, 1 << 20), Run(status)
    for _ in range(2):
        assert not (await keep.result(b"k", run)).cached
    assert run.count == 2


async def test_the_same_job_asked_for_by_several_at_once_is_run_once() -> None:
    keep, run = Keep(8, 1 << 20), Run()
    run.let.clear()
    asked = [asyncio.ensure_future(keep.result(b"k", run)) for _ in range(5)]
    await asyncio.sleep(0)
    run.let.set()
    results = await asyncio.gather(*asked)
    assert (run.count, keep.joins) == (1, 4)
    assert sorted(it.cached for it in results) == [False, True, True, True, True]


async def test_when_the_first_asker_gives_up_another_one_runs_it() -> None:
    keep, run = Keep(8, 1 << 20), Run()
    run.let.clear()
    first, *others = [asyncio.ensure_future(keep.result(b"k", run)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    run.let.set()
    results = await asyncio.gather(*others)
    assert run.count == 2
    assert all(it.status == Status.OK for it in results)
    assert first.cancelled()


async def test_those_who_waited_for_a_run_that_a_limit_ended_run_it_themselves() -> None:
    keep, run = Keep(8, 1 << 20), Run(Status.WALL)
    run.let.clear()
    asked = [asyncio.ensure_future(keep.result(b"k", run)) for _ in range(3)]
    await asyncio.sleep(0)
    run.let.set()
    assert [it.cached for it in await asyncio.gather(*asked)] == [False] * 3
    assert run.count == 3


async def test_a_refusal_is_everybodys_own() -> None:
    keep = Keep(8, 1 << 20)

    async def refuse() -> Result:
        await asyncio.sleep(0)
        raise Refused("busy", kind="busy")

    asked = [asyncio.ensure_future(keep.result(b"k", refuse)) for _ in range(3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(it) for it in found] == [Refused] * 3


async def test_the_one_not_asked_for_longest_goes_first() -> None:
    keep, run = Keep(2, 1 << 20), Run()
    for key in (b"a", b"b", b"a", b"c"):
        await keep.result(key, run)
    assert (await keep.result(b"a", run)).cached
    assert not (await keep.result(b"b", run)).cached


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4000)), max_size=30))
def test_what_is_kept_never_takes_more_than_it_may(asked: list[tuple[int, int]]) -> None:
    async def story() -> None:
        keep = Keep(5, 40_000)
        for key, size in asked:
            made = Artefact("a", size, "", "", b"x" * size)

            async def run(made: Artefact = made) -> Result:
                return Result(status=Status.OK, artefacts=(made,))

            await keep.result(bytes([key]), run)
            assert keep.held_bytes <= 40_000
            assert len(keep) <= 5

    asyncio.run(story())


async def test_no_entries_keep_nothing() -> None:
    keep, run = Keep(0, 1 << 20), Run()
    await keep.result(b"k", run)
    assert len(keep) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"language": "javascript"},
        {"code": "print(2)"},
        {"files": (File("a.csv", b"y"),)},
        {"files": (File("b.csv", b"x"),)},
        {"files": (File("a.csv", b"x", executable=True),)},
        {"files": (File("a.csv", b""), File("x", b""))},
        {"args": ("1",)},
        {"stdin": b"1"},
        {"limits": Limits(wall_s=1)},
        {"tenant": "other"},
        {"packages": ("numpy",)},
        {"env": (("A", "1"),)},
    ],
)
def test_any_difference_of_the_job_makes_another_key(change: dict[str, object]) -> None:
    other = msgspec.structs.replace(JOB, **change)
    assert key_of(other, "3.11") != key_of(JOB, "3.11")


def test_another_version_or_containment_makes_another_key() -> None:
    assert key_of(JOB, "3.11", "namespaces") == key_of(JOB, "3.11", "namespaces")
    assert key_of(JOB, "3.12", "namespaces") != key_of(JOB, "3.11", "namespaces")
    assert key_of(JOB, "3.11", "landlock") != key_of(JOB, "3.11", "namespaces")


def test_sessions_opted_out_jobs_and_those_that_depend_on_more_are_not_kept() -> None:
    assert may_keep(JOB)
    assert not may_keep(msgspec.structs.replace(JOB, session="s"))
    assert not may_keep(msgspec.structs.replace(JOB, cached=False))
    assert not may_keep(msgspec.structs.replace(JOB, depends_on=("time",)))
