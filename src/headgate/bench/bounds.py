"""How long and how large the judging of an answer may be: a task's limits, test by test.

Rule 1: a task's time is for each of its tests; where the judge cannot stop one by itself, all
of them together get as many times that as there are.
Rule 2: a compiler takes its own time and room beside what the tests may take, and so does what
has to be started before the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headgate.bench.task import Task
from headgate.sandbox.model import File, Limits

BUILD_S, BUILD_MB = 60.0, 1024
START_S = 2.0
COMPILED = frozenset(("go", "rust"))
MOST_S = 170.0
"""of a judging: a little less than what the sandbox allows"""
MANY = re.compile(r"parametrize|hypothesis|subTest")
"""how many tests there are is known when they run"""
_JAVASCRIPT = re.compile(
    r"(?<![\w.$])(?:it|test|__test)(?:\.\w+)*\s*\("
    r"|^(?:export\s+)?(?:(?:async\s+)?function|const|let|var)\s+test_",
    re.MULTILINE,
)
_BEGINS = {
    "python": re.compile(r"^\s*(?:async\s+)?def\s+test", re.MULTILINE),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "go": re.compile(r"^func\s+Test\w*\s*\(", re.MULTILINE),
    "rust": re.compile(r"#\[(?:\w+::)*test\b"),
    "r": re.compile(
        r"\btest_that\s*\(|^(?:said_)?test_\w*\s*(?:<-|=)\s*function\b", re.MULTILINE
    ),
}
"""where a test begins, by the language; also one that returns true"""


def limits(task: Task, tests: Sequence[File]) -> Limits:
    """Of the judging of one answer; `tests` are what its runner gets."""
    if task.language not in COMPILED:
        return Limits(wall_s=_all_s(task, tests, MOST_S), memory_mb=task.memory_mb)
    return Limits(
        wall_s=_all_s(task, tests, MOST_S - BUILD_S) + BUILD_S,
        memory_mb=max(task.memory_mb, BUILD_MB),
        disk_mb=BUILD_MB,
        processes=256,
    )


def _all_s(task: Task, tests: Sequence[File], most: float) -> float:
    texts = [it.data.decode("utf-8", "replace") for it in tests]
    begins = _BEGINS.get(task.language)
    count = sum(len(begins.findall(it)) for it in texts) if begins else 1
    if task.language == "python" and any(MANY.search(it) for it in texts):
        return most
    return min(task.timeout_s * max(1, count) + START_S, most)
