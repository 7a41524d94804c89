"""headgate import: bring what other programs kept of calls into the book.

Rule 1: `headgate import [SOURCE…]` is short for `headgate import run [SOURCE…]`.
Rule 2: nothing is imported in silence: what was left out is counted, with places and reasons.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli import Misuse
from headgate.cli.importing import Asked, bring, show_imports, take_back
from headgate.cli.tenancy import place_options

RUN = "run"


class _Import(click.Group):
    """A group whose first word need not be a command: `headgate import ~/.claude`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_help and (not args or args[0] not in self.commands):
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, RUN)


@click.group(cls=_Import)
def command() -> None:
    """Bring what other programs kept of calls into the book, to be asked and audited.

    `headgate import [SOURCE…]` is short for `headgate import run [SOURCE…]`.

    \b
    Examples:
      headgate import
      headgate import ~/.claude
      headgate import list
      headgate import undo imp_3f9a01bc
    """


@command.command(RUN)
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--as", "named", default="", metavar="FORMAT", help="The format, if it is not plain."
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="NAME=COLUMN,…",
    help="Which column is what, for a table that no format fits: ts=…,model=…,input=…,….",
)
@click.option(
    "--timezone", default="UTC", show_default=True, help="Of times that do not say theirs."
)
@click.option(
    "--money",
    type=click.Choice(("dollars", "cents", "microdollars")),
    help="What amounts are in, where the source does not say.",
)
@click.option("--decimal", type=click.Choice((".", ",")), help="The decimal mark of numbers.")
@click.option(
    "--dry-run", is_flag=True, help="Read all of it, and only say what it would bring."
)
@place_options
def run(sources: tuple[Path, ...], mapping: tuple[str, ...], **options: Any) -> None:
    """Import files or folders; without a SOURCE, what lies in the usual places.

    The format is told from what files hold. An import that was stopped goes on where it
    stopped, by the same command; one that is repeated brings only what is new.

    \b
    Examples:
      headgate import run ~/.claude --dry-run
      headgate import ~/.claude
      headgate import spend.csv --as litellm
      headgate import calls.csv --map ts=when,model=name,input=tokens_in,output=tokens_out
    """
    bring(Asked(sources=sources, mapping=_pairs(mapping), **options))


@command.command("list")
@place_options
def list_(**options: Any) -> None:
    """Show what was imported, and what was begun and not finished.

    \b
    Example:
      headgate import list --json
    """
    show_imports(options)


@command.command()
@click.argument("id")
@place_options
def undo(id: str, **options: Any) -> None:
    """Take an import out of the book again, all of it at once.

    \b
    Example:
      headgate import undo imp_3f9a01bc
    """
    take_back(id, options)


def _pairs(mapping: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in (it for text in mapping for it in text.split(",") if it.strip()):
        name, mark, column = part.partition("=")
        if not mark or not name.strip() or not column.strip():
            raise Misuse(
                f"--map {part}: says not which column is what",
                "write NAME=COLUMN with commas between, such as ts=when,model=name",
            )
        pairs.append((name.strip(), column.strip()))
    return tuple(pairs)
