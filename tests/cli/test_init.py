"""The command line: commands are files, mistakes are two lines and an exit code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import headgate.cli
from headgate import __version__
from headgate.cli import Trouble, main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands in place of our own."""
    monkeypatch.setattr(headgate.cli, "_FOLDER", tmp_path)
    monkeypatch.setattr(headgate.cli, "__path__", [str(tmp_path)])
    return tmp_path


def write(folder: Path, name: str, body: str) -> None:
    (folder / f"{name}.py").write_text(
        "import click\nfrom headgate.cli import Trouble\n\n\n@click.command()\n"
        f'def command() -> None:\n    """Do {name}. And more."""\n    {body}\n'
    )


@pytest.fixture(autouse=True)
def forget_written_commands() -> None:
    for name in [each for each in sys.modules if each.startswith("headgate.cli.made_up")]:
        del sys.modules[name]


def test_a_file_with_a_command_is_a_command_and_other_files_are_not(folder: Path) -> None:
    write(folder, "made_up_", "click.echo('done')")
    (folder / "drawing.py").write_text("def draw() -> None: ...\n")
    assert main.list_commands(click.Context(main)) == ["made-up"]
    assert run("made-up").output == "done\n"


def test_listing_imports_no_command_and_shows_its_first_sentence(folder: Path) -> None:
    write(folder, "made_up", "raise SystemExit('imported')")
    (folder / "made_up_two.py").write_text('"""Owns it."""\nraise RuntimeError\ncommand = 1\n')
    result = run("--help")
    assert result.exit_code == 0
    assert "Do made_up\n" in result.output
    assert "And more" not in result.output
    assert "Owns it\n" in result.output
    assert "headgate.cli.made_up" not in sys.modules


def test_an_expected_failure_is_two_lines_and_exit_code_1(folder: Path) -> None:
    write(folder, "made_up", "raise Trouble('the disk is full', 'free some space')")
    result = run("made-up")
    assert result.exit_code == 1
    assert result.stderr == "Error: the disk is full\n\nhint: free some space\n"
    assert result.stdout == ""


def test_a_wrong_word_is_exit_code_2_with_a_hint(folder: Path) -> None:
    write(folder, "made_up", "pass")
    result = run("made-up", "--nonsense")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert "hint: " in result.stderr
    assert run("unheard-of").exit_code == 2


@pytest.mark.parametrize("words", [[], ["keys"]])
def test_a_group_without_a_command_shows_its_help_and_no_error(words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")
    assert "hint: " not in result.stderr


def test_a_configuration_error_is_printed_whole(folder: Path) -> None:
    write(
        folder,
        "made_up",
        "from headgate.config import load\n    load('[servre]\\n[retyr]', {}, source='x.toml')",
    )
    result = run("made-up")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: x.toml has 2 mistakes\n")
    assert "did you mean 'server'?" in result.stderr


def test_a_bug_is_not_dressed_up_as_a_failure(folder: Path) -> None:
    write(folder, "made_up", "raise ValueError('a bug')")
    assert isinstance(run("made-up").exception, ValueError)


def test_an_interrupt_ends_quietly(folder: Path) -> None:
    write(folder, "made_up", "raise KeyboardInterrupt")
    result = run("made-up")
    assert result.exit_code == 130
    assert result.stderr.strip() == "Error: stopped"


def test_a_number_returned_is_the_exit_code(folder: Path) -> None:
    write(folder, "made_up", "return 3")
    assert run("made-up").exit_code == 3


def test_the_version_is_told() -> None:
    assert run("--version").output == f"headgate {__version__}\n"


def test_trouble_can_be_raised_without_a_hint() -> None:
    assert Trouble("oh").format_message() == "oh"


@pytest.mark.slow
def test_help_comes_quickly_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom headgate.cli import main\ntry:\n    main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'msgspec', 'uvicorn', 'genai_prices', 'asyncio', 'sqlite3'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5  # 0.15 s on an idle core; a shared one makes clocks lie
