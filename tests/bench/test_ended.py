"""Every way that an answer can end has its grade, in every language, in the real sandbox."""

from __future__ import annotations

import msgspec
import pytest

from headgate.bench.grade import Grade
from headgate.bench.task import Task
from tests.bench.ended import ANSWERS, small
from tests.bench.grading import graded
from tests.sandbox.verdict.test_verdict_honest import needs

COMPILED = ("go", "rust")
"""whose answers take seconds to build, each of them"""
EITHER = frozenset((("a fork bomb", Grade.WRONG), ("a fork bomb", Grade.TIMEOUT)))
"""which of its limits a fork bomb meets first is a race"""


PATIENCE_S = 30.0
"""for what ends by itself, on a machine that is busy"""


def lasting(language: str, grade: Grade) -> Task:
    """The task, short only where its time decides."""
    task = small(language)
    ends = grade in (Grade.SYNTAX, Grade.COMPILE, Grade.WRONG)
    return msgspec.structs.replace(task, timeout_s=PATIENCE_S) if ends else task


@pytest.mark.slow
@pytest.mark.parametrize(
    "language",
    [pytest.param(it, marks=pytest.mark.soak) if it in COMPILED else it for it in ANSWERS],
)
def test_every_end_has_its_grade(language: str) -> None:
    needs(language)
    answers = ANSWERS[language]
    found = graded([(lasting(language, grade), code) for code, grade in answers.values()])
    told = {name: (it.grade, it.why) for name, it in zip(answers, found, strict=True)}
    wrong = {
        name: (grade.value, why)
        for name, (grade, why) in told.items()
        if grade is not answers[name][1] and (name, grade) not in EITHER
    }
    assert wrong == {}


HOG = "exports.double = (n) => { const it = []; for (;;) it.push(new Array(1e6).fill(n)); };\n"


@pytest.mark.slow
def test_a_heap_of_javascript_that_is_full_is_told_as_memory_and_not_as_wrong() -> None:
    needs("javascript")
    patient = msgspec.structs.replace(small("javascript"), timeout_s=30.0)
    assert graded([(patient, HOG)])[0].grade is Grade.MEMORY
