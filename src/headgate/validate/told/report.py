"""What came of a validation as a whole: counts, the exit code, who should look.

Rule 1: 0 everything that was asked passed; 1 something was found; 3 something could not be
checked and nothing was found; 2 is misuse, which never gets so far.
Rule 2: what was skipped for want of a tool changes the code only where tools are required.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from headgate.validate.problem import LEVELS, Level, Problem, State, Verdict
from headgate.validate.reply import WRONG_SYNTAX

OK, FINDINGS, MISUSE, UNCHECKED = 0, 1, 2, 3


class Report(msgspec.Struct, frozen=True):
    """All of it."""

    verdicts: tuple[Verdict, ...]
    sources: Mapping[str, bytes] = {}
    """what was checked, for excerpts"""
    review: Mapping[str, int] = {}
    """path -> attempts in a row that failed"""
    isolation: str = ""
    """the tier it ran in; "": everything was remembered"""
    seconds: float = 0.0
    require: bool = False
    fails_on: Level = Level.WARNING

    @property
    def problems(self) -> list[Problem]:
        """Every problem, file by file."""
        return sorted((it for v in self.verdicts for it in v.problems), key=lambda it: it.place)

    @property
    def missing(self) -> list[Verdict]:
        """What was skipped because something is not installed: one of each."""
        found: dict[tuple[str, str], Verdict] = {}
        for it in self.verdicts:
            if it.state is State.SKIPPED and it.note != WRONG_SYNTAX:
                found.setdefault((it.check, it.note), it)
        return list(found.values())

    @property
    def broken(self) -> list[Verdict]:
        """What could not be checked."""
        return [it for it in self.verdicts if it.state is State.BROKEN]

    def exit_code(self) -> int:
        """What the command ends with."""
        heavy = LEVELS[: LEVELS.index(self.fails_on) + 1]
        if any(it.level in heavy for it in self.problems):
            return FINDINGS
        if any(it.state is State.FAILED and not it.problems for it in self.verdicts):
            return FINDINGS
        return UNCHECKED if self.broken or (self.require and self.missing) else OK

    def counts(self) -> dict[str, int]:
        """How many verdicts of each state, and problems of each level."""
        states = Counter(it.state.value for it in self.verdicts)
        levels = Counter(it.level.value for it in self.problems)
        return {
            "files": len({it.path for it in self.verdicts}),
            **{state.value: states[state.value] for state in State},
            **{level.value: levels[level.value] for level in Level},
            "cached": sum(it.cached for it in self.verdicts),
        }


def by_path(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, list[Verdict]]]:
    """The verdicts of each file."""
    files: dict[str, list[Verdict]] = {}
    for it in verdicts:
        files.setdefault(it.path, []).append(it)
    yield from sorted(files.items())
