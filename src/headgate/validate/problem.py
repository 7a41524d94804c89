"""What a check says of a file: a problem with its place, and a verdict for each pair of them.

Rule 1: a check that could not run, or whose words could not be read, says nothing of the code:
its verdict is `skipped` or `broken`, never `passed` and never `failed`.
Rule 2: lines and columns count from 1; 0: the whole file.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


LEVELS = tuple(Level)
"""the heaviest first"""


class State(StrEnum):
    """What came of a check of a file."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """it was not asked: its tool is missing, or the file cannot be read as its language"""
    BROKEN = "broken"
    """ours, the tool's or the machine's fault: nothing is known of the code"""


class Stage(StrEnum):
    """What a check is about, in the order they are told."""

    SYNTAX = "syntax"
    FORMAT = "format"
    LINT = "lint"
    TYPES = "types"
    TESTS = "tests"


STAGES = tuple(Stage)
NOT_COMPILED = "not-compiled"
"""the rule of a problem that says why there are no others"""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a file."""

    path: str
    message: str
    check: str
    rule: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    level: Level = Level.ERROR
    fix: str = ""
    """what repairs it, in words or as a command"""

    @property
    def place(self) -> tuple[str, int, int, str, str]:
        """What it is sorted by."""
        return self.path, self.line, self.column, self.check, self.rule


class Verdict(msgspec.Struct, frozen=True):
    """What a check says of a file."""

    path: str
    check: str
    stage: Stage
    state: State
    problems: tuple[Problem, ...] = ()
    note: str = ""
    """why it was skipped or broken; of tests: what was counted"""
    remedy: str = ""
    ms: float = 0.0
    """a check of several files at once: its share"""
    cached: bool = False


def judged(problems: tuple[Problem, ...], least: Level = Level.WARNING) -> State:
    """Failed if a problem weighs at least so much."""
    heavy = LEVELS[: LEVELS.index(least) + 1]
    return State.FAILED if any(it.level in heavy for it in problems) else State.PASSED


def shown(path: str) -> str:
    """A name that can be printed: line breaks and marks that turn the line are spelled out."""
    if path.isprintable():
        return path
    spelled = (it if it.isprintable() else ascii(it)[1:-1] for it in path)
    return "".join(spelled)


def cut(text: str, most: int) -> str:
    """Words that any encoding holds and any reader takes: what is left out is said."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    left = len(whole) - most
    return whole if left <= 0 else f"{whole[:most]}… ({left:,} more)"
