"""A task's time is for each of its tests, and a compiler has its own."""

from __future__ import annotations

import pytest

from headgate.bench.bounds import BUILD_S, MOST_S, START_S, limits
from headgate.bench.returning import turned
from headgate.sandbox.model import File
from headgate.sandbox.settings import Settings
from tests.bench.samples import doubling

TWO = {
    "python": "def test_a():\n    pass\n\nasync def test_b():\n    pass\n",
    "javascript": "test('a', () => {}); /x/.test('y'); it.only('b', () => {});",
    "typescript": "it('a', () => {}); latest(1); it('b', () => {});",
    "go": "func TestA(t *testing.T) {}\nfunc TestB(t *testing.T) {}\nfunc help() {}\n",
    "rust": "#[test]\nfn a() {}\n#[tokio::test]\nasync fn b() {}\n#[cfg(test)] mod x {}\n",
    "r": "test_that('a', {})\ntest_that('b', {})\n",
}


@pytest.mark.parametrize(("language", "text"), TWO.items())
def test_tests_are_counted_in_every_language(language: str, text: str) -> None:
    task = doubling(language=language, timeout_s=3.0)
    build = BUILD_S if language in ("go", "rust") else 0.0
    assert limits(task, [File("t", text.encode())]).wall_s == 6.0 + START_S + build


RETURN = {
    "javascript": "function test_a() { return true; }\nconst test_b = () => true;\n",
    "typescript": "export function test_a(): boolean { return true; }\n"
    "async function test_b() { return true; }\n",
    "go": "func test_a() bool { return true }\nfunc test_b() bool { return true }\n",
    "rust": "fn test_a() -> bool { true }\nfn test_b() -> bool { true }\n",
    "r": "test_a <- function() TRUE\ntest_b = function() {\n  TRUE\n}\n",
    "python": "def test_a():\n    return True\ndef test_b():\n    return True\n",
}


@pytest.mark.parametrize(("language", "text"), RETURN.items())
def test_tests_that_return_true_are_counted_in_every_language(language: str, text: str) -> None:
    tests = (File("t", text.encode()),)
    task = doubling(language=language, style="returns", tests=tests, timeout_s=3.0)
    build = BUILD_S if language in ("go", "rust") else 0.0
    assert limits(task, turned(task).files).wall_s == 6.0 + START_S + build


def test_tests_whose_number_is_known_late_may_take_what_a_judging_may() -> None:
    text = b"@pytest.mark.parametrize('n', range(9))\ndef test_a(n):\n    pass\n"
    assert limits(doubling(), [File("t", text)]).wall_s == MOST_S


@pytest.mark.parametrize("language", TWO)
def test_no_task_asks_for_more_than_the_sandbox_allows(language: str) -> None:
    many = File("t", (TWO[language] * 100).encode())
    asked = limits(doubling(language=language, timeout_s=170.0), [many])
    Settings().check(asked)
    assert asked.wall_s == MOST_S


def test_source_that_checks_as_it_runs_is_one_test() -> None:
    task = doubling(style="asserts", timeout_s=3.0)
    assert limits(task, [File("t", b"assert double(2) == 4\n")]).wall_s == 3.0 + START_S
