"""A mistake is told with its place, its remedy and the name that was meant."""

from __future__ import annotations

import pytest

from headgate.config.problem import ConfigError, Problem, Report, closest, join, meant, quote


def test_a_problem_reads_place_then_mistake_then_remedy() -> None:
    problem = Problem("server.port", "is 99999", "choose one below 65536", 3)
    assert str(problem) == (
        "  server.port (line 3): is 99999\n    hint: choose one below 65536"
    )


def test_one_mistake_is_not_called_mistakes() -> None:
    assert str(ConfigError("x.toml", [Problem("a", "oh")])) == "x.toml has a mistake\n  a: oh"


def test_what_is_wrong_with_the_file_as_a_whole_is_told_in_one_line() -> None:
    error = ConfigError("x.toml", [Problem("", "cannot be read", "look")])
    assert str(error) == "x.toml: cannot be read\n    hint: look"


def test_nothing_wrong_raises_nothing() -> None:
    Report("x", "").settle()


def test_a_path_without_a_line_of_its_own_gets_the_line_around_it() -> None:
    report = Report("x.toml", '[models]\n\n"a b" = ["one", "two"]\n')
    report.wrong('models."a b"[1]', "is wrong")
    report.wrong("models.unseen", "is wrong")
    report.wrong("elsewhere", "is wrong")
    with pytest.raises(ConfigError) as caught:
        report.settle()
    assert [problem.line for problem in caught.value.problems] == [None, 1, 3]


@pytest.mark.parametrize(
    ("typed", "near"),
    [("antropic", "anthropic"), ("OPENAI", "openai"), ("opnai", "openai"), ("zzz", "")],
)
def test_the_nearest_known_name_is_offered_and_no_wild_guess(typed: str, near: str) -> None:
    assert closest(typed, ["anthropic", "openai", "ollama"]) == near


def test_without_a_near_name_all_known_ones_are_listed() -> None:
    assert meant("zzz", ["port", "host"]) == "known here: port, host"
    assert meant("prot", ["port", "host"]) == "did you mean 'port'?"
    assert meant("zzz", []) == ""


def test_paths_are_quoted_as_toml_quotes_keys() -> None:
    assert join("models", "claude-*") == 'models."claude-*"'
    assert join("", "server") == "server"
    assert quote('a"b') == '"a\\"b"'
