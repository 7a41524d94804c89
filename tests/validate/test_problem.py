"""A verdict weighs its problems, and names that would turn a line are spelled out."""

from __future__ import annotations

from headgate.validate.problem import Level, Problem, State, judged, shown


def problem(level: Level) -> Problem:
    return Problem("a.py", "no", "ruff", level=level)


def test_a_notice_does_not_fail_and_a_warning_does() -> None:
    assert judged(()) is State.PASSED
    assert judged((problem(Level.NOTICE),)) is State.PASSED
    assert judged((problem(Level.WARNING),)) is State.FAILED
    assert judged((problem(Level.WARNING),), Level.ERROR) is State.PASSED


def test_a_name_with_line_ends_or_marks_that_turn_text_is_spelled_out() -> None:
    assert shown("a\nb\u202ec.py") == "a\\nb\\u202ec.py"
    assert shown("naïve name.py") == "naïve name.py"
