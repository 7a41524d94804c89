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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def test_a(caplog): pass", "uses caplog"),
        ("with pytest.warns(UserWarning): f()", "uses pytest.warns"),
        ("with patch('time.sleep'): f()", "patches time"),
        ("monkeypatch.setattr(sys, 'stdin', it)", "patches sys"),
        ("monkeypatch.setattr('builtins.input', it)", "patches builtins"),
    ],
)
def test_what_is_only_seen_in_one_process_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        told(text)


def test_a_patch_where_the_code_uses_it_is_judged() -> None:
    text = "@patch('solution.time.sleep')\ndef test_a(it): pass"
    assert told(text) == "pytest"
