"""How the judging of Go is told, and what is refused before anything is built."""

from __future__ import annotations

import pytest

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import golang
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

RUNTIME = Runtime("go", "1.26", "program", program="go")
TEST = 'package p\nimport "testing"\nfunc TestAdd(t *testing.T) { Add(1) }\n'


def planned(code: str, tests: str = TEST, path: str = "p.go") -> dict[str, str]:
    task = Task(
        language="go",
        candidate=files((path, code)),
        tests=files(("p_test.go", tests)),
        style="runner",
    )
    laid: dict[str, str] = golang.plan(task, RUNTIME)[1]["files"]
    return laid


def test_the_judge_holds_standins_and_the_code_holds_no_test() -> None:
    laid = planned("package p\nfunc Add(n int) int { return 42 }\n")
    ours = "".join(it for path, it in laid.items() if path.startswith("judge/"))
    theirs = "".join(it for path, it in laid.items() if path.startswith("code/"))
    assert "return 42" in theirs
    assert "return 42" not in ours
    assert "TestAdd" in ours
    assert "TestAdd" not in theirs


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ('package p\nimport "C"\n', "p.go"),
        ("package p\n//go:linkname a b\n", "p.go"),
        ("package p", "x_test.go"),
        ("TEXT", "x.s"),
        ("package p\nfunc Add(f func()) {}\n", "p.go"),
        ("package p\nfunc Add[T any](t T) {}\n", "p.go"),
    ],
)
def test_what_cannot_be_held_apart_is_refused_in_words(code: str, path: str) -> None:
    with pytest.raises(Refused):
        planned(code, path=path)


def test_a_TestMain_of_the_tests_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="TestMain"):
        planned("package p\nfunc Add(n int) {}\n", TEST + "func TestMain(m *testing.M) {}\n")
