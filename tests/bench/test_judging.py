"""Answers are graded by what the sandbox saw, whatever they say of themselves."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from headgate.bench import judging
from headgate.bench.bounds import MOST_S, START_S
from headgate.bench.grade import Grade, Graded
from headgate.bench.judging import Carry, grade, trial
from headgate.bench.pace import MOST, allowed
from headgate.bench.proof import prove, rejected
from headgate.bench.reading.dataset import read
from headgate.bench.task import Style, Task
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
from headgate.sandbox.settings import CORES, Settings
from headgate.sandbox.verdict.model import Ending, Verdict
from headgate.sandbox.verdict.sealed import Reader
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


UNREAD = {
    "a NUL": "def double(n):\n    return 2 * n\0\n",
    "ten thousand parentheses": f"def double(n): return {'(' * 10_000}2 * n{')' * 10_000}\n",
    "a tower of minus": f"def double(n):\n    return {'-' * 20_000}n\n",
    "an endless sum": f"def double(n):\n    return {'+'.join(['n'] * 20_000)}\n",
    "half a character": RIGHT + "x = '\ud800'\n",
    "a mark in the middle": "x = 1\n\ufeff" + RIGHT,
    "tabs and spaces": "def double(n):\n    if n:\n\treturn 2 * n\n    return 0\n",
    "an unknown encoding": "# coding: no-such\n" + RIGHT,
    "a name bound to nothing": RIGHT + "def f():\n    nonlocal z\n",
}
READ = {
    "a mark in front": "\ufeff" + RIGHT,
    "ends of lines": RIGHT.replace("\n", "\r\n"),
    "old ends of lines": RIGHT.replace("\n", "\r"),
    "form feeds": "\f" + RIGHT.replace("    ", "\f    "),
    "tabs": RIGHT.replace("    ", "\t"),
    "another encoding": "# coding: latin-1\n" + RIGHT,
}
RAISED = {
    "its own": "raise SyntaxError('no number')\n",
    "of text it reads": "compile('(', 'x', 'exec')\n",
    "of no end": "def f(): f()\nf()\n",
    "later": "def double(n):\n    return eval('(' * 10_000)\n",
}


@pytest.mark.slow
@pytest.mark.parametrize("style", ["runner", "asserts"])
async def test_what_python_cannot_read_is_a_syntax_error_and_nothing_else_is(
    carry: Carry, style: Style
) -> None:
    head = "" if style == "asserts" else "from solution import double\n"
    text = f"{head}def test_a():\n    assert double(2) == 4\n"
    task = doubling(tests=(File("test_solution.py", text.encode()),), style=style)
    kinds = ((UNREAD, Grade.SYNTAX), (READ, Grade.PASS), (RAISED, Grade.WRONG))
    wanted = {code: it for answers, it in kinds for code in answers.values()}
    found = await asyncio.gather(*(grade(task, code, carry) for code in wanted))
    assert [it.grade for it in found] == list(wanted.values()), found


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
    assert patient.wall_s == pytest.approx(3.0 + START_S)
    slow = "import time\ndef double(n):\n    time.sleep({})\n    return 2 * n\n"
    assert (await grade(task, slow.format(0.5), carry)).grade is Grade.PASS
    found = await grade(task, slow.format("60 if n else 0"), carry)
    assert found.grade is Grade.TIMEOUT
    assert "took longer than 1 s" in found.why


@pytest.mark.soak
@pytest.mark.parametrize("style", ["runner", "asserts", "returns"])
@pytest.mark.parametrize("answer", [RIGHT, WRONG])
async def test_ten_thousand_tests_end_in_time(carry: Carry, style: Style, answer: str) -> None:
    says = "return" if style == "returns" else "assert"
    text = "from solution import double\n" if style == "runner" else ""
    text += "".join(
        f"def test_{n}():\n    {says} double({n}) == {2 * n}\n" for n in range(10_000)
    )
    task = doubling(style=style, tests=(File("test_solution.py", text.encode()),))
    begun = time.process_time()
    found = await grade(task, answer, carry)
    assert time.process_time() - begun < 5.0  # of ours; the judge has the task's own limit
    assert found.grade is (Grade.PASS if answer == RIGHT else Grade.WRONG), found


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
    monkeypatch.setattr(judging, "_planned", lambda *_: (order, lambda result: verdict))

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


@pytest.mark.slow
async def test_what_a_database_refuses_is_met_by_its_class(lends: None, carry: Carry) -> None:
    code = "import psycopg\ndef add(name):\n    with psycopg.connect() as link:\n"
    code += "        link.execute('INSERT INTO people VALUES (%s)', (name,))\n"
    tests = b"""import psycopg, pytest
from solution import add

def test_a_name_is_taken_once():
    add("a")
    with pytest.raises(psycopg.errors.UniqueViolation) as told:
        add("a")
    assert (told.value.sqlstate, told.value.diag.constraint_name) == ("23505", "people_pkey")
    with pytest.raises(psycopg.Error):
        add(None)
"""
    words = "CREATE TABLE people (name text PRIMARY KEY)"
    given = File("test_solution.py", tests)
    task = doubling(database="postgresql", setup_sql=words, tests=(given,), reference="")
    assert (await grade(task, code, carry)).grade is Grade.PASS
    kept = code.replace("VALUES (%s)", "VALUES (%s) ON CONFLICT DO NOTHING")
    assert (await grade(task, kept, carry)).grade is Grade.WRONG


@pytest.mark.soak
@pytest.mark.parametrize("name", ["keyset_pages", "newer_wins", "transfer"])
async def test_each_example_with_a_database_holds(lends: None, carry: Carry, name: str) -> None:
    (task,) = (await asyncio.to_thread(read, EXAMPLES / f"{name}.toml")).tasks
    proof = await prove(task, lambda task, code: grade(task, code, carry))
    assert not proof.wrong


SLOW = Verdict(
    passed=False, first_failure="it took longer", status=Status.OK, ending=Ending.SLOW
)
WALL = Verdict(passed=False, first_failure="wall", status=Status.WALL, ending=Ending.LIMIT)
PASSED = Verdict(passed=True, checks_seen=1, status=Status.OK, ending=Ending.PASSED)
BUSY = 4.0
"""times slower than by itself"""


class Machine:
    """One that is as slow as it says, and ends judgings as it is told to."""

    def __init__(self, paces: Sequence[float], ends: Sequence[Verdict], cpu_s: float = 0.0):
        self.orders: list[Order] = []
        self.tests_s: list[float] = []
        self.asked = 0
        self._paces, self._ends, self._cpu_s = list(paces), list(ends), cpu_s

    def pace(self) -> float:
        self.asked += 1
        return self._paces.pop(0)

    async def carry(self, order: Order) -> Result:
        self.orders.append(order)
        self.tests_s.append(msgspec.json.decode(order.stdin)["test_s"])
        return Result(status=Status.OK, cpu_ms=self._cpu_s * 1000)

    async def graded(self, monkeypatch: pytest.MonkeyPatch) -> Graded:
        real = judging._planned

        def planned(task: Task, code: str, times: float) -> tuple[Order, Reader]:
            return real(task, code, times)[0], lambda _: self._ends.pop(0)

        monkeypatch.setattr(judging, "_planned", planned)
        return await grade(doubling(timeout_s=5.0), RIGHT, self.carry, self.pace)


async def test_the_pace_is_asked_for_only_where_time_ran_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine([], [PASSED])
    assert (await machine.graded(monkeypatch)).grade is Grade.PASS
    assert (machine.asked, len(machine.orders)) == (0, 1)


@pytest.mark.parametrize("end", [SLOW, WALL])
async def test_a_timeout_stands_on_a_machine_that_keeps_pace(
    end: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine([1.1], [end])
    assert (await machine.graded(monkeypatch)).grade is Grade.TIMEOUT
    assert len(machine.orders) == 1


@pytest.mark.parametrize("end", [SLOW, WALL])
async def test_an_answer_that_needs_more_time_on_a_busy_machine_gets_it(
    end: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine([BUSY], [end, PASSED])
    assert (await machine.graded(monkeypatch)).grade is Grade.PASS
    first, second = (it.limits for it in machine.orders)
    assert second.wall_s == allowed(BUSY) * first.wall_s
    assert machine.tests_s == [5.0, 5.0 * allowed(BUSY)]


async def test_more_time_by_the_clock_is_no_more_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine([BUSY], [SLOW, PASSED], cpu_s=20.0)
    assert (await machine.graded(monkeypatch)).grade is Grade.TIMEOUT


@pytest.mark.parametrize("end", [SLOW, WALL])
async def test_who_sleeps_for_as_long_as_the_machine_is_slow_is_out_of_time(
    end: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine([BUSY, BUSY], [end, end])
    found = await machine.graded(monkeypatch)
    assert found.grade is Grade.TIMEOUT
    assert found.why.startswith(f"{end.first_failure}; no better with 6.0 times the time")


async def test_where_a_machine_becomes_slower_meanwhile_there_is_one_more_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine([2.0, BUSY, 3.0], [SLOW, SLOW, SLOW])
    found = await machine.graded(monkeypatch)
    assert found.grade is Grade.TIMEOUT
    assert machine.tests_s == [5.0, 5.0 * allowed(2.0), 5.0 * allowed(BUSY)]


@pytest.mark.parametrize("paces", [[BUSY, 30.0, 2.0], [30.0, 30.0]])
async def test_on_a_machine_too_busy_to_tell_the_answer_is_not_blamed_unless_it_used_its_time(
    paces: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = Machine(paces, [SLOW] * 3, cpu_s=1.0)
    found = await idle.graded(monkeypatch)
    assert found.grade is Grade.INFRASTRUCTURE
    assert "too busy to tell (30 times slower" in found.why
    endless = Machine(paces, [SLOW] * 2, cpu_s=6.0)
    assert (await endless.graded(monkeypatch)).grade is Grade.TIMEOUT


async def test_a_machine_too_busy_to_tell_proves_nothing_against_a_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine([30.0, 30.0], [SLOW, SLOW])
    told = await machine.graded(monkeypatch)

    async def judge(task: Task, code: str) -> Graded:
        return told if code == RIGHT else Graded(grade=Grade.WRONG)

    proof = await prove(doubling(), judge)
    assert proof.is_unproved
    assert rejected(proof) is None


async def test_a_limit_of_cpu_seconds_is_the_same_on_every_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = msgspec.structs.replace(WALL, status=Status.CPU)
    machine = Machine([], [end])
    assert (await machine.graded(monkeypatch)).grade is Grade.TIMEOUT
    assert machine.asked == 0


async def test_no_judging_is_stretched_beyond_what_the_sandbox_allows() -> None:
    task = doubling(timeout_s=60.0)
    order, _ = judging._planned(task, RIGHT, 8.0)
    Settings().check(order.limits)
    assert order.limits.wall_s == MOST_S


BURNING = "while True: pass"


@pytest.mark.soak
async def test_beside_programs_that_take_all_cores_a_quick_answer_passes_and_loops_end(
    carry: Carry,
) -> None:
    """Each core has six programs that never rest: an answer of 0.35 CPU seconds takes longer
    than the second it has."""
    work = "import time\ndef double(n):\n    until = time.process_time() + {}\n"
    work += "    while time.process_time() < until: pass\n    return 2 * n\n"
    task = doubling(timeout_s=1.0)
    burning = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", BURNING)
        for _ in range(6 * CORES)
    ]
    try:
        begun = time.monotonic()
        quick = await grade(task, work.format(0.35), carry)
        endless = await grade(task, work.format(600), carry)
        took = time.monotonic() - begun
    finally:
        for it in burning:
            it.kill()
            await it.wait()
    assert quick.grade in (Grade.PASS, Grade.INFRASTRUCTURE), quick
    assert endless.grade in (Grade.TIMEOUT, Grade.INFRASTRUCTURE), endless
    assert took < 4 * (task.timeout_s + START_S) * MOST
