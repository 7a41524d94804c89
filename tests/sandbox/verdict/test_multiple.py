"""MultiPL-E in TypeScript is judged as it is; an empty answer passes none of its tasks."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict.bench import LIMITS, accepted, files, missed, unsound, verdicts
from tests.sandbox.verdict.test_verdict_honest import needs

FILE = Path(__file__).parents[4] / "shared" / "data" / "multipl-e-humaneval-ts.jsonl.gz"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FILE.is_file(),
        reason=f"NOT RUN: MultiPL-E is not beside this checkout (shared/data/{FILE.name})",
    ),
]
COUNT, RIGHT = 159, 140
"""tasks, and those whose answer of one model is right"""
KNOWN = ("HumanEval_0_", "HumanEval_12_", "HumanEval_24_", "HumanEval_51_")
"""whose answer is right"""
FENCED = re.compile(r"```(?:typescript|ts)?\n(.*?)```", re.DOTALL)


def tasks(*, is_empty: bool) -> dict[str, Task]:
    needs("typescript")
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        rows = [json.loads(it) for it in lines]
    assert len(rows) == COUNT
    found = {}
    for row in rows:
        fenced = FENCED.search(row["gpt_solution"])
        code = fenced[1] if fenced else row["gpt_solution"]
        if is_empty:
            code = row["prompt"] + "\n  return undefined as any;\n}\n"
        found[row["name"]] = Task(
            language="typescript",
            candidate=files(("solution.ts", code)),
            tests=files(("tests.ts", row["tests"])),
            limits=LIMITS,
        )
    return found


def test_right_answers_pass_and_empty_ones_do_not() -> None:
    right = {k: it for k, it in tasks(is_empty=False).items() if k.startswith(KNOWN)}
    assert len(right) == len(KNOWN)
    assert missed(verdicts(right)) == {}
    found = verdicts({k: it for k, it in tasks(is_empty=True).items() if k in right})
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.soak
def test_every_task_is_judged_and_no_empty_answer_passes() -> None:
    found = verdicts(tasks(is_empty=False))
    assert len(accepted(found)) >= RIGHT
    assert unsound(found) == {}
    found = verdicts(tasks(is_empty=True))
    assert accepted(found) == []
    assert unsound(found) == {}
