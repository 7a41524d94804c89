"""What the sandbox answered becomes verdicts; what went wrong beside the code is apart."""

from __future__ import annotations

from headgate.sandbox.model import Ended, Order, Result, Runtime, Status
from headgate.validate.check import Found
from headgate.validate.checks.mypy import CHECK as MYPY
from headgate.validate.checks.python_syntax import CHECK as SYNTAX
from headgate.validate.checks.ruff import CHECK as RUFF
from headgate.validate.planning import Chosen, Errand, Part
from headgate.validate.problem import State, Verdict
from headgate.validate.project import Source
from headgate.validate.reply import gated, verdicts

SOURCES = tuple(Source(f"src/{name}", name, b"", ".py") for name in ("a.py", "b.py"))
WRONG = '[["a.py", 1, 2, 1, 3, "invalid syntax", "SyntaxError"]]'


def told(*ended: Ended, status: Status = Status.OK) -> list[Verdict]:
    parts = tuple(
        Part(Chosen(check, Found("x")), SOURCES, f"{check.name}.0")
        for check in (SYNTAX, RUFF, MYPY)
    )
    order = Order(Runtime("x", "1", "python"), ())
    return verdicts(
        Errand(order, parts, {it.name: it.path for it in SOURCES}),
        Result(status=status, steps=ended, hint="a hint"),
    )


def states(verdicts: list[Verdict]) -> dict[str, str]:
    return {f"{it.check} {it.path}": it.state.value for it in verdicts}


def test_each_file_gets_its_own_problems_by_the_name_that_the_user_knows() -> None:
    made = told(
        Ended("python-syntax.0", 0, stdout=WRONG),
        Ended("ruff.0", 0, stdout="[]"),
        Ended("mypy.0", 0),
    )
    assert states(made)["python-syntax src/a.py"] == "failed"
    assert states(made)["python-syntax src/b.py"] == "passed"
    assert [it.path for v in made for it in v.problems] == ["src/a.py"]


def test_a_crash_a_limit_and_strange_words_are_broken() -> None:
    made = told(
        Ended("python-syntax.0", 139, stdout=""),
        Ended("ruff.0", 0, stdout="panicked"),
        status=Status.MEMORY,
    )
    assert set(states(made).values()) == {"broken"}
    assert {it.note for it in made if it.check == "mypy"} == {"mypy ran into the memory limit"}


def test_a_sandbox_that_failed_breaks_all_of_it() -> None:
    assert {it.state for it in told(status=Status.BROKEN)} == {State.BROKEN}


def test_what_a_tool_did_not_look_at_is_neither_passed_nor_failed() -> None:
    line = '{"file": "a.py", "line": 1, "message": "invalid", "code": "syntax"}'
    ended = Ended("python-syntax.0", 0, stdout="[]"), Ended("mypy.0", 2, stdout=line)
    made = [it for it in told(*ended, Ended("ruff.0", 0, stdout="[]")) if it.check == "mypy"]
    assert states(made) == {"mypy src/a.py": "failed", "mypy src/b.py": "skipped"}
    assert made[1].note == "mypy went no further than src/a.py"


def test_wrong_syntax_silences_the_other_checks_of_that_file_alone() -> None:
    made = gated(
        told(
            Ended("python-syntax.0", 0, stdout=WRONG),
            Ended("ruff.0", 0, stdout="[]"),
            Ended("mypy.0", 0),
        )
    )
    assert states(made)["ruff src/a.py"] == "skipped"
    assert states(made)["ruff src/b.py"] == "passed"
