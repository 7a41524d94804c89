"""Reads the oldest convention of all: `path:line:column: message`, one to a line.

Rule 1: a name is one of those that were asked about, so that a message cannot invent a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from headgate.validate.problem import Problem


class Spoken(NamedTuple):
    """A line that names a place."""

    path: str
    line: int
    column: int
    text: str


def bare(name: str) -> str:
    """A name as it was laid: tools put ./ or the work folder before it."""
    while name.startswith("./"):
        name = name[2:]
    return name


def own(files: Iterable[str]) -> Callable[[str], str]:
    """Finds which of the files a tool means; "": none of them."""
    names = {bare(it): it for it in files}

    def look(said: str) -> str:
        name = bare(said.strip())
        if name in names:
            return names[name]
        ends = [it for it in names if name.endswith("/" + it)]
        return names[max(ends, key=len)] if ends else ""

    return look


def spoken(text: str, pattern: re.Pattern[str], files: Iterable[str]) -> Iterator[Spoken]:
    """The lines that name a place; the pattern has path, line, text, and perhaps column."""
    look = own(files)
    for line in text.splitlines():
        found = pattern.match(line)
        if found is None or not (path := look(found["path"])):
            continue
        words = found.groupdict()
        column = words.get("column")
        yield Spoken(path, int(found["line"]), int(column or 0), found["text"].strip())


def placed(
    check: str,
    text: str,
    pattern: re.Pattern[str],
    files: Iterable[str],
    rule: str = "syntax",
) -> tuple[Problem, ...]:
    """A problem for each line that names a place; said twice it is one."""
    return tuple(
        Problem(it.path, it.text or "cannot be parsed", check, rule, it.line, it.column)
        for it in dict.fromkeys(spoken(text, pattern, files))
    )


PLACE = re.compile(r"^(?P<path>[^:]+):(?P<line>\d+):(?:(?P<column>\d+):?)? ?(?P<text>.+)$")
"""gofmt, go vet, shfmt, mypy, R"""
