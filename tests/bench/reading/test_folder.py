"""A folder for each task, of prompts and test files, becomes tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.bench.reading.folder import LAYOUT, read_folder
from headgate.bench.reading.own import BadTask
from headgate.bench.task import Rejected, Task
from tests.bench.grading import proved

DOUBLE = {
    "prompt.md": "Write double(n) in solution.py.",
    "test_solution.py": "from solution import double\n\ndef test_it():\n"
    "    assert double(3) == int(open('six.txt').read())\n",
    "solution.py": "def double(n):\n    return 2 * n\n",
    "wrong_adds.py": "def double(n):\n    return n + 1\n",
    "files/six.txt": "6",
    "README.md": "mine",
}


def lay(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.slow
def test_a_folder_is_a_task_that_holds(tmp_path: Path) -> None:
    lay(tmp_path / "easy" / "double", DOUBLE)
    (task,) = read_folder(tmp_path)
    assert isinstance(task, Task)
    assert (task.id, task.language) == ("easy/double", "python")
    assert [it.path for it in task.files] == ["six.txt"]
    assert [it.why for it in task.mutants] == ["wrong_adds"]
    proof = proved(task)
    assert [it.what for it in proof.tried] == ["reference", "empty", "wrong_adds"]
    assert proof.wrong == ()


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("solution.test.ts", "typescript"),
        ("tests/a_spec.js", "javascript"),
        ("solution_test.go", "go"),
        ("tests/it.rs", "rust"),
        ("test_it.R", "r"),
    ],
)
def test_the_language_is_that_of_the_tests(tmp_path: Path, name: str, language: str) -> None:
    lay(tmp_path, {"prompt.md": "Do.", name: "x"})
    (task,) = read_folder(tmp_path)
    assert isinstance(task, Task)
    assert (task.id, task.language) == (tmp_path.name, language)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"prompt.md": "x"}, "it has no tests"),
        ({"prompt.md": "x", "test_a.py": "", "a_test.go": ""}, "its tests are in"),
        ({"prompt.md": "x", "tests/a.txt": ""}, "its tests are in no language that is known"),
    ],
)
def test_what_cannot_be_judged_is_told(tmp_path: Path, files: dict[str, str], why: str) -> None:
    (found,) = read_folder(lay(tmp_path, files))
    assert isinstance(found, Rejected)
    assert found.why.startswith(why)
    assert found.remedy


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"answer.py": "x"}, "neither test nor solution"),
        ({"more/deep.py": "x"}, "neither test nor solution"),
        ({"solution.js": "x"}, "2 files solution"),
    ],
)
def test_a_file_that_nobody_understands_is_told_with_the_layout(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    lay(tmp_path, DOUBLE | files)
    with pytest.raises(BadTask, match=words) as caught:
        list(read_folder(tmp_path))
    assert LAYOUT in str(caught.value) or "keep one" in str(caught.value)


def test_a_folder_may_name_packages_and_what_a_database_holds(tmp_path: Path) -> None:
    sql = "CREATE TABLE t ();\n"
    needs = {"setup.sql": sql, "packages.txt": "psycopg\n\n# plots\nnumpy  # and sums\n"}
    lay(tmp_path / "double", DOUBLE | needs)
    (task,) = read_folder(tmp_path)
    assert isinstance(task, Task)
    assert (task.database, task.setup_sql) == ("postgresql", sql)
    assert task.packages == ("psycopg", "numpy")
    assert [it.path for it in task.files] == ["six.txt"]
