"""What a person reads has the place, the rule, the line and the remedy, and steers nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.problem import State
from headgate.validate.told.human import closing, human, missing
from tests.reports import NASTY, other, problem, report, verdict


def test_a_problem_shows_its_line_and_marks_its_place() -> None:
    it = problem(line=2, column=8, end_line=2, end_column=10, fix="remove it")
    lines = list(human(report(verdict(it), a__py=b"x = 1\nimport os\n")))
    assert lines == [
        "a.py:2:8: no [ruff F401]",
        "    2 | import os",
        "      |        ^^",
        "  remedy: remove it",
    ]


@given(st.text(max_size=200), st.integers(0, 250), st.integers(0, 250))
def test_nothing_steers_the_terminal(text: str, column: int, end: int) -> None:
    it = problem(NASTY, column=column, end_column=end, message=text)
    made = report(verdict(it, path=NASTY))
    for line in human(made):
        assert line.isprintable()
    for line in human(
        report(verdict(problem(column=column)), a__py=text.encode("utf-8", "replace"))
    ):
        assert line.isprintable()


def test_one_reason_for_many_checks_is_told_once() -> None:
    broken = [
        other(State.BROKEN, path=f"{name}.py", check=check)
        for name in "abcde"
        for check in ("ruff", "mypy")
    ]
    assert list(human(report(*broken))) == [
        "a.py, b.py, c.py and 2 more: ruff, mypy could not be made: ty is not installed",
        "  remedy: pip install ty",
    ]


def test_what_was_skipped_is_told_once_with_its_remedy() -> None:
    made = report(verdict(), other(State.SKIPPED), other(State.SKIPPED, path="b.py"))
    assert list(missing(made)) == ["skipped: ty (ty is not installed): pip install ty"]
    assert closing(made).startswith("2 files: checks 1 passed, 2 skipped")


def test_what_could_not_be_checked_is_told() -> None:
    assert "could not be made" in next(human(report(other(State.BROKEN))))


def test_where_nothing_was_to_be_checked_that_is_said() -> None:
    assert closing(report()) == "nothing to check, 0.00 s"
