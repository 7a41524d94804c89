"""Every command explains itself: `--help` shows an example that could be typed."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from headgate.cli import main


def commands(group: click.Group, name: str = "headgate") -> list[tuple[str, click.Command]]:
    """Every command below the group with the words a user types for it."""
    context = click.Context(group, info_name=name)
    found: list[tuple[str, click.Command]] = []
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None, f"{name} lists {word} but does not have it"
        found.append((f"{name} {word}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{name} {word}")
    return found


COMMANDS = commands(main)


@pytest.mark.parametrize(("typed", "command"), COMMANDS, ids=[typed for typed, _ in COMMANDS])
def test_every_command_shows_an_example(typed: str, command: click.Command) -> None:
    result = CliRunner().invoke(main, [*typed.split()[1:], "--help"])
    assert result.exit_code == 0, result.output
    if not isinstance(command, click.Group):
        assert "example" in result.output.lower()
        assert f"{typed} " in result.output.split("Usage:")[1].partition("\n")[2] + " ", (
            f"the example of `{typed}` does not show the command"
        )


@pytest.mark.parametrize(("typed", "command"), COMMANDS, ids=[typed for typed, _ in COMMANDS])
def test_every_option_says_what_it_is_for(typed: str, command: click.Command) -> None:
    silent = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]
    assert not silent, f"{typed}: {silent}"
