"""An order carries tests and key over standard input, and nothing of them in its files."""

from __future__ import annotations

import json

import msgspec
import pytest

from headgate.sandbox.model import Database, Refused, Runtime
from headgate.sandbox.verdict.judge import PLANS, judge
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import files

TASK = Task(
    language="python",
    candidate=files(("solution.py", "def f(): return 1")),
    tests=files(("t.py", "assert f() == 'expected'")),
)
RUNTIME = Runtime("python", "3", "python")


def test_tests_and_key_are_not_among_the_files() -> None:
    order, _ = judge(TASK, RUNTIME)
    assert b"expected" in order.stdin
    assert all(b"'expected'" not in it.data for it in order.files)
    key = json.loads(order.stdin)["key"].encode()
    assert all(key not in it.data for it in order.files)


def test_each_order_has_its_own_key() -> None:
    keys = {json.loads(judge(TASK, RUNTIME)[0].stdin)["key"] for _ in range(5)}
    assert len(keys) == 5


def test_a_database_is_asked_for_by_the_order_and_known_to_nobody_before() -> None:
    wanted = Database(setup_sql="SELECT 1")
    order, _ = judge(msgspec.structs.replace(TASK, database=wanted), RUNTIME)
    assert order.database == wanted
    assert judge(TASK, RUNTIME)[0].database is None


def test_a_language_without_verdicts_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="no verdicts for cobol"):
        judge(Task(language="cobol", candidate=(), tests=()), RUNTIME)


@pytest.mark.parametrize("language", PLANS)
@pytest.mark.parametrize("path", ["../judge/it", "/it", "a/../../it"])
def test_a_file_of_the_code_that_leaves_its_folder_is_refused(language: str, path: str) -> None:
    task = msgspec.structs.replace(TASK, language=language, candidate=files((path, "")))
    with pytest.raises(Refused, match="leaves the folder of the code"):
        judge(task, RUNTIME)


def test_every_language_runs_its_judge_in_the_workers_python() -> None:
    assert {"python", "javascript", "typescript", "go", "rust", "r"} == set(PLANS)
