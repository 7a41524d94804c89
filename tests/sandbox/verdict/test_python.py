"""How the judging of Python is told."""

from __future__ import annotations

from headgate.sandbox.model import Runtime
from headgate.sandbox.verdict import python
from headgate.sandbox.verdict.model import Style, Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("python", "3", "python")


def told(tests: str, style: Style = "runner") -> str:
    task = Task(
        language="python",
        candidate=files(("solution.py", "")),
        tests=files(("test_it.py", tests)),
        style=style,
    )
    return str(python.plan(task, RUNTIME)[1]["style"])


def test_the_runner_is_the_one_that_the_tests_are_written_for() -> None:
    assert told("import unittest") == "unittest"
    assert told("def test_a(): pass") == "pytest"
    assert told("import pytest, unittest") == "pytest"
    assert told("assert True", "asserts") == "asserts"
