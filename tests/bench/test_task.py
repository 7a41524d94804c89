"""Tasks are known by what can change a verdict, and say what a solution has to define."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.bench.task import Task, TaskSet
from headgate.sandbox.model import File
from tests.bench.samples import doubling


@pytest.mark.parametrize(
    "change",
    [
        {"language": "javascript"},
        {"tests": (File("test_solution.py", b"other"),)},
        {"style": "asserts"},
        {"entry": "f"},
        {"support": "x = 1"},
        {"timeout_s": 1.0},
        {"memory_mb": 64},
        {"files": (File("data.csv", b"1"),)},
        {"packages": ("numpy",)},
    ],
)
def test_what_can_change_a_verdict_changes_the_digest(change: dict[str, Any]) -> None:
    assert doubling(**change).digest != doubling().digest


def test_what_is_only_asked_or_told_leaves_the_digest() -> None:
    told: dict[str, Any] = {
        "id": "other",
        "prompt": "other",
        "tags": ("a",),
        "reference": "",
        "mutants": (),
    }
    assert doubling(**told).digest == doubling().digest


def test_a_set_is_known_by_its_prompts_too() -> None:
    one = TaskSet(name="a", tasks=(doubling(),))
    other = TaskSet(name="b", tasks=(doubling(prompt="double it"),))
    assert one.digest != other.digest
    assert one.digest == msgspec.structs.replace(one, name="c").digest


@pytest.mark.parametrize(
    ("language", "tests", "names"),
    [
        ("python", "from solution import a, b\n", ("a", "b")),
        ("python", "from solution import (\n    a,\n    b,\n)\n", ("a", "b")),
        ("python", "import solution\n", ()),
        ("typescript", 'import { a, b } from "./solution";', ("a", "b")),
        ("go", "package solution\n", ()),
    ],
)
def test_names_are_read_from_the_tests(
    language: str, tests: str, names: tuple[str, ...]
) -> None:
    task = Task(id="t", language=language, prompt="p", tests=(File("t", tests.encode()),))
    assert task.names == names


def test_an_entry_is_the_only_name_that_counts() -> None:
    assert doubling(entry="f").names == ("f",)


def test_what_a_database_holds_is_part_of_what_a_verdict_is_made_of() -> None:
    kinds = (
        doubling(),
        doubling(database="postgresql"),
        doubling(database="postgresql", setup_sql="SELECT 1"),
        doubling(packages=("psycopg",)),
    )
    assert len({it.digest for it in kinds}) == len(kinds)
