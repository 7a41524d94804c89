"""Answers are graded by what the sandbox saw, whatever they say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headgate.bench import judging
from headgate.bench.grade import Grade
from headgate.bench.judging import Carry, grade, trial
from headgate.bench.proof import prove
from headgate.bench.reading.dataset import read
from headgate.sandbox.model import (
    Database,
    File,
    Order,
    Result,
    Runtime,
    Status,
    Unavailable,
)
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.sandbox.verdict.model import Ending, Verdict
from tests.bench.samples import RIGHT, WRONG, doubling

EXAMPLES = Path(__file__).parent / "postgresql"


@pytest.fixture
async def carry() -> AsyncIterator[Carry]:
    async with Sandbox(Settings(spares=0)) as sandbox:

        async def carried(order: Order) -> Result:
            return await sandbox.carry_out(order)

        yield carried


async def test_each_way_to_fail_has_its_grade(carry: Carry) -> None:
    task = doubling(timeout_s=4.0, memory_mb=200)
    answers = {
        RIGHT: Grade.PASS,
        WRONG: Grade.WRONG,
        "def double(n:\n": Grade.SYNTAX,
        "": Grade.NO_CODE,
        "def double(n):\n    while True: pass\n": Grade.TIMEOUT,
        "def double(n):\n    return len([bytes(1 << 20) for _ in range(4000)])\n": Grade.MEMORY,
        "import os\nos._exit(0)\n": Grade.WRONG,
        "print('2 passed')\nraise SystemExit(0)\n": Grade.WRONG,
    }
    found = {code: (await grade(task, code, carry)).grade for code in answers}
    assert found == answers


@pytest.mark.slow
@pytest.mark.parametrize("style", ["pytest", "unittest", "asserts"])
async def test_each_test_has_its_own_time_and_one_that_takes_longer_is_a_timeout(
    carry: Carry, style: str
) -> None:
    """Three waits of 0.5 s pass where 1 s is for each test; a longer one does not."""
    words = {
        "pytest": "def test_{n}():\n    assert double({n}) == 2 * {n}\n",
        "unittest": (
            "import unittest\nclass Test{n}(unittest.TestCase):\n"
            "    def test_it(self):\n        self.assertEqual(double({n}), 2 * {n})\n"
        ),
        "asserts": "def test_{n}():\n    assert double({n}) == 2 * {n}\n",
    }[style]
    text = "".join(words.format(n=n) for n in range(3))
    head = "" if style == "asserts" else "from solution import double\n"
    tests = (File("test_solution.py", (head + text).encode()),)
    how = "asserts" if style == "asserts" else "runner"
    task = doubling(style=how, tests=tests, timeout_s=1.0)
    patient = trial(task, "x").limits
    assert patient.wall_s == pytest.approx(3.0)
    slow = "import time\ndef double(n):\n    time.sleep({})\n    return 2 * n\n"
    assert (await grade(task, slow.format(0.5), carry)).grade is Grade.PASS
    found = await grade(task, slow.format("60 if n else 0"), carry)
    assert found.grade is Grade.TIMEOUT
    assert "took longer than 1 s" in found.why


@pytest.mark.parametrize(
    ("language", "words", "reference", "grade"),
    [
        ("go", "solution_test.go:3:4: undefined: double", "ref", Grade.COMPILE),
        ("rust", "error[E0308]: mismatched types", "ref", Grade.COMPILE),
        ("rust", "a closure that the code keeps cannot cross", "ref", Grade.WRONG),
        ("python", "Sub derives from a class of the code and another", "ref", Grade.WRONG),
        ("python", "the tests cannot be read", "", Grade.WRONG),
    ],
)
async def test_tests_that_hold_for_the_reference_and_do_not_fit_an_answer_are_its_fault(
    language: str, words: str, reference: str, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Verdict(
        passed=False, first_failure=words, status=Status.OK, ending=Ending.UNTESTABLE
    )
    order = Order(Runtime(language, "1", "program"), ())
    monkeypatch.setattr(judging, "_planned", lambda task, code: (order, lambda result: verdict))

    async def nothing(order: Order) -> Result:
        return Result(status=Status.OK)

    found = await judging.grade(
        doubling(language=language, reference=reference), "an answer", nothing
    )
    assert found.grade is grade
    assert ("or are at fault" in found.why) == (not reference)
    assert words in found.why


async def test_tests_that_return_are_called_and_only_true_counts(carry: Carry) -> None:
    text = (
        "def test_a():\n    return double(2) == 4\n\n"
        "def test_b():\n    print('True')\n    return {}\n"
    )
    for said, wanted in (("True", Grade.PASS), ("1", Grade.WRONG), ("None", Grade.WRONG)):
        task = doubling(style="returns", tests=(_file(text.format(said)),))
        assert (await grade(task, RIGHT, carry)).grade is wanted, said


def _file(text: str) -> File:
    return File("tests.py", text.encode())


async def test_a_sandbox_that_fails_is_asked_twice_and_never_blamed_on_the_answer() -> None:
    orders: list[Order] = []

    async def broken(order: Order) -> Result:
        orders.append(order)
        return Result(status=Status.BROKEN)

    assert (await grade(doubling(), RIGHT, broken)).grade is Grade.INFRASTRUCTURE
    assert len(orders) == 2


def test_an_answer_that_goes_on_stands_behind_what_it_goes_on_from() -> None:
    task = doubling(lead="def double(n):\n", entry="double", style="asserts")
    assert trial(task, "    return 2 * n\n").candidate[0].data.decode() == RIGHT
    assert trial(task, RIGHT).candidate[0].data.decode() == RIGHT


def test_packages_are_there_before_anything_is_asked_or_the_task_is_told() -> None:
    fitting = doubling(packages=("sqlite3",))
    assert judging.runtime_of(fitting).version.endswith(", sqlite3")
    with pytest.raises(Unavailable, match="no_such_thing"):
        judging.fit(doubling(packages=("no_such_thing",)))


async def test_a_database_that_fails_is_no_fault_of_an_answer() -> None:
    async def lost(order: Order) -> Result:
        raise Unavailable("the database server fails", "try again")

    with pytest.raises(Unavailable):
        await grade(doubling(), RIGHT, lost)
    words = "SELECT 1"
    asked = judging.trial(doubling(database="postgresql", setup_sql=words), RIGHT)
    assert asked.database == Database(setup_sql=words)


@pytest.mark.slow
async def test_an_answer_and_its_tests_share_a_database_that_no_other_answer_sees(
    lends: None, carry: Carry
) -> None:
    """Each example is right only on tables that nobody has touched before."""
    (task,) = (await asyncio.to_thread(read, EXAMPLES / "newer_wins.toml")).tasks
    answers = [task.reference, task.mutants[0].code, task.reference]
    found = await asyncio.gather(*(grade(task, it, carry) for it in answers))
    assert [it.grade for it in found] == [Grade.PASS, Grade.WRONG, Grade.PASS], found


@pytest.mark.soak
@pytest.mark.parametrize("name", ["keyset_pages", "newer_wins", "transfer"])
async def test_each_example_with_a_database_holds(lends: None, carry: Carry, name: str) -> None:
    (task,) = (await asyncio.to_thread(read, EXAMPLES / f"{name}.toml")).tasks
    proof = await prove(task, lambda task, code: grade(task, code, carry))
    assert not proof.wrong
