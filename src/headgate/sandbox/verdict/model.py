"""What is to be judged and what the judge says of it: the words of verdicts.

Rule 1: `passed` is true only if a sealed report says that a check ran and that all passed.
Rule 2: what went wrong on our side is never told as a failure of the code.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from headgate.sandbox.model import Database, File, Limits, Status

Style = Literal["asserts", "runner"]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Code and the tests that it is to pass."""

    language: str
    candidate: tuple[File, ...]
    tests: tuple[File, ...]
    style: Style = "asserts"
    """asserts: source that checks as it runs; runner: files of the language's test runner"""
    entry: str = ""
    """of `asserts`: the function that is handed to check(candidate)"""
    support: str = ""
    """of `asserts`: code that the tests rely on and the candidate must not replace"""
    limits: Limits = Limits()
    test_s: float = 0.0
    """for each test, where the judge sees it begin (Python); 0: the whole's limit alone"""
    database: Database | None = None
    """that code and tests both reach; what it says decides nothing by itself"""


class Ending(StrEnum):
    """How a judging ended."""

    PASSED = "passed"
    FAILED = "failed"
    """a check did not pass, or the code raised"""
    NO_CHECKS = "no_checks"
    """nothing failed, and nothing was checked either"""
    ENDED = "ended"
    """the code ended its process, or sent what no honest code sends"""
    BUILD = "build_failed"
    REFUSED = "refused"
    """the code holds something that could reach the judge"""
    UNTESTABLE = "untestable"
    """the tests themselves do not compile, or need what is not there"""
    SLOW = "slow"
    """a test took longer than `Task.test_s`"""
    LIMIT = "limit"
    """a limit ended the run: `status` says which"""
    SILENT = "silent"
    """the judge was ended before it could report"""
    BROKEN = "broken"
    """ours: says nothing about the code"""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge saw."""

    passed: bool
    checks_seen: int = 0
    checks_passed: int = 0
    first_failure: str = ""
    status: Status
    ending: Ending
    suspicion: tuple[str, ...] = ()
    """what only code that wants to deceive does, in words"""
    apart: bool = True
    """the code ran in another process than the tests"""
    output: str = ""
    """the beginning of what tests and code printed; never read for the verdict"""
