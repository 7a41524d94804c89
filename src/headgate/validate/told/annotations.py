"""GitHub's annotations: the heaviest problems beside the lines, the rest in the summary.

Rule 1: GitHub shows ten of each level for a step and fifty for a job; the heaviest come first,
and what does not fit is told in the step's summary, never dropped.
Rule 2: whatever code or tools have printed stands between ::stop-commands:: and its token,
which nobody can guess: it cannot speak to the runner.
(https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md, 2026-11-20)
"""

from __future__ import annotations

from collections.abc import Sequence

from headgate.validate.problem import LEVELS, Level, Problem, cut, shown
from headgate.validate.told.report import Report

MOST_OF_LEVEL = 10
MOST_TEXT = 4_000
"""of one annotation, where 64 KiB are the end of it"""
_SUMMARY_ROWS, _SUMMARY_BYTES = 500, 900_000


def _text(value: str) -> str:
    whole = cut("\n".join(shown(it) for it in value.split("\n")), MOST_TEXT)
    return whole.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")


def annotate(report: Report) -> list[str]:
    """The lines that annotate, the heaviest first."""
    made = []
    for level in LEVELS:
        own = ranked(report.problems, level)
        made += [_annotation(it) for it in own[:MOST_OF_LEVEL]]
    return made


def ranked(problems: Sequence[Problem], level: Level) -> list[Problem]:
    """One of each file and rule before a second one of any."""
    rounds: dict[tuple[str, str], int] = {}
    order: list[tuple[int, int, Problem]] = []
    for it in problems:
        if it.level is level:
            key = (it.path, it.rule)
            rounds[key] = rounds.get(key, 0) + 1
            order.append((rounds[key], len(order), it))
    return [it for _, _, it in sorted(order, key=lambda it: it[:2])]


def _annotation(it: Problem) -> str:
    at = [f"file={_property(it.path)}"]
    if it.line:
        at.append(f"line={it.line}")
        at += [f"endLine={it.end_line}"] if it.end_line > it.line else []
        if it.column and it.end_line in (0, it.line):  # columns only hold within one line
            at.append(f"col={it.column}")
            at += [f"endColumn={it.end_column}"] if it.end_column > it.column else []
    title = f"{it.check}: {it.rule}" if it.rule else it.check
    at.append(f"title={_property(title)}")
    said = f"{it.message}\n{it.fix}" if it.fix else it.message
    return f"::{it.level.value} {','.join(at)}::{_text(said)}"


def fenced(said: str, token: str) -> str:
    """Words of strangers, which the runner is told not to obey."""
    return f"::stop-commands::{token}\n{said}\n::{token}::"


def harmless(said: str) -> str:
    """A line of ours, in which the runner would obey even the middle."""
    return said.replace("##[", "## [").replace("::", ": :")


def summary(report: Report) -> str:
    """What stands in $GITHUB_STEP_SUMMARY: every problem, as far as there is room."""
    counts = report.counts()
    head = [
        "## headgate validate",
        "",
        f"{counts['files']} files, {counts['error']} errors, {counts['warning']} warnings, "
        f"{counts['notice']} notices; {counts['skipped']} checks skipped, "
        f"{counts['broken']} could not be made.",
        "",
    ]
    if report.review:
        names = ", ".join(f"`{_cell(it)}`" for it in sorted(report.review))
        head += [f"**needs-human-review**: {names}", ""]
    rows = [_row(it) for level in LEVELS for it in ranked(report.problems, level)]
    kept, size = [], 0
    for row in rows[:_SUMMARY_ROWS]:
        size += len(row.encode())
        if size > _SUMMARY_BYTES:
            break
        kept.append(row)
    if kept:
        head += ["| file | line | level | rule | what |", "|---|---|---|---|---|", *kept]
    if len(kept) < len(rows):
        head += ["", f"{len(rows) - len(kept)} more are in the JSON, JUnit and SARIF outputs."]
    return "\n".join(head) + "\n"


def _row(it: Problem) -> str:
    what = f"{it.message} ({it.fix})" if it.fix else it.message
    cells = (shown(it.path), str(it.line or ""), it.level.value, it.rule or it.check, what)
    return "| " + " | ".join(_cell(one) for one in cells) + " |"


def _cell(text: str) -> str:
    flat = " ".join(shown(text).split())
    for letter in "\\`|<>[]":
        flat = flat.replace(letter, "\\" + letter)
    return flat[:300]
