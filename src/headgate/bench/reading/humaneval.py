"""HumanEval, and HumanEval+ which brings inputs instead of tests.

Rule 1: an answer may go on where the prompt ends, or be whole: the prompt's own functions are
there for the tests in either case, and an answer cannot replace them.
Rule 2: where a record brings inputs and no tests, what its own solution gives is right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.bench.reading.rows import BadRows, text
from headgate.bench.task import Task
from headgate.sandbox.model import File

ASKED = (
    "Write the function `{entry}` in {language}. It begins so:\n\n```{language}\n{begin}\n```"
)
_CALLS = """
import copy as _copy
import math as _math

def _same(one, other):
    if isinstance(other, float) and isinstance(one, (int, float)):
        return one == other or _math.isclose(one, other, rel_tol=1e-7, abs_tol={atol!r})
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in other)
    return one == other

def check(candidate):
    for given in {inputs!r}:
        wanted = _wanted(*_copy.deepcopy(given))
        found = candidate(*_copy.deepcopy(given))
        assert _same(found, wanted), (given, found, wanted)
"""


def is_humaneval(row: Mapping[str, Any]) -> bool:
    return "canonical_solution" in row and "entry_point" in row and "declaration" not in row


def read_humaneval(row: Mapping[str, Any]) -> Task:
    """A task of HumanEval, or of HumanEval+."""
    prompt, entry = text(row, "prompt"), text(row, "entry_point")
    reference = prompt + text(row, "canonical_solution")
    support = prompt
    tests = text(row, "test", "")
    if not tests.strip() and ("base_input" in row or "plus_input" in row):
        inputs = [*(row.get("base_input") or ()), *(row.get("plus_input") or ())]
        if not inputs:
            raise BadRows("it has neither test nor inputs", "name base_input or plus_input")
        tests = _CALLS.format(inputs=inputs, atol=float(row.get("atol") or 0))
        support = re.sub(rf"\bdef {entry}\b", "def _wanted", reference)
        support += f"\n{entry} = _wanted\n"  # where it calls itself
    return Task(
        id=text(row, "task_id"),
        language="python",
        prompt=ASKED.format(entry=entry, language="python", begin=prompt.rstrip()),
        tests=(File("checks.py", tests.encode()),),
        style="asserts",
        entry=entry,
        support=support,
        lead=prompt,
        reference=reference,
        tags=("humaneval",),
    )
