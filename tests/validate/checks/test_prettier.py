"""What Prettier 3.10.1 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.prettier import CHECK
from tests.checking import read


def test_each_name_is_a_file_that_would_be_written_otherwise() -> None:
    assert read(CHECK, "bad.js\n") == [(0, 0, "error", "format")]


def test_wrong_syntax_is_left_to_other_checks_and_other_trouble_is_not_hidden() -> None:
    assert (
        read(CHECK, "", "[error] bad.js: SyntaxError: Variable declaration expected.", 2) == []
    )
    with pytest.raises(Unreadable):
        read(CHECK, "", "[error] Invalid configuration", 2)
