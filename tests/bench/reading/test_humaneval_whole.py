"""HumanEval as a benchmark: whatever way a right answer is written, it passes."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.bench.extract import code_of
from headgate.bench.proof import empty
from headgate.bench.reading.dataset import read
from headgate.bench.reading.humaneval import read_humaneval
from headgate.bench.task import Task
from tests.bench.grading import graded
from tests.bench.reading.humaneval_set import COUNT, FILE, beside, records

EVERY = 20
"""how far tasks that are judged each time lie apart"""
pytestmark = [beside, pytest.mark.slow]


def replies(row: dict[str, Any]) -> dict[str, str]:
    """The same right answer in every manner."""
    body = row["canonical_solution"].rstrip()
    whole = row["prompt"] + body
    lone = "def " + whole.rpartition("\ndef ")[2] if "\ndef " in whole else whole
    return {
        "a body": body,
        "a body in a fence": f"```python\n{body}\n```",
        "the prompt and its end": whole,
        "the prompt and its end in a fence": f"Here it is:\n\n```python\n{whole}\n```\nDone.",
        "only the function": f"```python\n{lone}\n```",
        "a body that a chat has trimmed": body.strip(),
    }


def missed(rows: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    cases: dict[tuple[str, str], tuple[Task, str]] = {}
    for row in rows:
        task = read_humaneval(row)
        for manner, reply in replies(row).items():
            cases[task.id, manner] = task, code_of(reply, task).code
    found = dict(zip(cases, graded(list(cases.values())), strict=True))
    return {at: it.why for at, it in found.items() if not it.is_right}


def test_every_task_is_read_and_none_is_rejected() -> None:
    found = read(FILE)
    assert (len(found.tasks), found.rejected) == (COUNT, ())


def test_right_answers_pass_in_every_manner() -> None:
    assert missed(records()[::EVERY]) == {}


def test_an_answer_that_does_nothing_passes_none() -> None:
    tasks = [read_humaneval(it) for it in records()[::EVERY]]
    assert not any(it.is_right for it in graded([(it, empty(it)) for it in tasks]))


@pytest.mark.soak
def test_all_right_answers_pass_in_every_manner() -> None:
    assert missed(records()) == {}
