"""Plans the judging of Python: the tests in the judge, the code in a process forked before it.

Rule 1: assertions, unittest and pytest are all judged from apart; there is no other mode.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from typing import Any

from headgate.sandbox.model import Refused, Runtime
from headgate.sandbox.verdict import bundle
from headgate.sandbox.verdict.model import Task

PARTS = (
    "known", "arrays", "tables", "records", "values", "enums", "installed", "errors", "lines",
    "awaiting", "doing", "peer", "empty", "naming", "checks", "watched", "lent",
    "derived", "modules", "runners", "standard", "surroundings", "judging", "obliging",
    "candidate", "practice", "seal", "apart",
)  # fmt: skip

FOREIGN = (
    (r"\bcapfd\w*\b", "use capsys"),
    (
        r"^[^\"'#\n]*\b(?:socket\.create_(?:connection|server)|(?:Threading)?HTTPServer"
        r"|(?:Threading)?(?:TCP|UDP)Server|asyncio\.(?:start_server|open_connection))\(",
        "no network is there, not even to itself: hand the code a fake of what it talks to",
    ),
)
"""what tests would look for in their own process, and what to do instead"""
MATCHES = re.compile(r"^\s*case\b", re.MULTILINE)
HEARD = {
    "logs": re.compile(r"\bcaplog\b|\bassert(?:No)?Logs\b|\blogging\b"),
    "warnings": re.compile(
        r"\bwarns\b|\bassertWarns\w*|\brecwarn\b|\bwarnings\b|\bdeprecated_call\b"
    ),
}
"""what tests listen for beside values and exceptions"""


def plan(task: Task, runtime: Runtime) -> tuple[bundle.Program, dict[str, Any]]:
    """The judge's program and what it is told."""
    candidate = {it.path: it.data.decode("utf-8", "replace") for it in task.candidate}
    tests = {it.path: it.data.decode("utf-8", "replace") for it in task.tests}
    refuse(tests, {_top(it) for it in candidate})
    if task.style == "asserts":
        candidate = {"solution.py": "\n".join(candidate.values())}
    return bundle.bundled(*PARTS), {
        "style": task.style if task.style == "asserts" else _runner(tests),
        "candidate": candidate,
        "tests": tests,
        "support": task.support,
        "entry": task.entry,
        "test_s": task.test_s,
        "heeds": [it for it, words in HEARD.items() if any(map(words.search, tests.values()))],
        "roots": ["", "src"] if any(path.startswith("src/") for path in candidate) else [""],
    }


def refuse(tests: dict[str, str], modules: Collection[str] = ()) -> None:
    """Tests that look at the judge's own process for what happens in the code's."""
    for path, text in tests.items():
        for pattern, remedy in FOREIGN:
            match = re.search(pattern, text, re.MULTILINE)
            if match:
                found = match[0].strip(" (").rpartition(" ")[2]
                raise Refused(f"{path} uses {found}, which is not there from apart", remedy)
        for name in sorted(_cases(text, modules)):
            raise Refused(
                f"{path} has a case of {name}, a class of the code, which is no type there",
                "ask isinstance, and compare the fields",
            )


def _cases(text: str, modules: Collection[str]) -> set[str]:
    """Classes of these modules that the tests match against."""
    if not MATCHES.search(text):
        return set()
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except SyntaxError:  # told when they are run
        return set()
    taken = {
        one.asname or one.name
        for it in nodes
        if isinstance(it, ast.ImportFrom) and (it.module or "").partition(".")[0] in modules
        for one in it.names
    }
    cases = {it.cls.id for it in nodes if _is_case(it)}  # type: ignore[attr-defined]
    return taken & cases


def _top(path: str) -> str:
    return path.removeprefix("src/").partition("/")[0].removesuffix(".py")


def _is_case(it: ast.AST) -> bool:
    return isinstance(it, ast.MatchClass) and isinstance(it.cls, ast.Name)


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
