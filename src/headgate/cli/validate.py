"""headgate validate: generated code put through the tools people use, in the sandbox.

Rule 1: data goes to stdout; what was skipped and how far it has come to stderr.
Rule 2: 0 all passed, 1 something was found, 2 misuse, 3 something could not be checked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli.terminal import config_option, json_option

RUN = "run"


class _Validate(click.Group):
    """A group whose first word need not be a command: `headgate validate parse.py`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asks_help = bool(args) and args[0] in ctx.help_option_names
        if not asks_help and (not args or args[0] not in self.commands):
            args = [RUN, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, RUN)


def state_option(command: Any) -> Any:
    """The --state option of what reads or writes the history of failures."""
    return click.option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Where failures are remembered; default: validate/history.jsonl in the state "
        "folder ($HEADGATE_HOME, ~/.local/state/headgate).",
    )(command)


@click.group(cls=_Validate, invoke_without_command=False)
def command() -> None:
    """Check generated code with the tools people use, inside the sandbox.

    `headgate validate FILES…` is short for `headgate validate run FILES…`.

    \b
    Examples:
      headgate validate parse.py
      headgate validate --changed main --sarif out.sarif
      headgate validate report
    """


@command.command(RUN)
@click.argument("paths", nargs=-1)
@click.option(
    "--changed",
    is_flag=False,
    flag_value="HEAD",
    default="",
    metavar="[REF]",
    help="The files that differ from a commit (default: HEAD), and new ones.",
)
@click.option(
    "--only",
    default="",
    help="Stages or checks, by commas: syntax,format,lint,types,tests, ruff,tsc …",
)
@click.option("--skip", default="", help="Stages or checks to leave out, by commas.")
@click.option("--tests", "tests", multiple=True, help="Tests that the code is to pass.")
@click.option("--pack", "packs", multiple=True, help="Edge cases: a pack's name, or a folder.")
@click.option(
    "--language",
    type=click.Choice(("python", "javascript", "typescript", "go", "rust", "r", "bash")),
    help="Of files whose name does not say it, such as - for standard input.",
)
@click.option("--stdin-name", default="", help="What - is to be taken for, such as src/a.py.")
@click.option("--prompt", default="", help="What was asked: text, @FILE, or a fingerprint.")
@click.option("--model", default="", help="Which model answered.")
@click.option(
    "--call",
    default="",
    help="Which call of the ledger answered (x-request-id): it tells model, prompt and cost.",
)
@click.option("--require", is_flag=True, help="A missing tool is an error (exit code 3).")
@click.option(
    "--fail-on",
    type=click.Choice(("error", "warning", "notice")),
    default="warning",
    show_default=True,
    help="The lightest problem that fails.",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML there.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Write SARIF 2.1.0 there.")
@click.option(
    "--github/--no-github",
    default=None,
    help="Annotate for GitHub; default: where GITHUB_ACTIONS is true.",
)
@click.option("--no-cache", is_flag=True, help="Check again what did not change.")
@click.option("--jobs", type=click.IntRange(min=1), help="Orders at once; default: the cores.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=180),
    default=30.0,
    show_default=True,
    help="Seconds that given tests may take.",
)
@click.option(
    "--most-bytes",
    type=click.IntRange(min=1),
    default=1 << 20,
    show_default=True,
    help="A larger file is refused before it is read.",
)
@state_option
@json_option
@config_option
def run(**options: Any) -> None:
    """Check FILES, the sources below folders, or - for standard input.

    For each language: syntax, format, lint, types, then --tests and --pack. The tools are the
    project's own, then what is installed; a missing one is told and counts as skipped. All of
    it runs in the sandbox.

    \b
    Examples:
      headgate validate run src/parse.py --tests tests/test_parse.py
      headgate validate run parse.py --pack csv-parser --model claude-sonnet-5
      cat answer.ts | headgate validate run - --language typescript
    """
    from headgate.cli.validating import Asked, validate  # costly to load

    raise SystemExit(validate(Asked(**options)))


@command.command("report")
@click.option(
    "--least",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="Failures at least.",
)
@state_option
@json_option
def report(least: int, state: Path | None, as_json: bool) -> None:
    """Show what fails again and again, by prompt, model and check.

    \b
    Example:
      headgate validate report --least 3
    """
    from headgate.cli.validatereport import show  # costly to load

    show(state, least, as_json)


@command.command("packs")
@json_option
def packs(as_json: bool) -> None:
    """List the packs of edge cases, and what each asks of the function under test.

    \b
    Example:
      headgate validate packs --json
    """
    from headgate.cli.validatereport import show_packs  # costly to load

    show_packs(as_json)
