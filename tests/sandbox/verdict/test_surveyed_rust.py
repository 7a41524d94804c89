"""Everyday Rust signatures: right answers pass, and three mistakes in each do not."""

from __future__ import annotations

import re

import msgspec
import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict import (
    rust_tricks,
    surveyed_rust,
    surveyed_rust_generic,
    surveyed_rust_more,
)
from tests.sandbox.verdict.bench import LIMITS, accepted, files, missed, unsound, verdicts
from tests.sandbox.verdict.surveyed_rust import Surveyed

pytestmark = pytest.mark.slow

ALL = surveyed_rust.RETURNED | surveyed_rust_more.HELD | surveyed_rust_generic.GENERIC
TOGETHER = (
    "closures as results", "boxed iterators as results",
    "what can be changed inside of a result", "a parser that borrows its text",
    "a bus that keeps callbacks", "an order of its own in a heap", "constants as parameters",
    "calls at the same time", "equality of its own",
)  # fmt: skip
"""judged in one go, each in a module of its own"""
SEEN = {
    "equality of its own": "use std::collections::HashSet;",
    "an order of its own in a heap": "use std::{cmp::Ordering, collections::BinaryHeap};",
}
"""what the tests took from beside the code"""


def task(code: str, tests: str) -> Task:
    found = catalogue.look("rust")
    if isinstance(found, Missing):
        pytest.skip(f"{found.what}: {found.remedy}")
    return Task(
        language="rust",
        candidate=files(("src/lib.rs", code)),
        tests=files(("tests.rs", tests)),
        style="runner",
        limits=msgspec.structs.replace(LIMITS, wall_s=90.0),
    )


def mistaken(it: Surveyed, at: int) -> str:
    assert it.wrong[at][0] in it.code
    return it.code.replace(*it.wrong[at], 1)


def together(wrong: str = "") -> Task:
    code, tests = [], []
    for at, name in enumerate(TOGETHER):
        it = ALL[name]
        code.append(f"pub mod p{at} {{\n{mistaken(it, 0) if name == wrong else it.code}\n}}")
        text = re.sub(r"#\[cfg\(test\)\]\nmod tests", f"mod t{at}", it.tests)
        tests.append(
            text.replace("use super::*;", f"use solution::p{at}::*; {SEEN.get(name, '')}")
        )
    return task("\n".join(code), "\n".join(tests))


def test_some_signatures_of_everyday_rust_are_judged_rightly() -> None:
    """Only the last has a mistake: the failure that is told is the first of all."""
    found = verdicts({"it": together(wrong=TOGETHER[-1])})
    assert accepted(found) == []
    assert missed(found)["it"].startswith(f"failed: t{len(TOGETHER) - 1}::")


@pytest.mark.soak
def test_all_these_in_one_go_are_judged_rightly() -> None:
    assert missed(verdicts({"it": together()})) == {}


@pytest.mark.soak
def test_all_signatures_of_everyday_rust_are_judged_rightly() -> None:
    assert len(ALL) == 25
    assert missed(verdicts({name: task(it.code, it.tests) for name, it in ALL.items()})) == {}


@pytest.mark.soak
def test_no_mistake_in_everyday_rust_is_accepted() -> None:
    wrong = {
        f"{name} {at}": task(mistaken(it, at), it.tests)
        for name, it in ALL.items() for at in range(len(it.wrong))
    }  # fmt: skip
    assert len(wrong) == 3 * len(ALL)
    found = verdicts(wrong)
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.soak
def test_that_values_are_equal_which_differ_is_not_believed() -> None:
    it = rust_tricks.REMEMBERING
    found = verdicts({"it": task(it.code, it.tests)})
    assert accepted(found) == []
    assert "compare its fields" in missed(found)["it"]
