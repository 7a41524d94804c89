"""What is wrong with a configuration, and how it is told: all at once, each with its remedy.

Rule 1: a problem has a path (`providers.openai.base_url`) and, where it can be found, a line.
Rule 2: a hint is something the reader can do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from headgate.config.lines import index_lines

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration."""

    path: str
    what: str
    hint: str = ""
    line: int | None = None

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line else ""
        place = f"{self.path}{line}: " if self.path else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"  {place}{self.what}{hint}"


class ConfigError(ValueError):
    """The configuration cannot be used; `problems` holds every mistake found in it."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        if len(self.problems) == 1 and not self.problems[0].path:
            super().__init__(f"{source}: {str(self.problems[0]).strip()}")
            return
        count = len(self.problems)
        head = f"{source} has {'a mistake' if count == 1 else f'{count} mistakes'}"
        super().__init__("\n".join([head, *(str(problem) for problem in self.problems)]))


@dataclass(slots=True)
class Report:
    """Collects problems and notes while a text is read."""

    source: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _lines: dict[str, int] | None = None

    def wrong(self, path: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(path, what, hint, self._line(path)))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def settle(self) -> None:
        """Raise if anything was wrong; problems come in the order of the file."""
        if self.problems:
            ordered = sorted(self.problems, key=lambda problem: problem.line or 0)
            raise ConfigError(self.source, ordered)

    def _line(self, path: str) -> int | None:
        """The line of the path, or of the nearest thing around it that has one."""
        if self._lines is None:
            self._lines = index_lines(self.text)
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^.\[\]"]+', path)
        for count in range(len(parts), 0, -1):
            line = self._lines.get(".".join(parts[:count]))
            if line is not None:
                return line
        return None


def join(path: str, key: str) -> str:
    """The path of a key below another, quoted as TOML would."""
    own = quote(key)
    return f"{path}.{own}" if path else own


def quote(key: str) -> str:
    if _BARE.fullmatch(key):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty: none is near."""
    names = list(known)
    by_fold = {each.casefold().partition("-")[0]: each for each in reversed(names)}
    by_fold.update({each.casefold(): each for each in names})
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[near[0]] if near else ""


def meant(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what is known."""
    names = list(known)
    near = closest(name, names)
    if near:
        return f"did you mean '{near}'?"
    return f"known here: {', '.join(names)}" if names else ""
