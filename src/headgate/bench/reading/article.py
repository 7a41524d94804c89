"""The shape of `id, language, prompt, test_code`: each `test_*` function returns exactly true.

Rule 1: a test that has no such function, or does not compile, is named and refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.bench.reading.rows import BadRows, text, texts
from headgate.bench.returning import names_of
from headgate.bench.task import TESTS, Rejected, Task
from headgate.sandbox import catalogue
from headgate.sandbox.model import File, Refused


def is_article(row: Mapping[str, Any]) -> bool:
    return "test_code" in row


def read_article(row: Mapping[str, Any]) -> Task | Rejected:
    """A task; BadRows where it is not written as one."""
    missing = [it for it in ("id", "language", "prompt") if row.get(it) in (None, "")]
    if missing:
        raise BadRows(f"it has no {', '.join(missing)}", "a record has id, language, prompt")
    name, code = text(row, "id"), text(row, "test_code")
    try:
        language = catalogue.named(text(row, "language")).name
    except Refused as error:
        return Rejected(name, error.what, error.remedy)
    if code.strip():
        try:
            names_of(language, code)
        except Refused as error:
            return Rejected(name, error.what, error.remedy)
    return Task(
        id=name,
        language=language,
        prompt=text(row, "prompt"),
        tests=(File(TESTS[language], code.encode()),),
        style="returns",
        reference=text(row, "reference", "") or text(row, "canonical_solution", ""),
        tags=tuple(texts(row, "tags")),
    )
