"""What mypy 2.4.1 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.mypy import CHECK
from tests.checking import read

SAID = (
    '{"file": "bad.py", "line": 7, "column": 11, "end_line": 7, "end_column": 14, "message": '
    '"Incompatible return value type", "hint": null, "code": "return-value", '
    '"severity": "error"}\n'
    '{"file": "bad.py", "line": 7, "column": 0, "message": "Did you mean this?", "hint": null, '
    '"code": null, "severity": "note"}\n'
)


def test_columns_count_from_one_and_notes_do_not_fail() -> None:
    assert read(CHECK, SAID) == [(7, 12, "error", "return-value"), (7, 1, "notice", "")]


def test_a_failure_without_words_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "", 1)
