"""Tricks that a naive checker accepts, and attacks on the judge itself: none is accepted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.verdict.model import Task, Verdict
from tests.sandbox.verdict import (
    go_forged,
    go_tricks,
    javascript_forged,
    javascript_tricks,
    python_attacks,
    python_further,
    python_tricks,
    r_tricks,
    rust_tricks,
)
from tests.sandbox.verdict.bench import (
    LIMITS,
    PYTHON,
    WORDS,
    Trick,
    accepted,
    files,
    ran_well,
    unsound,
    verdicts,
)

pytestmark = pytest.mark.slow

LEAST = 25
STEPS = {"javascript": 7, "go": 9, "rust": 4, "r": 3}
"""of languages that take long to judge, every so many tricks"""
ENTRY = {"python": "median", "javascript": "median"}
NAMES = {
    "python": ("solution.py", "test_it.py"),
    "javascript": ("solution.js", "solution.test.js"),
    "go": ("sum.go", "sum_test.go"),
    "rust": ("sum.rs", "tests.rs"),
    "r": ("solution.R", "test.R"),
}
SOME = dict(list(python_further.FURTHER.items())[::4])
"""all of them below"""
JAVASCRIPT = javascript_tricks.TRICKS | javascript_forged.FORGED
TABLES: dict[str, tuple[dict[str, Trick], str]] = {
    "python": (python_tricks.TRICKS | python_attacks.ATTACKS | SOME, python_tricks.TESTS),
    "javascript": (JAVASCRIPT, javascript_tricks.TESTS),
    "go": (go_tricks.TRICKS | go_forged.FORGED, go_tricks.TESTS),
    "rust": (rust_tricks.TRICKS, rust_tricks.TESTS),
    "r": (r_tricks.TRICKS, r_tricks.TESTS),
}


def needs(language: str) -> None:
    found = catalogue.look(language)
    if isinstance(found, Missing):
        pytest.skip(f"{found.what}: {found.remedy}")


def task(language: str, it: Trick) -> Task:
    code, tests = NAMES[language]
    is_runner = it.style == "runner" or language in ("go", "rust", "r")
    return Task(
        language=language,
        candidate=files((code, it.code), *it.extra),
        tests=files((tests, it.tests or TABLES[language][1])),
        style="runner" if is_runner else "asserts",
        entry="" if is_runner else ENTRY.get(language, ""),
        limits=LIMITS,
    )


def refused(language: str, tricks: Mapping[str, Trick]) -> None:
    found = verdicts({name: task(language, it) for name, it in tricks.items()})
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.parametrize("language", TABLES)
def test_no_trick_is_accepted(language: str) -> None:
    """Of what takes long some, the last one too; all of them below."""
    needs(language)
    tricks = TABLES[language][0]
    assert len(tricks) >= LEAST
    refused(language, dict(list(tricks.items())[:: -STEPS.get(language, 1)]))


@pytest.mark.soak
@pytest.mark.parametrize("language", STEPS)
def test_no_trick_of_what_takes_long_is_accepted(language: str) -> None:
    needs(language)
    refused(language, TABLES[language][0])


@pytest.mark.soak
def test_no_further_attack_in_python_is_accepted() -> None:
    assert len(python_further.FURTHER) > 2 * LEAST
    refused("python", python_further.FURTHER)


def test_a_file_beside_the_tests_is_theirs_and_no_file_of_the_code_stands_for_it() -> None:
    needs("javascript")
    test = (
        "const { test } = require('node:test');\nconst { median } = require('./solution.js');\n"
        "const { same } = require('./helpers');\n"
        "test('x', () => { same(median([3, 1, 2]), 2); });\n"
    )
    tests = files(
        ("solution.test.js", test),
        ("helpers/index.js", "exports.same = require('node:assert').strictEqual;"),
    )
    shadow = ("helpers.js", "exports.same = () => {};")
    code = {
        "wrong": ("solution.js", javascript_tricks.EXPORTED),
        "right": ("solution.js", "exports.median = () => 2;"),
    }
    found = verdicts(
        {
            name: Task(
                language="javascript", candidate=files(it, shadow), tests=tests,
                style="runner", limits=LIMITS,
            )
            for name, it in code.items()
        }
    )  # fmt: skip
    assert accepted(found) == ["right"]


def test_files_of_the_code_never_stand_for_files_of_the_tests() -> None:
    needs("javascript")
    python = files(
        ("test_easy.py", "from solution import median\ndef test_it():\n    assert median\n"),
        ("test_hard.py", "from want import WANT\nfrom solution import median\n"
         "def test_it():\n    assert median([1]) == WANT\n"),
        ("want.py", "WANT = 1\n"),
    )  # fmt: skip
    javascript = files(
        (
            "solution.test.js",
            javascript_tricks.FILE.replace("), 2)", "), require('./want.js'))"),
        ),
        ("want.js", "module.exports = 2;"),
    )
    none = ("solution.py", python_tricks.NONE)
    mine = ("solution.js", javascript_tricks.EXPORTED)
    pieces = {
        "a test": ("python", (none, ("test_hard.py", "")), python),
        "a value": ("python", (none, ("want.py", "WANT = None\n")), python),
        "a value of a script": ("javascript", (mine, ("want.js", "")), javascript),
    }
    found = verdicts(
        {
            name: Task(
                language=it, candidate=files(*code), tests=tests, style="runner", limits=LIMITS
            )
            for name, (it, code, tests) in pieces.items()
        }
    )
    assert accepted(found) == []
    assert all(isinstance(it, Verdict) and it.ending == "failed" for it in found.values())


def test_no_attack_on_the_judge_is_accepted() -> None:
    needs("javascript")
    sieges = {"python": python_tricks.SIEGE, "javascript": javascript_tricks.SIEGE}
    found = verdicts(
        {
            f"{language}: {name}": task(language, Trick(code))
            for language, siege in sieges.items()
            for name, code in siege.items()
        }
    )
    assert accepted(found) == []
    assert unsound(found) == {}


def lay(folder: Path, language: str, it: Trick) -> None:
    code, tests = NAMES[language]
    for path, text in ((code, it.code), *it.extra):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / tests).write_text(it.tests or TABLES[language][1])


def naively_python(folder: Path, it: Trick) -> bool:
    lay(folder, "python", it)
    if it.style == "runner":
        runner = "unittest" if it.tests == python_tricks.CASE else "pytest"
        return ran_well([PYTHON, "-m", runner, "test_it.py"], folder)
    (folder / "test_it.py").rename(folder / "checks.py")
    (folder / "main.py").write_text(
        "import solution\n"
        "exec(compile(open('checks.py').read(), 'checks.py', 'exec'))\n"
        f"check(solution.median)\nprint({WORDS!r})\n"
    )
    return ran_well([PYTHON, "main.py"], folder)


def naively_javascript(folder: Path, it: Trick) -> bool:
    node = catalogue.runtime("javascript").program
    lay(folder, "javascript", it)
    if it.style == "runner":
        return ran_well([node, "solution.test.js"], folder)
    text = it.tests or javascript_tricks.TESTS
    (folder / "tests.js").write_text(f"{it.code}\n{text}")
    return ran_well([node, "tests.js"], folder)


def naively_go(folder: Path, it: Trick) -> bool:
    runtime = catalogue.runtime("go")
    lay(folder, "go", it)
    (folder / "go.mod").write_text("module judged\n\ngo 1.21\n")
    env = {**os.environ, **dict(runtime.env), "HOME": str(folder), "CGO_ENABLED": "1"}
    return ran_well([runtime.program, "test", "-vet=off", "./..."], folder, env)


def naively_rust(folder: Path, it: Trick) -> bool:
    runtime = catalogue.runtime("rust")
    lay(folder, "rust", it)
    (folder / "sum.rs").write_text(f"{it.code}\n{it.tests or rust_tricks.TESTS}")
    built = ran_well(
        [runtime.program, "--edition=2021", "-Awarnings", "--test", "-o", "made", "sum.rs"],
        folder,
    )
    return built and ran_well(["./made", "--test-threads=1"], folder)


def believed(
    tricks: Mapping[str, Trick], folder: Path, check: Callable[[Path, Trick], bool]
) -> tuple[list[str], int]:
    """The tricks said to fool a naive checker that do not, and how many do."""
    refused, fooled = [], 0
    for at, (name, it) in enumerate(tricks.items()):
        if not it.is_naive:
            continue
        place = folder / str(at)
        place.mkdir()
        if check(place, it):
            fooled += 1
        else:
            refused.append(name)
    return refused, fooled


@pytest.mark.soak
def test_the_tricks_in_python_fool_a_naive_checker(tmp_path: Path) -> None:
    refused, fooled = believed(python_tricks.TRICKS, tmp_path, naively_python)
    assert refused == []
    assert fooled >= LEAST


@pytest.mark.soak
def test_the_tricks_in_javascript_fool_a_naive_checker(tmp_path: Path) -> None:
    needs("javascript")
    refused, fooled = believed(javascript_tricks.TRICKS, tmp_path, naively_javascript)
    assert refused == []
    assert fooled >= LEAST


@pytest.mark.soak
def test_the_tricks_in_go_fool_a_naive_checker(tmp_path: Path) -> None:
    needs("go")
    refused, fooled = believed(go_tricks.TRICKS, tmp_path, naively_go)
    assert refused == []
    assert fooled >= LEAST - 5


@pytest.mark.soak
def test_the_tricks_in_rust_fool_a_naive_checker(tmp_path: Path) -> None:
    needs("rust")
    refused, fooled = believed(rust_tricks.TRICKS, tmp_path, naively_rust)
    assert refused == []
    assert fooled >= LEAST - 5
