"""What ruff 0.17.6 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.ruff import CHECK
from tests.checking import problems, read

SAID = """[{"cell": null, "code": "F401", "end_location": {"column": 10, "row": 1},
"filename": "/box/bad.py", "fix": {"applicability": "safe", "edits": [],
"message": "Remove unused import: `os`"}, "location": {"column": 8, "row": 1},
"message": "`os` imported but unused", "name": "unused-import", "noqa_row": 1,
"severity": "error", "url": "https://docs.astral.sh/ruff/rules/unused-import"},
{"cell": null, "code": null, "end_location": {"column": 8, "row": 1}, "filename": "/box/syn.py",
"fix": null, "location": {"column": 7, "row": 1}, "message": "Expected a parameter",
"name": "invalid-syntax", "noqa_row": null, "severity": "error", "url": null}]"""


def test_each_finding_has_its_place_rule_and_remedy() -> None:
    found = problems(CHECK, SAID, files="bad syn")
    assert [it.rule for it in found] == ["F401", "invalid-syntax"]
    assert found[0].fix == "Remove unused import: `os`"
    assert (found[0].end_line, found[0].end_column) == (1, 10)


def test_files_that_were_not_asked_about_are_left_out() -> None:
    assert read(CHECK, SAID) == [(1, 8, "error", "F401")]


def test_what_is_no_json_is_not_taken_for_nothing() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "panicked at main.rs")
