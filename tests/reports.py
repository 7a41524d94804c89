"""What tests of outputs share: reports made of a few words."""

from __future__ import annotations

from headgate.validate.problem import Problem, Stage, State, Verdict, judged
from headgate.validate.told.report import Report

NASTY = "a\n::error::x\u202e]]>&<%,:|`.py"


def problem(path: str = "a.py", line: int = 1, **more: object) -> Problem:
    words = {"message": "no", "check": "ruff", "rule": "F401", "column": 1} | more
    return Problem(path=path, line=line, **words)  # type: ignore[arg-type] # a test's own words


def verdict(*problems: Problem, path: str = "a.py", check: str = "ruff") -> Verdict:
    return Verdict(path, check, Stage.LINT, judged(problems), problems, ms=2.0)


def other(state: State, path: str = "a.py", check: str = "ty") -> Verdict:
    return Verdict(path, check, Stage.TYPES, state, (), "ty is not installed", "pip install ty")


def report(*verdicts: Verdict, **sources: bytes) -> Report:
    return Report(verdicts, {name.replace("__", "."): data for name, data in sources.items()})
