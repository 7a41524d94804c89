"""MultiPL-E's records become tasks in their language, and every one of them is judged."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headgate.bench.atfault import at_fault
from headgate.bench.extract import code_of
from headgate.bench.grade import Grade
from headgate.bench.judging import trial
from headgate.bench.proof import empty
from headgate.bench.reading.multiple import is_multiple, read_multiple
from headgate.bench.task import Rejected, Task
from headgate.sandbox import catalogue
from headgate.sandbox.model import Refused
from headgate.sandbox.verdict.judge import judge
from tests.bench.grading import graded
from tests.sandbox.verdict.test_verdict_honest import needs

ROW = {
    "name": "HumanEval_3_below_zero",
    "language": "rs",
    "prompt": "fn below_zero(operations: Vec<isize>) -> bool {\n",
    "tests": "}\n\nfn main() {\n    let candidate = below_zero;\n}\n",
    "stop_tokens": ["\n}"],
}
FOLDER = Path(__file__).parents[4] / "shared" / "data"
SETS = {"ts": ("typescript", 159, 139), "go": ("go", 154, 0), "rs": ("rust", 156, 0)}
"""by language: its name, how many tasks there are, how many of one model's answers are right"""
beside = pytest.mark.skipif(
    not (FOLDER / "multipl-e-humaneval-rs.jsonl.gz").is_file(),
    reason="NOT RUN: MultiPL-E is not beside this checkout (shared/data/multipl-e-humaneval-*)",
)
EVERY = 40
"""how far tasks that are judged each time lie apart"""


def records(kind: str) -> list[dict[str, Any]]:
    with gzip.open(FOLDER / f"multipl-e-humaneval-{kind}.jsonl.gz", "rt") as lines:
        return [json.loads(it) for it in lines]


def task_of(row: dict[str, Any]) -> Task:
    found = read_multiple(row)
    assert isinstance(found, Task)
    return found


def test_the_brace_that_closes_the_answer_is_not_the_tests() -> None:
    task = task_of(ROW)
    assert task.language == "rust"
    assert task.tests[0].data.startswith(b"fn main")


@pytest.mark.parametrize("kind", ["lua", "sh"])
def test_a_language_that_nobody_judges_is_told(kind: str) -> None:
    found = read_multiple(ROW | {"language": kind})
    assert isinstance(found, Rejected)
    assert found.why == f"no verdicts for {kind}"
    assert is_multiple(ROW)
    assert not is_multiple({"name": "x"})


@beside
@pytest.mark.slow
@pytest.mark.parametrize("kind", SETS)
def test_the_judging_of_every_task_can_be_planned(kind: str) -> None:
    language, count, _ = SETS[kind]
    needs(language)
    runtime = catalogue.runtime(language)
    rows = records(kind)
    assert len(rows) == count
    refused = {}
    for row in rows:
        task = task_of(row)
        try:
            judge(trial(task, empty(task)), runtime)
        except Refused as error:
            refused[task.id] = error.what
    assert refused == {}


@beside
@pytest.mark.slow
@pytest.mark.parametrize("kind", SETS)
def test_some_answers_of_a_model_are_graded(kind: str) -> None:
    needs(SETS[kind][0])
    grades = of_answers(records(kind)[::EVERY])
    assert grades[Grade.INFRASTRUCTURE] == 0
    assert grades[Grade.PASS] >= sum(grades.values()) // 2


@beside
@pytest.mark.soak
@pytest.mark.parametrize("kind", SETS)
def test_all_answers_of_a_model_are_graded_and_no_empty_one_passes(kind: str) -> None:
    language, count, right = SETS[kind]
    needs(language)
    grades = of_answers(records(kind))
    assert sum(grades.values()) == count
    assert grades[Grade.INFRASTRUCTURE] == 0
    assert grades[Grade.PASS] >= right
    tasks = [task_of(it) for it in records(kind)]
    found = graded([(it, empty(it)) for it in tasks])
    assert not any(it.is_right for it in found)
    assert [at_fault(*it) for it in zip(tasks, found, strict=True) if at_fault(*it)] == []


def of_answers(rows: list[dict[str, Any]]) -> Counter[Grade]:
    pairs = [(task_of(it), code_of(it["gpt_solution"], task_of(it)).code) for it in rows]
    return Counter(it.grade for it in graded(pairs))
