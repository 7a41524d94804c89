"""The words of `headgate validate`: a first word that is no command is a file."""

from __future__ import annotations

from click.testing import CliRunner

from headgate.cli import main


def test_the_short_form_is_run() -> None:
    short = CliRunner().invoke(main, ["validate", "surely-gone.py"])
    long = CliRunner().invoke(main, ["validate", "run", "surely-gone.py"])
    assert short.exit_code == long.exit_code == 2
    assert short.stderr == long.stderr


def test_help_names_the_subcommands() -> None:
    text = CliRunner().invoke(main, ["validate", "--help"]).output
    assert all(word in text for word in ("run", "report", "packs"))
