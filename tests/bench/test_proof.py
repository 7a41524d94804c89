"""A task is trusted once its own code has shown that its tests can tell right from wrong."""

from __future__ import annotations

import pytest

from headgate.bench.grade import Grade, Graded
from headgate.bench.pace import BUSY
from headgate.bench.proof import EMPTY, ENDS, HOLLOW, Proof, empty, prove, rejected, unproved
from headgate.bench.task import SOLUTIONS, Task
from headgate.sandbox.model import File
from tests.bench.grading import proved
from tests.bench.samples import WRONG, doubling


@pytest.mark.slow
def test_a_good_task_holds_and_bad_ones_are_told() -> None:
    good = proved(doubling())
    assert [it.what for it in good.tried] == ["reference", "empty", "it adds one"]
    assert good.wrong == ()
    assert rejected(good) is None
    bad = proved(doubling(reference=WRONG))
    assert [it.what for it in bad.wrong] == ["reference"]
    told = rejected(bad)
    assert told is not None
    assert told.why.startswith("its reference is graded wrong: ")
    blind = proved(doubling(tests=(BLIND,)))
    assert [it.what for it in blind.wrong] == ["empty", "it adds one"]
    told = rejected(blind)
    assert told is not None
    assert told.why == "its tests pass an answer that does nothing"


@pytest.mark.slow
def test_tests_that_call_and_never_look_pass_a_function_that_does_nothing() -> None:
    careless = b"from solution import double\n\ndef test_it():\n    double(2)\n    assert 1\n"
    proof = proved(doubling(tests=(File("test_solution.py", careless),), mutants=()))
    assert [it.what for it in proof.wrong] == ["empty"]


BLIND = File("test_solution.py", b"def test_nothing():\n    assert 1 + 1 == 2\n")


@pytest.mark.slow
def test_tests_that_do_not_compile_are_named() -> None:
    proof = proved(doubling(tests=(File("test_solution.py", b"def test_(:\n"),), mutants=()))
    told = rejected(proof)
    assert told is not None
    assert "SyntaxError" in told.why


async def test_a_sandbox_that_fails_proves_nothing() -> None:
    async def broken(task: Task, code: str) -> Graded:
        return Graded(grade=Grade.INFRASTRUCTURE)

    proof = await prove(doubling(), broken)
    assert proof.is_unproved
    assert len(proof.wrong) == 3
    assert rejected(proof) is None


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        (f"{BUSY} (4 times slower than alone): it took longer", "less runs beside it"),
        ("PostgreSQL is not installed", "headgate doctor"),
    ],
)
async def test_what_could_not_be_tried_is_told_with_what_helps(why: str, remedy: str) -> None:
    async def ours(task: Task, code: str) -> Graded:
        is_first = code == task.reference
        return Graded(grade=Grade.PASS if is_first else Grade.INFRASTRUCTURE, why=why)

    told = unproved(await prove(doubling(), ours))
    assert told is not None
    assert told.why == f"it could not be judged here: {why}"
    assert remedy in told.remedy
    assert unproved(Proof("it", ())) is None


async def test_before_a_run_mutants_are_not_tried() -> None:
    tried: list[str] = []

    async def judge(task: Task, code: str) -> Graded:
        tried.append(code)
        return Graded(grade=Grade.PASS)

    await prove(doubling(), judge, wholly=False)
    assert tried == [doubling().reference, empty(doubling())]


def test_an_answer_that_does_nothing_has_the_names_that_tests_ask_for() -> None:
    assert empty(doubling()) == "def double(*args, **named):\n    pass\n"
    assert empty(doubling(lead="def double(n):\n")) == "    pass\n"
    assert empty(doubling(language="go", tests=())) == "package solution\n"
    assert EMPTY.keys() == ENDS.keys() == SOLUTIONS.keys()
    assert HOLLOW.keys() < EMPTY.keys()
