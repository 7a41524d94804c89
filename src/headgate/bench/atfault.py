"""Decides whether tests are at fault whatever the answer, by what came of an empty one.

Rule 1: only where no reference is known: one that passes shows that nothing is wrong with them.
Rule 2: only what no answer could mend counts: text that cannot be read, a package that is not
there, words that are not judged. A name that is not defined may be what was asked for.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from headgate.bench.bounds import COMPILED
from headgate.bench.grade import Grade, Graded
from headgate.bench.task import Task

_THROWN = r"^(SyntaxError: (?!.*(?:JSON|BigInt|regular expression|not provide an export)).*)"
"""of JavaScript, and not by what the tests call"""
UNREADABLE = {
    "python": r"^((?:Syntax|Indentation|Tab)Error: .*|the tests take more memory .*)",
    "javascript": _THROWN,
    "typescript": r"✘ \[ERROR\] (.*)\s+(\S+:\d+:\d+):|^(.*error TS1\d{3,4}: .*)|" + _THROWN,
    "go": r"^\W*(\S+_test\.go:\d+:\d+: (?:.*(?=[\s\S]*\[setup failed\])|syntax error: .*"
    r"|.* imported and not used|declared and not used: .*))",
    "rust": r"^error: ((?:expected|unexpected|mismatched|unknown start|unterminated).*)"
    r"[\s\S]*?^\s*\d+ \|(.*)|^error: (this file contains an un.*)",
    "r": r"^(<text>:\d+:\d+: unexpected .*)",
}
"""what is said of text that cannot be read, or not be built whatever stands beside it"""
MISSING = {
    "python": r"ModuleNotFoundError: No module named '([\w.]+)'",
    "javascript": r"Cannot find (?:module|package) '([^.'/][^']*)'",
    "typescript": r"Cannot find (?:module|package) '([^.'/][^']*)'",
    "r": r"the tests need the package (\S+)",
}
"""of Go it is among what cannot be built; of Rust a crate may be a module that was asked for"""
LONGEST = 300


def at_fault(task: Task, graded: Graded) -> str:
    """What is wrong with a task's tests, given what its empty answer got; "": nothing known."""
    if task.reference or graded.checks or graded.is_right:
        return ""
    said = graded.why.rpartition(" are at fault: ")[2]
    if graded.grade is Grade.REFUSED:
        return f"its tests cannot be judged: {said}"
    found = re.search(UNREADABLE.get(task.language, "$^"), said, re.MULTILINE)
    if found:
        words = " ".join(" ".join(filter(None, found.groups())).split())
        what = "do not compile" if task.language in COMPILED else "cannot be read"
        return f"its tests {what}: {words[:LONGEST]}"
    missing = re.search(MISSING.get(task.language, "$^"), said)
    if missing and missing[1].partition(".")[0] not in _own(task):
        return f"its tests need {missing[1]}, which is not there"
    return ""


def _own(task: Task) -> set[str]:
    """What an answer and the files beside it are called: tests may ask for more of these."""
    places = (PurePosixPath(it) for it in (task.path, *(file.path for file in task.files)))
    return {part for it in places for part in (*it.parts, it.stem)}
