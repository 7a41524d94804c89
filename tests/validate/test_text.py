"""What is no text, or hides what it does, is told before any tool sees it."""

from __future__ import annotations

import pytest

from headgate.validate.problem import State
from headgate.validate.project import Source
from headgate.validate.text import look


def rules(data: bytes) -> list[tuple[str, int]]:
    return [(it.rule, it.line) for it in look(Source("a.py", "a.py", data, ".py")).problems]


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"x = 1\n\0", "no-text", 2),
        (b"\x7fELF\xff\xfe", "no-utf8", 1),
        ("a = 1\nb = '\u202e1'\n".encode(), "bidi", 2),
    ],
)
def test_each_kind_has_its_own_words_and_place(data: bytes, rule: str, line: int) -> None:
    assert rules(data) == [(rule, line)]


def test_plain_text_in_any_script_passes() -> None:
    verdict = look(Source("a.py", "a.py", "# שלום, 世界\n".encode(), ".py"))
    assert verdict.state is State.PASSED
    assert rules(b"") == []
