"""Reads unified differences: a file that a formatter would write otherwise is one problem.

Rule 1: it lies at the first line that changes, and says how many do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from headgate.validate.problem import Problem
from headgate.validate.reading.lines import own

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_STAMP = re.compile(r"\t.*$")
_ENDINGS = (".orig",)


class Change(NamedTuple):
    """What a formatter would change in a file."""

    path: str
    line: int
    lines: int


def changes(text: str) -> Iterator[Change]:
    """Each file of a unified difference; what a hunk holds is known by its counts."""
    path, first, count = "", 0, 0
    at = old = new = 0
    for line in text.splitlines():
        mark = line[:1] or " "
        if old > 0 or new > 0:
            if mark in "+-":
                first, count = first or max(at, 1), count + (mark == "-")
            at, old, new = at + (mark in " -"), old - (mark in " -"), new - (mark in " +")
        elif (hunk := _HUNK.match(line)) is not None:
            at, old, new = int(hunk[1]), int(hunk[2] or 1), int(hunk[3] or 1)
        elif line.startswith("--- "):
            if first:
                yield Change(path, first, max(count, 1))
            path, first, count = _name(line[4:]), 0, 0
    if first:
        yield Change(path, first, max(count, 1))


def _name(text: str) -> str:
    name = _STAMP.sub("", text).strip()
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


def unformatted(check: str, text: str, fix: str, files: Iterable[str]) -> tuple[Problem, ...]:
    """A problem for each of the files that would be written otherwise."""
    look, made = own(files), []
    for it in changes(text):
        if path := look(it.path):
            counted = f"{it.lines} {'line' if it.lines == 1 else 'lines'} from here on"
            one = otherwise(check, path, fix, it.line)
            made.append(msgspec.structs.replace(one, message=f"{one.message}, {counted}"))
    return tuple(made)


def otherwise(check: str, path: str, fix: str, line: int = 0) -> Problem:
    """What every formatter says of a file."""
    return Problem(path, "would be formatted otherwise", check, "format", line, fix=fix)
