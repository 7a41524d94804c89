"""Given tests and packs become tasks for the judge, and what it saw becomes verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import File, Order, Result, Runtime, Status
from headgate.sandbox.verdict.model import Ending
from headgate.sandbox.verdict.model import Verdict as Judged
from headgate.validate.given import Given, Trial, trials, unjudged, verdicts
from headgate.validate.kept import Kept
from headgate.validate.pack import load
from headgate.validate.problem import State
from headgate.validate.project import Project, Source

PACK = load("csv-parser", Path())


def project(data: bytes = b"def parse_csv(text): ...\n") -> Project:
    return Project(Path("/p"), Path("/p"), ".py", (Source("a.py", "a.py", data, ".py"),))


@pytest.fixture(autouse=True)
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "look", lambda name: Runtime(name, "3", "python"))


def test_a_pack_is_a_trial_of_each_file() -> None:
    made, told = trials([project()], Given(packs=(PACK,)), Kept(None))
    assert [(it.check, it.paths) for it in made] == [("pack csv-parser", ("a.py",))]
    assert told == []


def test_code_without_the_function_fails_without_being_run() -> None:
    made, (verdict,) = trials([project(b"x = 1\n")], Given(packs=(PACK,)), Kept(None))
    assert made == []
    assert verdict.state is State.FAILED
    assert "parse_csv" in verdict.problems[0].message


def test_tests_are_about_the_files_that_are_no_tests_themselves() -> None:
    given = Source("test_a.py", "test_a.py", b"def test_it(): ...\n", ".py")
    own = project()._replace(sources=(*project().sources, given))
    (trial,), _ = trials([own], Given((given,)), Kept(None))
    assert (trial.check, trial.paths) == ("tests", ("a.py",))


def test_where_nothing_can_be_judged_nothing_is_known_of_the_code() -> None:
    (trial,), _ = trials([project()], Given(packs=(PACK,)), Kept(None))
    (verdict,) = unjudged(trial, "no namespaces here", "sysctl it")
    assert (verdict.state, verdict.remedy) == (State.BROKEN, "sysctl it")


def test_a_language_that_is_missing_is_skipped_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "look", lambda name: Missing("no Python", "install it"))
    _, (verdict,) = trials([project()], Given(packs=(PACK,)), Kept(None))
    assert (verdict.state, verdict.remedy) == (State.SKIPPED, "install it")


@pytest.mark.parametrize(
    ("ending", "status", "state", "rule"),
    [
        (Ending.PASSED, Status.OK, State.PASSED, ""),
        (Ending.FAILED, Status.ERROR, State.FAILED, "failed"),
        (Ending.NO_CHECKS, Status.OK, State.FAILED, "no_checks"),
        (Ending.LIMIT, Status.WALL, State.FAILED, "wall_limit"),
        (Ending.UNTESTABLE, Status.ERROR, State.BROKEN, ""),
        (Ending.BROKEN, Status.BROKEN, State.BROKEN, ""),
    ],
)
def test_what_the_judge_saw_decides(
    ending: Ending, status: Status, state: State, rule: str
) -> None:
    def read(result: Result) -> Judged:
        passed = ending is Ending.PASSED
        return Judged(passed=passed, status=status, ending=ending, suspicion=())

    order = Order(Runtime("python", "3", "python"), (), (File("a.py", b""),))
    kept = Kept(None)
    trial = Trial("tests", ("a.py",), order, read, "k")
    (verdict,) = verdicts(trial, Result(status=status), kept)
    assert verdict.state is state
    assert [it.rule for it in verdict.problems] == ([rule] if rule else [])
    assert (kept.find("k:0", "a.py", "tests") is not None) == (state is not State.BROKEN)


def test_without_pytest_nothing_is_known_of_the_code() -> None:
    said = "ModuleNotFoundError: No module named 'pytest'"

    def read(result: Result) -> Judged:
        return Judged(
            passed=False,
            status=Status.ERROR,
            ending=Ending.FAILED,
            first_failure=said,
            suspicion=(),
        )

    order = Order(Runtime("python", "3", "python"), ())
    trial = Trial("tests", ("a.py",), order, read, "k")
    (verdict,) = verdicts(trial, Result(status=Status.ERROR), Kept(None))
    assert (verdict.state, "pip install pytest" in verdict.remedy) == (State.BROKEN, True)
