"""Plans the judging of Python: the tests in the judge, the code in a process forked before it.

Rule 1: assertions, unittest and pytest are all judged from apart; there is no other mode.
"""

from __future__ import annotations

from typing import Any

from headgate.sandbox.model import Runtime
from headgate.sandbox.verdict import bundle
from headgate.sandbox.verdict.model import Task

PARTS = (
    "values", "errors", "peer", "checks", "watched", "lent", "modules", "runners", "judging",
    "candidate", "seal", "apart",
)  # fmt: skip


def plan(task: Task, runtime: Runtime) -> tuple[bytes, dict[str, Any]]:
    """The judge's program and what it is told."""
    candidate = {it.path: it.data.decode("utf-8", "replace") for it in task.candidate}
    tests = {it.path: it.data.decode("utf-8", "replace") for it in task.tests}
    if task.style == "asserts":
        candidate = {"solution.py": "\n".join(candidate.values())}
    return bundle.bundled(*PARTS), {
        "style": task.style if task.style == "asserts" else _runner(tests),
        "candidate": candidate,
        "tests": tests,
        "support": task.support,
        "entry": task.entry,
        "roots": ["", "src"] if any(path.startswith("src/") for path in candidate) else [""],
    }


def _runner(tests: dict[str, str]) -> str:
    """unittest where it is enough: pytest need not be there then."""
    is_plain = all(
        "import unittest" in text or "from unittest" in text or "def test" not in text
        for text in tests.values()
    )
    needs_pytest = any("pytest" in text for text in tests.values())
    return "unittest" if is_plain and not needs_pytest else "pytest"
