"""How the judging of Python is told."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused, Runtime
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
    assert told("from unittest import mock\n\ndef test_a(): pass") == "pytest"
    assert told("assert True", "asserts") == "asserts"


def test_what_is_only_seen_in_one_process_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="uses capfd"):
        told("def test_a(capfd): pass")


@pytest.mark.parametrize(
    ("text", "heeds"),
    [
        ("def test_a(caplog): pass", ["logs"]),
        ("with pytest.warns(UserWarning): f()", ["warnings"]),
        ("def test_a(): pass", []),
    ],
)
def test_the_code_is_listened_to_for_what_the_tests_listen_for(
    text: str, heeds: list[str]
) -> None:
    task = Task(language="python", candidate=(), tests=files(("test_it.py", text)))
    assert python.plan(task, RUNTIME)[1]["heeds"] == heeds
