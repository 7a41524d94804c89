"""What a judge's worker holds before it is asked."""

from __future__ import annotations

import msgspec
import pytest

from headgate.sandbox.model import Runtime, Tree
from headgate.sandbox.verdict import preloaded
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("python", "3", "python", imports=("numpy",), trees=(Tree("/a", "/a"),))


def loaded(code: str, style: str = "asserts", language: str = "python") -> Runtime:
    task = Task(
        language=language,
        candidate=files(("solution.py", code)),
        tests=files(("test_it.py", "assert f() == 1")),
    )
    return preloaded.runtime(task, RUNTIME, {"style": style})


def test_tasks_alike_share_one_worker() -> None:
    assert loaded("def f(): return 1") == loaded("def f(): return 2")


@pytest.mark.parametrize(("code", "has"), [("import numpy", True), ("import math", False)])
def test_what_few_tasks_use_is_loaded_for_them_alone(code: str, has: bool) -> None:
    assert ("numpy" in loaded(code).imports) is has
    assert ("psycopg" in loaded(code.replace("numpy", "psycopg")).imports) is has


def test_pytest_is_loaded_where_it_runs_the_tests() -> None:
    assert "pytest" in loaded("", "pytest").imports
    assert "pytest" not in loaded("", "unittest").imports


def test_the_trees_of_the_language_stay() -> None:
    assert set(RUNTIME.trees) <= set(loaded("").trees)
    program = msgspec.structs.replace(RUNTIME, kind="program")
    task = Task(language="go", candidate=(), tests=())
    assert preloaded.runtime(task, program, {}).trees == RUNTIME.trees
    assert preloaded.runtime(task, program, {}).kind == "python"
