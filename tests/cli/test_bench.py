"""The words of `headgate bench`."""

from __future__ import annotations

from click.testing import CliRunner

from headgate.cli import main


def test_help_names_the_subcommands_and_an_example() -> None:
    text = CliRunner().invoke(main, ["bench", "--help"]).output
    assert "headgate bench check" in text


def test_a_dataset_that_is_not_there_is_misuse() -> None:
    result = CliRunner().invoke(main, ["bench", "check", "surely-gone"])
    assert result.exit_code == 2
    assert "there is no surely-gone" in result.stderr
