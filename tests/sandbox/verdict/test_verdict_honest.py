"""Honest code passes whatever it uses, and the same code with a mistake does not."""

from __future__ import annotations

import importlib.util

import msgspec
import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.verdict.model import Task
from tests.sandbox.verdict import (
    honest,
    honest_built,
    honest_channels,
    honest_errors,
    honest_go,
    honest_kinds_go,
    honest_memory,
    honest_memory_go,
    honest_objects,
    honest_r,
    honest_rust,
    honest_shared,
    surveyed_go,
    surveyed_go_more,
)
from tests.sandbox.verdict.bench import LIMITS, accepted, files, missed, unsound, verdicts

pytestmark = pytest.mark.slow

NAMES = {
    "python": ("solution.py", "test_it.py"),
    "javascript": ("solution.js", "it.test.js"),
    "typescript": ("solution.ts", "it.test.ts"),
    "go": ("shop.go", "shop_test.go"),
    "rust": ("src/lib.rs", "tests.rs"),
    "r": ("solution.R", "test.R"),
}
TABLES = {
    "python": honest.PYTHON | honest_memory.PYTHON | honest_errors.PYTHON,
    "javascript": honest.JAVASCRIPT | honest_memory.JAVASCRIPT | honest_objects.JAVASCRIPT,
    "typescript": honest.TYPESCRIPT,
    "go": honest_built.GO
    | honest_go.GO
    | honest_channels.GO
    | honest_memory_go.GO
    | honest_kinds_go.GO
    | surveyed_go.GO
    | surveyed_go_more.GO,
    "rust": honest_built.RUST | honest_rust.RUST | honest_shared.RUST,
    "r": honest_r.R,
}
STEPS = {"go": 9, "rust": 5, "r": 3}
"""of languages that take long to judge, every so many pieces; all of them below"""


def needs(language: str) -> None:
    found = catalogue.look(language)
    if isinstance(found, Missing):
        pytest.skip(f"{found.what}: {found.remedy}")


def task(language: str, it: honest.Piece, code: str) -> Task:
    name, tests = NAMES[language]
    return Task(
        language=language,
        candidate=files((name, code)),
        tests=files((tests, it.tests)),
        style="runner" if it.style == "runner" else "asserts",
        entry=it.entry,
        support=it.support,
        limits=msgspec.structs.replace(LIMITS, wall_s=60.0) if language in STEPS else LIMITS,
    )


def held_to(language: str, pieces: dict[str, honest.Piece]) -> None:
    assert all(it.mistake[0] in it.code for it in pieces.values())
    found = verdicts({name: task(language, it, it.code) for name, it in pieces.items()})
    assert missed(found) == {}
    found = verdicts(
        {name: task(language, it, it.code.replace(*it.mistake)) for name, it in pieces.items()}
    )
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.parametrize("language", TABLES)
def test_honest_code_passes_and_code_with_a_mistake_does_not(language: str) -> None:
    needs(language)
    pieces = dict(list(TABLES[language].items())[:: STEPS.get(language, 1)])
    if language == "python" and importlib.util.find_spec("numpy"):
        pieces["numpy"] = honest.NUMPY
    held_to(language, pieces)


@pytest.mark.soak
@pytest.mark.parametrize("language", STEPS)
def test_all_honest_code_of_what_takes_long_is_judged_rightly(language: str) -> None:
    needs(language)
    held_to(language, dict(TABLES[language]))
