"""The tasks that Headgate ships are many enough, fair and told apart, and their tests can tell.

Every task is looked at in every run; each day another few are tried in the sandbox.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.bench.bounds import COMPILED
from headgate.bench.grade import Grade
from headgate.bench.judging import runtime_of
from headgate.bench.proof import empty
from headgate.bench.reading.dataset import builtin
from headgate.bench.task import Task, TaskSet
from headgate.sandbox.model import Unavailable
from tests.bench.grading import graded

COUNTS = {"python": 30, "typescript": 30, "go": 30, "rust": 30, "javascript": 10, "r": 10}
LEVELS = ("easy", "medium", "hard")
SUBJECTS = (
    "algorithms", "api", "caching", "concurrency", "config", "data", "dates", "errors",
    "money", "numbers", "pagination", "parsing", "retry", "security", "sql", "state",
    "structures", "text", "time", "validation",
)  # fmt: skip
DOCS = Path(__file__).parents[2] / "docs/concepts/datasets.md"
DEFINED = {
    "python": r"^ *(?:async def|def|class) (\w+)",
    "javascript": r"^(?:async )?(?:function\*?|class|const) (\w+)|^  (?:async |get )?(\w+)\(",
    "typescript": r"^export (?:async )?(?:function\*?|class|const) (\w+)"
    r"|^  (?:async |get )?(\w+)\(",
    "go": r"^(?:func (?:\([^)]*\) )?|type |var |const |\t)([A-Z]\w*)(?=[\[( =])",
    "rust": r"^ *pub (?:fn|struct|enum|trait|const|type) (\w+)",
    "r": r"^(\w+) <- function",
}
"""what a reference gives to tests, at the left edge or in a class"""


def reader(language: str) -> Iterator[Task]:
    return (it for it in shipped().tasks if it.language == language)


@functools.cache
def shipped() -> TaskSet:
    return builtin()


@pytest.fixture(params=[it.id for it in shipped().tasks])
def task(request: Any) -> Task:
    return next(it for it in shipped().tasks if it.id == request.param)


def test_there_are_so_many_of_each_language() -> None:
    assert shipped().rejected == ()
    assert Counter(it.language for it in shipped().tasks) == COUNTS


def test_no_two_have_the_same_id_prompt_or_reference() -> None:
    for told in ("id", "prompt", "reference"):
        assert len({getattr(it, told) for it in shipped().tasks}) == sum(COUNTS.values())


def test_each_has_a_reference_tests_and_three_mutants_that_say_why(task: Task) -> None:
    assert task.reference
    assert task.tests
    assert len(task.mutants) >= 3
    assert all(it.why.strip() for it in task.mutants)
    assert len({it.why for it in task.mutants}) == len(task.mutants)


def test_no_mutant_is_the_reference_or_another_mutant(task: Task) -> None:
    codes = [written(it) for it in (task.reference, *(m.code for m in task.mutants))]
    assert len(set(codes)) == len(codes)


def written(code: str) -> str:
    """Without what makes no difference."""
    return "\n".join(it.rstrip() for it in code.splitlines() if it.strip())


def test_tags_are_of_one_vocabulary(task: Task) -> None:
    level = [it for it in task.tags if it in LEVELS]
    subjects = [it for it in task.tags if it not in LEVELS]
    assert len(level) == 1, f"{task.id} needs one of {LEVELS}"
    assert 1 <= len(subjects) <= 3
    assert len(set(subjects)) == len(subjects)
    unknown = set(subjects) - set(SUBJECTS)
    assert not unknown, f"{task.id}: {unknown} are none of {SUBJECTS}"


def test_the_vocabulary_is_used_and_told() -> None:
    used = {it for task in shipped().tasks for it in task.tags}
    assert used == {*LEVELS, *SUBJECTS}
    told = re.search(
        r"## The tasks that are shipped\n(.*?)(\n## |\Z)", DOCS.read_text(), re.DOTALL
    )
    assert told is not None
    words = set(re.findall(r"`([a-z]+)`", told[1]))
    assert {*LEVELS, *SUBJECTS} == words - set(COUNTS)


def test_a_prompt_names_all_that_its_tests_use(task: Task) -> None:
    missing = [it for it in given(task) if not re.search(rf"\b{it}\b", task.prompt)]
    assert missing == [], f"{task.id}: nobody who reads the prompt alone can know these names"


def given(task: Task) -> list[str]:
    """The names that its tests take from the reference."""
    tests = "\n".join(it.data.decode() for it in task.tests)
    used = set(re.findall(r"\w+", tests))
    found = re.findall(DEFINED[task.language], task.reference, re.MULTILINE)
    defined = {name for it in found for name in ([it] if isinstance(it, str) else it) if name}
    own = {"constructor", "toString", "main", "String", "Error", "Unwrap", "Is", "fmt", "new"}
    inherent = {it for it in defined if it.startswith("_")} | own
    return sorted((defined & used) - inherent | set(task.names))


def test_the_test_of_names_finds_one_that_nobody_told() -> None:
    task = next(reader("go"))
    assert given(task)
    for language in COUNTS:
        assert sum(bool(given(it)) for it in reader(language)) >= COUNTS[language] - 1


def skipped_without(task: Task) -> None:
    try:
        runtime_of(task)
    except Unavailable as missing:
        pytest.skip(f"TASKS NOT PROVED: {missing.what}; {missing.remedy}")


@pytest.mark.slow
@pytest.mark.parametrize("language", COUNTS)
def test_one_of_the_day_passes_its_reference_and_fails_a_mutant(language: str) -> None:
    """Of what has to be compiled, the one in one month and the other in the next."""
    tasks = list(reader(language))
    day = datetime.datetime.now(datetime.UTC).date().toordinal()
    turn, at = divmod(day, len(tasks))
    task = tasks[at]
    skipped_without(task)
    mutant = task.mutants[turn // 2 % len(task.mutants)]
    tried = [(task.reference, "reference"), (mutant.code, mutant.why)]
    kept = [tried[turn % 2]] if language in COMPILED else tried
    for (code, what), found in zip(kept, graded([(task, it) for it, _ in kept]), strict=True):
        told = f"{task.id}, {what}: {found.grade.value} {found.why}"
        assert found.grade is not Grade.INFRASTRUCTURE, told
        assert found.is_right == (code == task.reference), told


@pytest.mark.soak
@pytest.mark.parametrize("language", COUNTS)
def test_every_task_holds(language: str) -> None:
    tasks = list(reader(language))
    skipped_without(tasks[0])
    tried = [(it, it.reference, True, "reference") for it in tasks]
    tried += [(it, empty(it), False, "empty") for it in tasks]
    tried += [(it, m.code, False, m.why) for it in tasks for m in it.mutants]
    grades = graded([(task, code) for task, code, _, _ in tried])
    wrong = [
        f"{task.id}, {what}: {found.grade.value} {found.why}"
        for (task, _, should_pass, what), found in zip(tried, grades, strict=True)
        if found.is_right != should_pass or found.grade is Grade.INFRASTRUCTURE
    ]
    assert wrong == []
