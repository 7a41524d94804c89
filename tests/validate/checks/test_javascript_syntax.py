"""What Node 20 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.javascript_syntax import CHECK
from tests.checking import read

SAID = """/box/bad.js:1
const = 3;
      ^

SyntaxError: Unexpected token '='
    at wrapSafe (node:internal/modules/cjs/loader:1464:18)
    at checkSyntax (node:internal/main/check_syntax:78:3)

Node.js v20.20.2
"""


def test_the_mark_below_the_line_is_the_column() -> None:
    assert read(CHECK, "", SAID) == [(1, 7, "error", "SyntaxError")]


def test_an_end_without_words_is_not_taken_for_a_mistake_of_the_code() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "out of memory")
