"""Every ending of a judging has a grade, and ours is never the model's."""

from __future__ import annotations

import pytest

from headgate.bench.grade import Grade, of_verdict
from headgate.sandbox.model import LIMITED, Status
from headgate.sandbox.verdict.model import Ending, Verdict


def verdict(ending: Ending, status: Status = Status.OK, failure: str = "x") -> Verdict:
    passed = ending is Ending.PASSED
    return Verdict(passed=passed, first_failure=failure, status=status, ending=ending)


@pytest.mark.parametrize("ending", Ending)
def test_only_a_passed_judging_passes(ending: Ending) -> None:
    graded = of_verdict(verdict(ending), "python")
    assert graded.is_right == (ending is Ending.PASSED)


@pytest.mark.parametrize(
    ("language", "words", "grade"),
    [
        ("python", "SyntaxError: invalid syntax", Grade.SYNTAX),
        ("python", "anything", Grade.SYNTAX),
        ("go", "./solution.go:3:1: syntax error: unexpected }", Grade.SYNTAX),
        ("go", "./solution.go:3:7: undefined: strings", Grade.COMPILE),
        ("go", "./solution.go:2:38: invalid NUL character", Grade.SYNTAX),
        ("rust", "error: expected one of `!` or `;`, found `}`", Grade.SYNTAX),
        ("rust", "error[E0308]: mismatched types", Grade.COMPILE),
        ("rust", "error[E0308]: mismatched\n |  expected `i32`, found `&str`", Grade.COMPILE),
        ("typescript", 'solution.ts:1:4: ERROR: Expected ";" but found "x"', Grade.SYNTAX),
    ],
)
def test_code_that_is_no_code_is_told_from_code_that_does_not_compile(
    language: str, words: str, grade: Grade
) -> None:
    found = of_verdict(verdict(Ending.BUILD, Status.BUILD, words), language)
    assert found.grade is grade


@pytest.mark.parametrize("status", sorted(LIMITED))
def test_time_and_memory_have_grades_and_other_limits_are_wrong(status: Status) -> None:
    grade = of_verdict(verdict(Ending.LIMIT, status), "python").grade
    known = {
        Status.WALL: Grade.TIMEOUT,
        Status.CPU: Grade.TIMEOUT,
        Status.MEMORY: Grade.MEMORY,
    }
    assert grade is known.get(status, Grade.WRONG)


def test_a_broken_sandbox_is_no_observation() -> None:
    grade = of_verdict(verdict(Ending.BROKEN, Status.BROKEN), "python").grade
    assert grade is Grade.INFRASTRUCTURE


@pytest.mark.parametrize(
    ("language", "words", "grade"),
    [
        ("javascript", "SyntaxError: Unexpected identifier (bodies.cjs:83)", Grade.SYNTAX),
        ("javascript", "SyntaxError: Unexpected end of JSON input", Grade.WRONG),
        ("python", "SyntaxError: of its own", Grade.WRONG),
    ],
)
def test_what_code_raises_is_no_syntax_of_its_own(
    language: str, words: str, grade: Grade
) -> None:
    assert of_verdict(verdict(Ending.FAILED, failure=words), language).grade is grade
