"""GitHub gets the heaviest, the summary the rest, and strangers give no orders."""

from __future__ import annotations

from hypothesis import given

from headgate.validate.problem import Level
from headgate.validate.told.annotations import annotate, fenced, harmless, summary
from tests.reports import NASTY, hostile, problem, report, verdict


def test_ten_of_each_level_and_first_one_of_each_kind() -> None:
    same = [problem(line=n) for n in range(1, 31)]
    rare = problem(line=99, rule="S101")
    lines = annotate(report(verdict(*same, rare, problem(level=Level.WARNING))))
    assert len([it for it in lines if it.startswith("::error")]) == 10
    assert len([it for it in lines if it.startswith("::warning")]) == 1
    assert any("S101" in it for it in lines)


@given(hostile, hostile)
def test_no_name_or_message_begins_a_command_of_its_own(path: str, message: str) -> None:
    (line,) = annotate(report(verdict(problem(path, message=message), path=path)))
    assert "\n" not in line
    assert "\r" not in line
    assert len(line.encode()) < 64 << 10
    assert "\u202e" not in line
    properties = line.removeprefix("::error ").partition("::")[0]
    assert len(properties.split(",")) == 4


def test_columns_are_told_only_within_one_line() -> None:
    (one,) = annotate(report(verdict(problem(column=3, end_line=1, end_column=7))))
    (two,) = annotate(report(verdict(problem(column=3, end_line=2, end_column=7))))
    assert "col=3,endColumn=7" in one
    assert "col=" not in two
    assert "endLine=2" in two


def test_words_of_strangers_stand_between_a_token() -> None:
    assert fenced("::add-mask::x", "T") == "::stop-commands::T\n::add-mask::x\n::T::"


def test_the_summary_has_every_problem_in_a_table_that_holds() -> None:
    made = summary(report(verdict(*(problem(NASTY, line=n) for n in range(1, 31)), path=NASTY)))
    rows = [it for it in made.splitlines() if it.startswith("| ") and "line" not in it]
    assert len(rows) == 30
    assert all(it.replace("\\|", "").count("|") == 6 for it in rows)


def test_a_line_of_ours_holds_no_command_even_in_its_middle() -> None:
    assert "##[" not in harmless("skipped: ty (##[add-mask]x)")
    assert "::" not in harmless("::error::x")


@given(hostile, hostile)
def test_the_summary_is_text_whatever_it_is_about(path: str, message: str) -> None:
    made = summary(report(verdict(problem(path, message=message), path=path)))
    made.encode()
    assert len(made.splitlines()) == 7


def test_the_summary_fits_where_thousands_are_told() -> None:
    many = [problem(line=n, message="m" * 300) for n in range(5_000)]
    made = summary(report(verdict(*many)))
    assert len(made.encode()) < 1 << 20
    assert "4500 more are in the JSON" in made
