"""Exercism's tracks and exercises become tasks; what a learner had off is on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.bench.reading.exercism import is_exercism, read_folder
from headgate.bench.reading.opened import BadFile
from headgate.bench.task import Rejected, Task
from tests.bench.grading import proved

PY = {
    "two_times.py": "def twice(number):\n    pass\n",
    "two_times_test.py": "import unittest\nfrom two_times import (\n    twice,\n)\n\n"
    "class TwoTimesTest(unittest.TestCase):\n    def test_it(self):\n"
    "        self.assertEqual(twice(2), 4)\n",
    ".meta/example.py": "def twice(number):\n    return 2 * number\n",
    ".docs/instructions.md": "# Instructions\n\nGive twice the number.\n",
}
FILES = {
    "solution": ["two_times.py"],
    "test": ["two_times_test.py"],
    "example": [".meta/example.py"],
}


def lay(
    folder: Path, files: dict[str, str], config: dict[str, list[str]], name: str = "two-times"
) -> Path:
    exercise = folder / "exercises" / "practice" / name
    for path, text in {**files, ".meta/config.json": json.dumps({"files": config})}.items():
        (exercise / path).parent.mkdir(parents=True, exist_ok=True)
        (exercise / path).write_text(text)
    return exercise


def only(path: Path) -> Task:
    (found,) = read_folder(path)
    assert isinstance(found, Task)
    return found


@pytest.mark.slow
def test_a_track_and_an_exercise_alone_give_the_same_task_which_holds(tmp_path: Path) -> None:
    exercise = lay(tmp_path, PY, FILES)
    task = only(tmp_path)
    assert task == only(exercise) == only(exercise.parent)
    assert (task.id, task.path, task.names) == ("python/two-times", "two_times.py", ("twice",))
    assert "Give twice the number." in task.prompt
    assert "def twice(number):" in task.prompt
    assert proved(task).wrong == ()
    assert is_exercism(tmp_path)
    assert not is_exercism(tmp_path / "exercises" / "practice" / "two-times" / ".docs")


@pytest.mark.parametrize(
    ("suffix", "test", "wanted"),
    [
        (
            "js",
            "import { xtest, test, expect } from '@jest/globals';\nxtest('a', () => {});\n",
            "import { test, expect } from '@jest/globals';\ntest('a', () => {});\n",
        ),
        ("rs", '#[test]\n#[ignore = "later"]\nfn a() {}\n', "#[test]\nfn a() {}\n"),
        ("R", "source('./x.R')\ntest_that('a', {})\n", "test_that('a', {})\n"),
    ],
)
def test_tests_that_a_learner_has_off_are_on(
    tmp_path: Path, suffix: str, test: str, wanted: str
) -> None:
    files = {
        f"x.{suffix}": "", f"x_test.{suffix}": test, ".docs/instructions.md": "Do.",
    }  # fmt: skip
    lay(tmp_path, files, {"solution": [f"x.{suffix}"], "test": [f"x_test.{suffix}"]})
    assert only(tmp_path).tests[0].data.decode() == wanted


def test_what_cannot_be_judged_is_told_by_name(tmp_path: Path) -> None:
    lay(tmp_path, PY, FILES | {"solution": ["a.py", "b.py"]}, "many")
    lay(tmp_path, PY, FILES | {"test": []}, "untested")
    found = {it.id: it.why for it in read_folder(tmp_path) if isinstance(it, Rejected)}
    assert found == {
        "many": "an answer would be 2 files: a.py, b.py",
        "untested": "it has no tests",
    }


@pytest.mark.parametrize(
    ("files", "config", "words"),
    [
        (PY, FILES | {"test": ["../../../../secret_test.py"]}, "lies outside"),
        (PY, FILES | {"test": ["gone_test.py"]}, "cannot be read"),
        ({k: v for k, v in PY.items() if "docs" not in k}, FILES, "nothing to ask"),
    ],
)
def test_an_exercise_that_is_broken_is_told(
    tmp_path: Path, files: dict[str, str], config: dict[str, list[str]], words: str
) -> None:
    lay(tmp_path, files, config)
    with pytest.raises(BadFile, match=words):
        list(read_folder(tmp_path))


def test_a_config_that_is_no_json_is_told(tmp_path: Path) -> None:
    (lay(tmp_path, PY, FILES) / ".meta" / "config.json").write_text("{")
    with pytest.raises(BadFile, match=r"config\.json"):
        list(read_folder(tmp_path))
