"""headgate audit: what the bill bought, what it wasted, and what to change.

Rule 1: without a source it is about the ledger; without rows there, about what lies in the
usual places of this machine; nothing of either is changed.
Rule 2: the first screen is there before the rules have run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli.auditing import applied, purposes
from headgate.cli.terminal import config_option, json_option
from headgate.cli.where import ledger_option

RUN = "run"


class _Audit(click.Group):
    """A group whose first word need not be a command: `headgate audit ~/.claude`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_help and (not args or args[0] not in self.commands):
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, RUN)


@click.group(cls=_Audit, invoke_without_command=False)
def command() -> None:
    """Show what the bill bought, what it wasted, and what to change.

    `headgate audit [SOURCE…]` is short for `headgate audit run [SOURCE…]`.

    \b
    Examples:
      headgate audit
      headgate audit ~/.claude --html audit.html
      headgate audit spend-logs.csv usage.jsonl --since 30d
      headgate audit purposes --suggest > purposes.toml
      headgate audit applied 3f9a01bc
    """


command.add_command(purposes)
command.add_command(applied)


@command.command(RUN)
@click.argument("sources", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--since",
    default="30d",
    show_default=True,
    help="How far back from the newest call: 24h, 7d, 30d, or a day such as 2026-11-01.",
)
@click.option(
    "--until", default="", help="The day the window ends before; default: the newest call."
)
@click.option(
    "--as", "named", default="", help="The format of the sources, if it is not plain."
)
@click.option(
    "--purposes",
    "purposes_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What calls are made for; default: [[purposes]] of headgate.toml.",
)
@click.option(
    "--evidence",
    "trials_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="How good cheaper models were on your own tasks: CSV or JSON.",
)
@click.option(
    "--commitment",
    "commitments",
    multiple=True,
    help="Capacity paid for by the month, beside [[commitments]] of headgate.toml, as in"
    ' "anthropic priority 5000/month"; may be given several times.',
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the report as one file that opens offline.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many findings to print.",
)
@click.option("--quick", is_flag=True, help="Only the first screen.")
@json_option
@ledger_option
@config_option
def run(**options: Any) -> None:
    """Audit the ledger, or SOURCEs: folders or files of calls that were made without Headgate.

    SOURCE is what `headgate import` reads: ~/.claude, ~/.codex, LiteLLM's spend logs, the
    vendors' usage exports, any table. With neither a SOURCE nor rows in the ledger, what lies
    in the usual places is read. Nothing is kept but a cache of what was read.

    \b
    Examples:
      headgate audit ~/.claude --html audit.html
      headgate audit run --since 7d
    """
    from headgate.cli.auditrun import Asked, audit  # costly to load

    audit(Asked(**options))
