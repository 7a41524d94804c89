"""Whether a file is text at all, and hides nothing from whoever reads it.

Rule 1: this alone is looked at outside the sandbox: bytes are counted, nothing is parsed.
Rule 2: marks that make a line read otherwise than it runs are errors, in comments too.
"""

from __future__ import annotations

from headgate.validate.problem import Level, Problem, Stage, Verdict, judged
from headgate.validate.project import Source

NAME = "text"
TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""what Unicode has for turning the direction of text around"""
REMEDY = "save it as UTF-8"


def look(source: Source) -> Verdict:
    """Its verdict; a file that is no text gets no other."""
    problems = tuple(_wrong(source))
    return Verdict(source.path, NAME, Stage.SYNTAX, judged(problems), problems)


def _wrong(source: Source) -> list[Problem]:
    data = source.data
    if b"\0" in data:
        at = data.index(b"\0")
        return [_problem(source, at, "no-text", f"is no text: byte 0 at offset {at}", REMEDY)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is no UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        return [_problem(source, error.start, "no-utf8", what, REMEDY)]
    if TURNING.isdisjoint(text):
        return []
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for column, letter in enumerate(line, 1):
            if letter in TURNING:
                what = f"U+{ord(letter):04X} makes this line read otherwise than it runs"
                fix = "write it as an escape, or remove it"
                found.append(Problem(source.path, what, NAME, "bidi", number, column, fix=fix))
                break
    return found


def _problem(source: Source, at: int, rule: str, what: str, fix: str) -> Problem:
    line = source.data.count(b"\n", 0, at) + 1
    return Problem(source.path, what, NAME, rule, line, level=Level.ERROR, fix=fix)
