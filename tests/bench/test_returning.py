"""Tests that answer are called one by one, and nothing but true is a passed check."""

from __future__ import annotations

import time

import pytest

from headgate.bench.grade import Grade
from headgate.bench.returning import names_of, turned
from headgate.sandbox.model import Refused
from tests.bench.answering import ANSWERS, FORGED, TEXTS, TRUTHLIKE, answering
from tests.bench.grading import graded
from tests.bench.samples import RIGHT
from tests.sandbox.verdict.test_verdict_honest import needs

LANGUAGES = tuple(ANSWERS)


def text_of(text: str) -> str:
    return turned(answering("python", text)).files[0].data.decode()


def test_each_function_is_a_test_of_its_own_and_no_runner_finds_the_others() -> None:
    text = text_of("def test_a():\n    return f()\n\ndef test_b():\n    return test_a()\n")
    assert text.count("def test_of_") == 2
    assert "def _said_test_b():\n    return _said_test_a()" in text


def test_names_come_from_the_solution_only_where_the_tests_have_none_themselves() -> None:
    text = text_of("K = 2\ndef test_a():\n    return len(f(K)) == math.pi and np.e\n")
    imported = [it for it in text.split("\n") if it.startswith(("from", "import"))]
    assert set(imported[3:]) == {
        "from solution import f", "import math", "import numpy as np"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "no function"),
        ("def check(): return True\n", "no function"),
        ("def test_a(x): return True\n", "test_a has parameters"),
        ("def test_a(*, x): return True\n", "test_a has parameters"),
        ("def test_a(): return True\ndef test_a(): return True\n", "two functions"),
        ("class TestIt:\n    def test_a(self): return True\n", "in the class TestIt"),
        ("if True:\n    def test_a(): return True\n", "in a condition"),
        ("def test_a(:\n", "do not compile: line 1"),
        ("(" * 5000, "tests"),
        ("def test_a(): return '\0'\n", "tests"),
    ],
)
def test_what_could_not_be_called_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        turned(answering("python", text))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "function test_a(x) { return true }"),
        ("go", "func test_a() int { return 1 }"),
        ("go", "func test_a(t *testing.T) {}"),
        ("rust", "fn test_a() { }"),
        ("rust", "fn test_a() -> i32 { 1 }"),
        ("r", "test_a <- function(x) TRUE"),
    ],
)
def test_other_languages_refuse_alike(language: str, text: str) -> None:
    with pytest.raises(Refused, match="test_a cannot be called"):
        names_of(language, text)


def test_a_language_without_such_tests_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="bash"):
        names_of("bash", "test_a() { true; }")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_right_answers_pass_and_wrong_ones_do_not(language: str) -> None:
    needs(language)
    right, wrong = graded([(answering(language), it) for it in ANSWERS[language]])
    assert (right.grade, right.why) == (Grade.PASS, "")
    assert right.checks == len(names_of(language, TEXTS[language]))
    assert wrong.grade is Grade.WRONG


@pytest.mark.slow
def test_nothing_but_true_is_true() -> None:
    text = "def test_a():\n    assert double(1) == 2\n    return {}\n"
    pairs = [(answering("python", text.format(it)), RIGHT) for it in TRUTHLIKE]
    for said, found in zip(TRUTHLIKE, graded(pairs), strict=True):
        assert found.grade is Grade.WRONG, said
        assert "not True" in found.why, said
        is_numpys = said.startswith("numpy")
        words = "returned numpy.bool_ 'True', not True: write bool(...) around it"
        assert (words in found.why) == is_numpys, found.why
    text = "def test_a():\n    print('no')\n    return double(1) == 2\n"
    assert graded([(answering("python", text), RIGHT)])[0].is_right


@pytest.mark.slow
def test_no_forgery_is_accepted() -> None:
    for language in ("javascript", "go", "rust", "r"):
        needs(language)
    assert len(FORGED) >= 25
    found = graded([(answering(language), code) for language, code in FORGED.values()])
    names = list(FORGED)
    assert [name for name, it in zip(names, found, strict=True) if it.is_right] == []
    ours = [it.why for it in found if it.grade is Grade.INFRASTRUCTURE]
    assert ours == []


@pytest.mark.parametrize("language", ["python", "javascript", "r"])
def test_many_tests_cost_no_more_each_than_a_few(language: str) -> None:
    write = {
        "python": "def test_{n}():\n    return double({n}) == 2 * {n}\n",
        "javascript": "function test_{n}() {{ return double({n}) === 2 * {n}; }}\n",
        "r": "test_{n} <- function() double({n}) == 2 * {n}\n",
    }[language]

    def cpu_s(count: int) -> float:
        task = answering(language, "".join(write.format(n=n) for n in range(count)))
        found = []
        for _ in range(3):
            begun = time.process_time()
            turned(task)
            found.append(time.process_time() - begun)
        return min(found)

    few, many = cpu_s(200), cpu_s(1600)
    assert many < 32 * few or many < 0.5  # 64 times as long, if each test read all others
