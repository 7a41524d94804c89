"""What lintr 3.0 said is understood; without it the check is skipped."""

from __future__ import annotations

import pytest

from headgate.validate.check import Said, Unreadable
from headgate.validate.checks.lintr import ABSENT, CHECK
from tests.checking import read


def test_each_lint_has_its_place_level_and_rule() -> None:
    said = "bad.r\t2\t5\tstyle\tinfix_spaces_linter\tPut spaces around it.\t\n"
    assert read(CHECK, said, "", 0) == [(2, 5, "notice", "infix_spaces_linter")]


def test_a_missing_package_is_told_with_its_remedy() -> None:
    assert CHECK.absent is not None
    assert "lintr" in CHECK.absent(Said(3, "", ABSENT, ("bad.r",)))
    assert CHECK.absent(Said(0, "", "", ("bad.r",))) == ""


def test_a_line_of_another_shape_is_not_passed_over() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "bad.r\t2\t5\tstyle\n", "", 0)
