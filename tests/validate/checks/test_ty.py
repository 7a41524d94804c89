"""What ty 0.0.105 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.ty import CHECK
from tests.checking import asked, read

SAID = """bad.py:7:12: error[invalid-explicit-return] Return type does not match: expected `str`
bad.py:9:1: warning[possibly-unbound] Name `x` used when possibly not defined
Found 2 diagnostics
"""


def test_each_diagnostic_has_its_place_level_and_rule() -> None:
    assert read(CHECK, SAID) == [
        (7, 12, "error", "invalid-explicit-return"),
        (9, 1, "warning", "possibly-unbound"),
    ]


def test_silence_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "", 0)
    assert read(CHECK, "All checks passed!\n", "", 0) == []


def test_a_line_of_another_shape_is_not_passed_over() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "bad.py:1:1: something new\nFound 1 diagnostic\n")


def test_the_project_that_names_it_is_heard() -> None:
    assert CHECK.named is not None
    assert CHECK.named(asked(pyproject__toml="[tool.ty.rules]\n").configs)
    assert not CHECK.named(asked(pyproject__toml="[tool.tycoon]\n").configs)
