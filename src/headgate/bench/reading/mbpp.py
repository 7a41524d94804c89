"""MBPP, and MBPP+ where it brings a whole test: a sentence, a solution, a list of assertions.

Rule 1: the assertions are shown with the task, for only they say what the function is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.bench.reading.rows import text, texts
from headgate.bench.task import Task
from headgate.sandbox.model import File

SHOWN = 3
"""assertions that are shown with the task, as the set's own authors do"""


def is_mbpp(row: Mapping[str, Any]) -> bool:
    return "test_list" in row and "code" in row


def read_mbpp(row: Mapping[str, Any]) -> Task:
    """A task of MBPP, sanitised or not."""
    asked = (text(row, "prompt", "") or text(row, "text")).strip()
    listed = texts(row, "test_list")
    shown = "\n".join(listed[:SHOWN])
    imports = "\n".join(texts(row, "test_imports"))
    whole = text(row, "test", "") or "\n".join([*listed, *texts(row, "challenge_test_list")])
    parts = (imports, text(row, "test_setup_code", ""), whole)
    return Task(
        id=f"MBPP/{text(row, 'task_id')}",
        language="python",
        prompt=f"{asked}\n\nIt has to pass these:\n\n```python\n{shown}\n```",
        tests=(File("checks.py", "\n".join(it for it in parts if it).encode()),),
        style="asserts",
        reference=text(row, "code").replace("\r\n", "\n"),
        tags=("mbpp",),
    )
