"""The exit code says what came of it, whatever the outputs are."""

from __future__ import annotations

import msgspec

from headgate.validate.problem import Level, State
from tests.reports import other, problem, report, verdict


def test_zero_only_where_everything_that_could_be_asked_passed() -> None:
    assert report(verdict()).exit_code() == 0
    assert report(verdict(), other(State.SKIPPED)).exit_code() == 0
    assert report(verdict(problem())).exit_code() == 1
    assert report(verdict(), other(State.BROKEN)).exit_code() == 3
    assert report(verdict(problem()), other(State.BROKEN)).exit_code() == 1


def test_where_tools_are_required_a_missing_one_counts() -> None:
    made = report(verdict(), other(State.SKIPPED))
    assert msgspec.structs.replace(made, require=True).exit_code() == 3


def test_the_lightest_problem_that_fails_can_be_chosen() -> None:
    made = report(verdict(problem(level=Level.NOTICE)))
    assert made.exit_code() == 0
    assert msgspec.structs.replace(made, fails_on=Level.NOTICE).exit_code() == 1


def test_counts_tell_states_levels_and_files() -> None:
    counts = report(verdict(problem()), other(State.SKIPPED, path="b.py")).counts()
    assert (counts["files"], counts["failed"], counts["skipped"], counts["error"]) == (
        2,
        1,
        1,
        1,
    )
    assert len(report(other(State.SKIPPED), other(State.SKIPPED, "b.py")).missing) == 1
