"""What an answer was worth: the nine grades, and which of a judge's words makes which.

Rule 1: `infrastructure` never counts against a model: it is no observation of it at all.
Rule 2: an answer passes only by a sealed verdict; everything else needs a reason in words.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from headgate.sandbox.model import Status
from headgate.sandbox.verdict.model import Ending, Verdict


class Grade(StrEnum):
    """What an answer was worth."""

    PASS = "pass"  # noqa: S105 - a grade
    SYNTAX = "syntax error"
    COMPILE = "compile error"
    WRONG = "wrong"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    REFUSED = "refused"
    """the model declined, or its code reached for the judge"""
    NO_CODE = "no code"
    INFRASTRUCTURE = "infrastructure"
    """ours or the provider's: it says nothing about the model"""


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A grade and what led to it."""

    grade: Grade
    why: str = ""
    checks: int = 0
    """that were seen to run"""
    suspicion: tuple[str, ...] = ()
    ms: float = 0.0
    """of judging"""
    cached: bool = False

    @property
    def is_right(self) -> bool:
        return self.grade is Grade.PASS


_SYNTAX = re.compile(
    r"SyntaxError|IndentationError|syntax error|Unexpected (?:token|end|\")|[Ee]xpected .{1,40}"
    r" (?:but found|found)|^error: (?:expected|unexpected|this file contains an un|unterminated"
    r"|mismatched|unknown start)|unexpected (?:symbol|end of input|string|numeric)"
    r"|invalid (?:NUL|BOM|UTF-8|character) ",
    re.MULTILINE,
)
_READ = re.compile(r"^error\[E\d{4}\]", re.MULTILINE)
"""Rust numbers only errors of what it could read"""
_UNREADABLE = re.compile(r"^SyntaxError: (?!.*(?: JSON\b|BigInt))", re.MULTILINE)
"""of JavaScript, and not by what the code calls"""
_NO_ROOM = re.compile(r"\bMemoryError\b|JavaScript heap out of memory|cannot allocate vector")
_COMPILED = frozenset(("go", "rust", "typescript"))


def of_verdict(verdict: Verdict, language: str, ms: float = 0.0) -> Graded:
    """The grade of an answer that was judged."""
    grade = Grade.PASS if verdict.passed else _failed(verdict, language)
    return Graded(
        grade=grade,
        why=verdict.first_failure,
        checks=verdict.checks_seen,
        suspicion=verdict.suspicion,
        ms=ms,
    )


def _failed(verdict: Verdict, language: str) -> Grade:
    match verdict.ending:
        case Ending.BROKEN:
            return Grade.INFRASTRUCTURE
        case Ending.REFUSED:
            return Grade.REFUSED
        case Ending.BUILD:
            said = verdict.first_failure
            is_syntax = _SYNTAX.search(said) and not _READ.search(said)
            is_syntax = language not in _COMPILED or is_syntax
            return Grade.SYNTAX if is_syntax else Grade.COMPILE
        case Ending.SLOW:
            return Grade.TIMEOUT
        case Ending.LIMIT:
            return _limited(verdict.status)
        case _:
            return _raised(verdict, language)


def _raised(verdict: Verdict, language: str) -> Grade:
    """Of languages that find out what is wrong with code only when they run it; the judge of
    Python says by itself of what it cannot read."""
    is_raised = language != "python" and not verdict.checks_seen
    if is_raised and _UNREADABLE.search(verdict.first_failure):
        return Grade.SYNTAX
    return Grade.MEMORY if _NO_ROOM.search(verdict.first_failure) else Grade.WRONG


def _limited(status: Status) -> Grade:
    if status in (Status.WALL, Status.CPU):
        return Grade.TIMEOUT
    return Grade.MEMORY if status is Status.MEMORY else Grade.WRONG
