"""Plans the judging of Python: the tests in the judge, the code in a process forked before it.

Rule 1: assertions, unittest and pytest are all judged from apart; there is no other mode.
"""

from __future__ import annotations

import re
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle
from headgate.sandbox.verdict.model import Task

PARTS = (
    "values", "errors", "peer", "empty", "checks", "watched", "lent", "modules", "runners",
    "judging", "candidate", "seal", "apart",
)  # fmt: skip

FOREIGN = (
    (r"\bcaplog\b|\bassertLogs\b", "test what the code returns or prints (capsys)"),
    (r"\bpytest\.warns\b|\bassertWarns\w*|\brecwarn\b", "test what it returns or raises"),
    (r"\bcapfd\w*\b", "use capsys"),
    (r"\b(?:asdict|astuple)\(", "test the attributes themselves"),
)
"""what tests would look for in their own process, and what to do instead"""
STANDARD = frozenset(["builtins", "io", "os", "random", "socket", "subprocess", "sys", "time"])
_PATCHED = re.compile(r"""\b(?:patch|setattr)(?:\.object)?\(\s*['"]?(\w+)(?:\.\w|['"]?\s*,)""")


def plan(task: Task, runtime: Runtime) -> tuple[bytes, dict[str, Any]]:
    """The judge's program and what it is told."""
    candidate = {it.path: it.data.decode("utf-8", "replace") for it in task.candidate}
    tests = {it.path: it.data.decode("utf-8", "replace") for it in task.tests}
    refuse(candidate, tests)
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


def refuse(candidate: dict[str, str], tests: dict[str, str]) -> None:
    """Tests that look at the judge's own process for what happens in the code's."""
    tops = {it.removeprefix("src/").partition("/")[0].removesuffix(".py") for it in candidate}
    for path, text in tests.items():
        for pattern, remedy in FOREIGN:
            match = re.search(pattern, text, re.MULTILINE)
            if match:
                raise Refused(
                    f"{path} uses {match[0].strip(' (')}, seen in one process", remedy
                )
        for match in _PATCHED.finditer(text):
            if match[1] in STANDARD and match[1] not in tops:
                raise Refused(
                    f"{path} patches {match[1]}, which the code has a copy of in its process",
                    f"patch it where the code uses it, such as solution.{match[1]}",
                )


def _runner(tests: dict[str, str]) -> str:
    """unittest where it is enough: pytest need not be there then."""
    is_plain = all(
        "TestCase" in text or not re.search(r"^\s*(async\s+)?def test", text, re.MULTILINE)
        for text in tests.values()
    ) and not any(
        re.search(r"^(async\s+)?def test", text, re.MULTILINE) for text in tests.values()
    )
    needs_pytest = any("pytest" in text for text in tests.values())
    return "unittest" if is_plain and not needs_pytest else "pytest"
