"""Tests that no answer could pass are told as such; those that an answer could mend are not."""

from __future__ import annotations

import msgspec
import pytest

from headgate.bench.atfault import MISSING, UNREADABLE, at_fault
from headgate.bench.grade import Grade, Graded
from headgate.bench.proof import empty, prove, rejected
from headgate.bench.task import TESTS, Task
from headgate.sandbox.model import File
from tests.bench.grading import graded
from tests.bench.samples import doubling
from tests.sandbox.verdict.test_verdict_honest import needs

GO = "package solution\n\nimport {}\n\nfunc TestIt(t *testing.T) {{\n\t{}\n}}\n"
UNTOLD = "if Double(1) != 2 { t.Fatal() }"
BAD = {
    "python": (
        ("from solution import double\ndef test_(:\n", "line 2"),
        ("from solution import double\ndef test_it():\nassert double(1) == 2\n", "Indentation"),
        ("import nosuch.part\nfrom solution import double\n", "need nosuch"),
        ("from solution import double\ndef test_it(capfd): ...\n", "uses capfd"),
    ),
    "javascript": (
        ("const {double} = require('./solution');\ndouble(1) === ;\n", "Unexpected token"),
        ("import {double} from './solution.js';\ndouble(1\n", "SyntaxError"),
        ("require('nosuch');\n", "need nosuch"),
    ),
    "typescript": (
        ("import {double} from './solution';\nconst n: = double(1);\n", "solution.test.ts"),
    ),
    "go": (
        (GO.format('"testing"', "if Double(1) != {"), "solution_test.go:6:18"),
        (GO.format('("example.com/no"; "testing")', UNTOLD), "example.com/no"),
    ),
    "rust": (("use solution::double;\n#[test]\nfn it() { double(1; }\n", "mismatched"),),
    "r": (
        ("test_it <- function() { stopifnot(double(1) == ) }\n", "unexpected ')'"),
        ("library(nosuch)\n", "need nosuch"),
    ),
}
GOOD = {
    "python": "from solution import double\ndef test_it():\n    assert double(1) == 2\n",
    "javascript": "const {double} = require('./solution');\nJSON.parse(double(1));\n",
    "typescript": "import {double} from './solution';\nJSON.parse(double(1) as any);\n",
    "go": GO.format('"testing"', UNTOLD),
    "rust": "use solution::double;\n#[test]\nfn it() { assert_eq!(double(1), 2); }\n",
    "r": "test_it <- function() { stopifnot(double(1) == 2) }\n",
}
"""a name that nothing defines yet, or what raises because nothing is defined"""


def task(language: str, tests: str) -> Task:
    files = (File(TESTS[language], tests.encode()),)
    return Task(id="it", language=language, prompt="write double", tests=files)


@pytest.mark.slow
def test_tests_that_take_more_memory_to_be_read_than_a_task_may_use_are_told() -> None:
    text = f"from solution import double\nDATA = [{'(1, 2),' * 150_000}]\n"
    large = task("python", text + "def test_it():\n    assert double(1) == 2\n")
    small = msgspec.structs.replace(large, memory_mb=128)
    found = graded([(small, "def double(n): return 2 * n\n")])[0]
    assert "take more memory to be read than the task may use" in at_fault(small, found)


@pytest.mark.slow
@pytest.mark.parametrize("language", BAD)
def test_what_no_answer_could_mend_is_told(language: str) -> None:
    needs(language)
    tasks = [task(language, it) for it in (GOOD[language], *(it for it, _ in BAD[language]))]
    found = graded([(it, empty(it)) for it in tasks])
    told = [at_fault(*it) for it in zip(tasks, found, strict=True)]
    assert told[0] == ""
    for fault, (_, words) in zip(told[1:], BAD[language], strict=True):
        assert words in fault


def words_of(why: str, **changes: object) -> str:
    facts: dict[str, object] = {"grade": Grade.WRONG, "why": why} | changes
    return at_fault(task("python", ""), Graded(**facts))  # type: ignore[arg-type]


def test_a_reference_a_check_or_a_pass_clears_the_tests() -> None:
    why = "SyntaxError: invalid syntax (<unknown>, line 2)"
    assert words_of(why) == f"its tests cannot be read: {why}"
    assert words_of(why, checks=1) == ""
    assert words_of(why, grade=Grade.PASS) == ""
    assert at_fault(doubling(), Graded(grade=Grade.WRONG, why=why)) == ""


def test_a_module_that_the_answer_may_bring_is_not_missing() -> None:
    assert words_of("ModuleNotFoundError: No module named 'solution.part'") == ""
    assert words_of("test_it: NameError: name 'double' is not defined") == ""


@pytest.mark.parametrize(
    ("language", "said", "told"),
    [
        ("typescript", "it.ts(2,1): error TS1109: Expression expected.", "cannot be read: {}"),
        ("typescript", "it.ts(2,1): error TS2304: Cannot find name 'it'.", ""),
        ("go", './a_test.go:4:1: "os" imported and not used', "do not compile: {}"),
        ("go", "./a_test.go:9:2: declared and not used: x", "do not compile: {}"),
        ("go", "./hg_standins.go:9:2: declared and not used: x", ""),
    ],
)
def test_what_compilers_say_is_told_apart(language: str, said: str, told: str) -> None:
    why = f"the tests do not fit this answer, or are at fault: # judged\n{said}"
    found = at_fault(task(language, ""), Graded(grade=Grade.WRONG, why=why))
    assert found == (told and f"its tests {told.format(said.removeprefix('./'))}")


async def test_a_task_with_such_tests_is_refused_by_name_and_another_is_not() -> None:
    why = "ModuleNotFoundError: No module named 'nosuch'"

    async def judge(task: Task, code: str) -> Graded:
        return Graded(grade=Grade.WRONG, why=why)

    told = rejected(await prove(task("python", ""), judge, wholly=False))
    assert told is not None
    assert (told.why, told.remedy) == (
        "its tests need nosuch, which is not there",
        "mend the tests",
    )
    proof = await prove(doubling(reference=""), judge)
    assert [it.what for it in proof.wrong] == ["empty"]


def test_every_language_has_its_words() -> None:
    assert UNREADABLE.keys() == TESTS.keys() - {"bash"}
    assert MISSING.keys() < UNREADABLE.keys()
    assert BAD.keys() == GOOD.keys() == UNREADABLE.keys()
