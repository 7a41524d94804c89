"""JUnit's XML: a suite for each file, a case for each check of it.

Rule 1: what XML cannot hold is spelled out, so that no name or message breaks the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from headgate.validate.problem import Problem, State, Verdict, cut, shown
from headgate.validate.told.report import Report, by_path

MOST_NAME, MOST_TEXT = 1_000, 60_000
"""readers keep attributes in columns, and refuse text nodes without end"""
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _clean(text: str) -> str:
    return _IMPOSSIBLE.sub(lambda it: ascii(it[0])[1:-1], text)


def _named(value: str) -> str:
    return quoteattr(
        _clean(cut(value, MOST_NAME)), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    )


def junit(report: Report) -> str:
    """The whole document."""
    suites = [_suite(path, its) for path, its in by_path(report.verdicts)]
    head = f'<testsuites name="headgate validate" {_sums(report.verdicts)}>'
    return "\n".join(
        ('<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>\n")
    )


def _sums(verdicts: Iterable[Verdict]) -> str:
    its = list(verdicts)
    count = {state: sum(it.state is state for it in its) for state in State}
    seconds = sum(it.ms for it in its) / 1000
    return (
        f'tests="{len(its)}" failures="{count[State.FAILED]}" errors="{count[State.BROKEN]}" '
        f'skipped="{count[State.SKIPPED]}" time="{seconds:.3f}"'
    )


def _suite(path: str, verdicts: list[Verdict]) -> str:
    cases = "\n".join(_case(path, it) for it in verdicts)
    return f"<testsuite name={_named(shown(path))} {_sums(verdicts)}>\n{cases}\n</testsuite>"


def _case(path: str, it: Verdict) -> str:
    head = (
        f"<testcase classname={_named(shown(path))} name={_named(it.check)} "
        f'file={_named(shown(path))} time="{it.ms / 1000:.3f}"'
    )
    body = _body(it)
    return f"{head}>{body}</testcase>" if body else f"{head}/>"


def _body(it: Verdict) -> str:
    if it.state is State.FAILED:
        said = "\n".join(_line(one) for one in it.problems) or it.note
        first = it.problems[0].message if it.problems else it.note
        return (
            f"<failure type={_named(it.stage.value)} message={_named(first)}>"
            f"{escape(_clean(cut(said, MOST_TEXT)))}</failure>"
        )
    why = f"{it.note}; {it.remedy}" if it.remedy else it.note
    if it.state is State.SKIPPED:
        return f"<skipped message={_named(why)}/>"
    if it.state is State.BROKEN:
        return f'<error type="unchecked" message={_named(why)}/>'
    return ""


def _line(it: Problem) -> str:
    return f"{shown(it.path)}:{it.line}:{it.column}: {it.level.value}: {it.rule} {it.message}"
