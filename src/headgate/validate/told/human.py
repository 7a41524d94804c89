"""What a person reads: the place, the rule, the words, the line itself, and the remedy.

Rule 1: nothing that a file or a tool says steers the terminal: it is spelled out.
Rule 2: without colour everything is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headgate.validate.problem import Problem, State, Verdict, shown
from headgate.validate.told.report import Report

WIDEST = 100
MOST_NAMED = 3
_TAB = "    "


def human(report: Report) -> Iterator[str]:
    """Line by line."""
    lines: dict[str, list[str]] = {}
    for it in report.problems:
        if it.path not in lines:
            data = report.sources.get(it.path, b"")
            lines[it.path] = data.decode("utf-8", "replace").split("\n")
        yield from _problem(it, lines[it.path])
    yield from _unmade(report.broken)
    for path, times in sorted(report.review.items()):
        yield f"{shown(path)}: needs-human-review: {times} attempts in a row have failed"


def _unmade(broken: Iterable[Verdict]) -> Iterator[str]:
    """What could not be made: for one reason once, however many checks it kept from being."""
    alike: dict[tuple[str, str], list[Verdict]] = {}
    for it in broken:
        alike.setdefault((it.note, it.remedy), []).append(it)
    for (note, remedy), those in alike.items():
        paths = list(dict.fromkeys(shown(it.path) for it in those))
        checks = ", ".join(dict.fromkeys(it.check for it in those))
        more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
        where = ", ".join(paths[:MOST_NAMED]) + more
        yield f"{where}: {checks} could not be made: {plain(note)}"
        if remedy:
            yield f"  remedy: {plain(remedy)}"


def _problem(it: Problem, lines: list[str]) -> Iterator[str]:
    place = shown(it.path) + (f":{it.line}" if it.line else "")
    place += f":{it.column}" if it.line and it.column else ""
    rule = f"{it.check} {it.rule}" if it.rule else it.check
    level = "" if it.level == "error" else f"{it.level.value}: "
    yield f"{place}: {level}{plain(it.message)} [{rule}]"
    if 0 < it.line <= len(lines) and lines[it.line - 1].strip():
        yield from _excerpt(it, lines[it.line - 1])
    if it.fix:
        yield f"  remedy: {plain(it.fix)}"


def _excerpt(it: Problem, line: str) -> Iterator[str]:
    column = min(max(it.column, 1), len(line) + 1)
    from_ = max(0, column - WIDEST // 2) if len(line) > WIDEST else 0
    text = line[from_ : from_ + WIDEST]
    number = f"{it.line:>5} | "
    yield number + plain(text.replace("\t", _TAB))
    if not it.column:
        return
    before = len(plain(line[from_ : column - 1].replace("\t", _TAB)))
    width = it.end_column - it.column if it.end_line in (0, it.line) else 1
    width = max(1, min(width, len(line) - column + 1, WIDEST))
    yield " " * (len(number) - 2) + "| " + " " * before + "^" * width


def plain(text: str) -> str:
    """Words that cannot steer a terminal."""
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in text)


def closing(report: Report) -> str:
    """The last line: what was done and what came of it."""
    counts = report.counts()
    if not report.verdicts:
        return f"nothing to check, {report.seconds:.2f} s"
    files = f"{counts['files']} file{'' if counts['files'] == 1 else 's'}"
    states = [(it, counts[it.value]) for it in State if counts[it.value]]
    said = ", ".join(f"{count} {state.value}" for state, count in states)
    where = f" in the {report.isolation} sandbox" if report.isolation else ""
    cached = f", {counts['cached']} remembered" if counts["cached"] else ""
    return f"{files}: checks {said}{cached}{where}, {report.seconds:.2f} s"


def missing(report: Report) -> Iterator[str]:
    """What was skipped for want of a tool, with its remedy."""
    for it in report.missing:
        remedy = f": {it.remedy}" if it.remedy else ""
        yield f"skipped: {it.check} ({plain(it.note)}){remedy}"
