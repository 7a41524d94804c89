"""SARIF 2.1.0: a run for each check, with fingerprints that outlive moved lines.

Rule 1: a fingerprint is made of the file, the rule and the words of the line, not its number;
the same words again in one file are counted.
Rule 2: within what GitHub reads: 20 runs, 25,000 results of each, 10 MB; the heaviest come
first, and how many were left out is said in the run.
(https://docs.github.com/en/code-security/reference/code-scanning/sarif-support, 2026-11-20)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from headgate.validate.problem import LEVELS, Level, Problem, State, Verdict, cut, shown
from headgate.validate.told.report import Report

MOST_RUNS, MOST_RESULTS, MOST_BYTES = 20, 25_000, 10_000_000
MOST_TEXT = 10_000
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTICE: "note"}


def sarif(report: Report, version: str) -> bytes:
    """The whole document; smaller by half as often as it has to be."""
    most = MOST_RESULTS
    while True:
        document = msgspec.json.encode(_document(report, version, most))
        if len(document) <= MOST_BYTES or most <= 1:
            return document
        most //= 2


def _document(report: Report, version: str, most: int) -> dict[str, Any]:
    checks: dict[str, list[Verdict]] = {}
    for it in report.verdicts:
        checks.setdefault(it.check, []).append(it)
    ranked = sorted(
        checks.items(), key=lambda it: (-sum(len(v.problems) for v in it[1]), it[0])
    )
    kept, rest = ranked[: MOST_RUNS - 1], ranked[MOST_RUNS - 1 :]
    if len(rest) == 1:
        kept, rest = ranked, []
    if rest:
        kept = [*kept, ("other checks", [it for _, its in rest for it in its])]
    runs = [_run(name, its, report, (version, most)) for name, its in sorted(kept)]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(
    name: str, verdicts: Sequence[Verdict], report: Report, about: tuple[str, int]
) -> dict[str, Any]:
    version, most = about
    problems = sorted(
        (it for v in verdicts for it in v.problems),
        key=lambda it: (LEVELS.index(it.level), it.place),
    )
    prints = fingerprints(problems, report)
    taken = list(zip(problems, prints, strict=True))[:most]
    rules = sorted({_rule(it) for it, _ in taken})
    notes = [_note(it) for it in verdicts if it.state in (State.BROKEN, State.SKIPPED)]
    if len(taken) < len(problems):
        left = f"{len(problems) - len(taken):,} lighter results were left out for want of room"
        notes.append({"level": "warning", "message": {"text": left}})
    return {
        "tool": {
            "driver": {
                "name": f"headgate validate: {name}",
                "semanticVersion": version,
                "rules": [{"id": it} for it in rules],
            }
        },
        "automationDetails": {"id": f"headgate-validate/{name}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not any(it.state is State.BROKEN for it in verdicts),
                "toolExecutionNotifications": notes[:100],
            }
        ],
        "results": [_result(it, print_, rules) for it, print_ in taken],
    }


def address(path: str) -> str:
    """A name as an address, with the very bytes that the file system has."""
    try:
        name = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair: no file is called so
        name = path.encode("utf-8", "backslashreplace")
    return f"file://{quote(name)}" if path.startswith("/") else quote(name)


def _rule(it: Problem) -> str:
    return cut(it.rule or it.check, 200)


def _note(it: Verdict) -> dict[str, Any]:
    level = "error" if it.state is State.BROKEN else "note"
    return {"level": level, "message": {"text": cut(f"{shown(it.path)}: {it.note}", MOST_TEXT)}}


def _result(it: Problem, print_: str, rules: Sequence[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": address(it.path)}}
    if it.line:
        region = {"startLine": it.line, "startColumn": max(it.column, 1)}
        if (it.end_line, it.end_column) > (it.line, it.column) and it.end_column > 0:
            region |= {"endLine": it.end_line, "endColumn": it.end_column}
        place["region"] = region
    text = f"{it.message}. Remedy: {it.fix}" if it.fix else it.message
    return {
        "ruleId": _rule(it),
        "ruleIndex": rules.index(_rule(it)),
        "level": _LEVELS[it.level],
        "message": {"text": cut(text, MOST_TEXT) or "no words"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": print_},
    }


def fingerprints(problems: Iterable[Problem], report: Report) -> list[str]:
    """One for each problem, in their order."""
    lines = {path: data.split(b"\n") for path, data in report.sources.items()}
    seen: dict[str, int] = {}
    made = []
    for it in problems:
        own = lines.get(it.path, [])
        words = own[it.line - 1] if 0 < it.line <= len(own) else b""
        whole = hashlib.sha256()
        for part in (it.path, it.check, _rule(it)):
            whole.update(part.encode("utf-8", "surrogatepass") + b"\0")
        whole.update(b" ".join(words.split()))
        print_ = whole.hexdigest()[:16]
        seen[print_] = seen.get(print_, 0) + 1
        made.append(f"{print_}:{seen[print_]}")
    return made
