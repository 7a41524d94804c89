"""What tests of outputs share: reports made of a few words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from headgate.validate.problem import Level, Problem, Stage, State, Verdict, judged
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


NASTY_BITS = (
    *("a\0b\x01\x1f\x7f\x85", "]]>", "<![CDATA[", "a\nb\r\nc", "\u202eevil", "\ud800", "<b>"),
    *("\ufffe\uffff", "x" * 70_000, "::error::x\n::add-mask::b", "##[add-mask]x", "%0A%", ""),
    *("\U0001f600", "&amp;&#0;", "a b#c?d%e:f.py", "/abs/path.py", "../up.py", "C:\\x.py"),
    *("\udcff.py", "|`*"),
)
LEVELS = ("none", "note", "warning", "error")
hostile = st.one_of(
    st.sampled_from(NASTY_BITS),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=40),
)
"""names and words as nobody should choose them, with halves of pairs too"""


def hostile_problems() -> st.SearchStrategy[Problem]:
    number = st.sampled_from((0, 1, 2, 9, 2**31))
    return st.builds(
        Problem, hostile, hostile, st.just("ruff"), hostile, number, number, number, number,
        st.sampled_from(Level), hostile,
    )  # fmt: skip


def sarif_faults(document: Any) -> Iterator[str]:
    """What the schema of SARIF 2.1.0 and GitHub would refuse of what we write."""
    if document["version"] != "2.1.0" or not document["$schema"].startswith("https://"):
        yield "version"
    if len(document["runs"]) > 20:
        yield "runs"
    if len({it["automationDetails"]["id"] for it in document["runs"]}) < len(document["runs"]):
        yield "two runs of one category"
    for run in document["runs"]:
        rules = [it["id"] for it in run["tool"]["driver"]["rules"]]
        if len(rules) != len(set(rules)) or not run["tool"]["driver"]["name"]:
            yield "rules"
        for it in run["invocations"][0]["toolExecutionNotifications"]:
            if (
                it["level"] not in ("none", "note", "warning", "error")
                or not it["message"]["text"]
            ):
                yield f"notification {it}"
        if len(run["results"]) > 25_000:
            yield "results"
        for it in run["results"]:
            yield from _result_faults(it, rules)


def _result_faults(it: Any, rules: list[str]) -> Iterator[str]:
    if rules[it["ruleIndex"]] != it["ruleId"] or len(it["ruleId"]) > 255:
        yield "rule"
    if it["level"] not in LEVELS or not it["message"]["text"]:
        yield f"result {it}"
    if not re.fullmatch(
        r"[0-9a-f]{16}:\d+", it["partialFingerprints"]["primaryLocationLineHash"]
    ):
        yield "fingerprint"
    (place,) = (one["physicalLocation"] for one in it["locations"])
    if not re.fullmatch(r"[\w.~%/:@!$&'()*+,;=-]*", place["artifactLocation"]["uri"], re.ASCII):
        yield f"address {place}"
    region = place.get("region", {"startLine": 1})
    if any(type(one) is not int or one < 1 for one in region.values()):
        yield f"region {region}"
    ends = region.get("endLine", region["startLine"]), region.get("endColumn", 10**10)
    if ends < (region["startLine"], region.get("startColumn", 1)):
        yield f"region {region} ends before it begins"
