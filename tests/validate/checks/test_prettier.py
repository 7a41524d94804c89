"""What Prettier 3.10.1 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.prettier import CHECK
from tests.checking import read


def test_each_name_is_a_file_that_would_be_written_otherwise() -> None:
    assert read(CHECK, "bad.js\n") == [(0, 0, "error", "format")]


def test_wrong_syntax_is_told_and_other_trouble_is_not_hidden() -> None:
    said = "[error] bad.js: SyntaxError: Variable declaration expected. (1:14)"
    assert read(CHECK, "", said, 2) == [(1, 14, "error", "syntax")]
    with pytest.raises(Unreadable):
        read(CHECK, "", "[error] Invalid configuration", 2)
