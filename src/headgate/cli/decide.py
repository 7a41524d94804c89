"""headgate decide: which model to take for a workload, and whether a gateway pays.

Rule 1: what was typed is what is saved: a saved decision is asked again in the same words, at
the prices, limits and figures of the day it is asked again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli.terminal import config_option, json_option
from headgate.cli.where import ledger_option
from headgate.cli.workload import workload_options

ASKED = {
    "ttft": "The first token may take so many seconds at most: 0.8.",
    "within": "The whole answer may take so many seconds at most: 5.",
    "wrong": "What one wrong answer costs, in dollars: 0.50.",
    "least_right": "Leave out models that are right less often: 0.9 or 90%.",
    "fixed": "Tokens of every request that never change: system prompt, tools, examples.",
    "longest": "The longest input there is, in tokens.",
    "longest_output": "The longest answer there is, in tokens.",
    "chunk": "Tokens of one retrieved chunk.",
    "chunks": "How many chunks one request should hold.",
    "turn": "Tokens of one turn: question and answer.",
    "turns": "How many turns a conversation should hold.",
    "document": "The longest document that is read whole, in tokens.",
    "current": "The model in use now: what moving away from it brings.",
    "hours": "Hours of work that moving takes.",
    "hourly": "What one of them costs, in dollars.",
}
"""what is asked of models, one word each; `ttft` here is a budget, in cost it is a fact"""
FACTS = {
    "right": "How often a model is right: MODEL=0.94, or MODEL=471/500; repeat.",
    "takes": "What a model takes: MODEL=ttft:0.6,whole:4,speed:80; repeat. Seconds, tokens/s.",
}


def _options(command: Any) -> Any:
    for name, text in reversed(list(FACTS.items())):
        command = click.option(f"--{name}", name, multiple=True, help=text)(command)
    for name, text in reversed(list(ASKED.items())):
        word = "budget-ttft" if name == "ttft" else name.replace("_", "-")
        command = click.option(f"--{word}", f"need_{name}", help=text)(command)
    return command


@click.group(invoke_without_command=True)
@workload_options
@_options
@click.option("--background", is_flag=True, help="Nobody waits for it: times decide nothing.")
@click.option("--last", help="Take pattern and times from the ledger: 30d, or since a day.")
@click.option("--key", help="With --last: only calls of this key, by its name or id.")
@click.option("--route", help="With --last: only calls of this [models] entry.")
@click.option("--served", help="With --last: only calls that this model answered.")
@click.option(
    "--level",
    type=click.Choice(("90", "99")),
    default="99",
    show_default=True,
    help="With --last: a budget of time is kept by so many of 100 calls.",
)
@click.option("--save", metavar="NAME", help="Keep the decision, to ask it again later.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write it as one file that opens offline.",
)
@json_option
@ledger_option
@config_option
@click.pass_context
def command(context: click.Context, /, **typed: Any) -> None:
    """Choose a model for a workload, over cost, times, rate limits and room.

    The workload is described as for `headgate cost`, or read from the ledger with --last. What
    breaks a budget is out; of the rest the cheapest is taken, wrong answers included where
    --wrong says what one costs.

    \b
    Examples:
      headgate decide --requests 40k/day --input 6k --output 300 --peak 400/min
      headgate decide --last 30d --budget-ttft 1.5 --model claude-haiku-5-5 \\
        --model claude-sonnet-5-5 --right claude-haiku-5-5=0.91 \\
        --right claude-sonnet-5-5=0.96 --wrong 0.40 --save support
      headgate decide again --all --check
      headgate decide gateway --keys 3 --monthly 4200
    """
    if context.invoked_subcommand is None:
        from headgate.cli.decision import ask  # costly to load, as are the others

        ask(typed)


@command.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were saved.")
@click.option("--check", is_flag=True, help="Exit with 1 where a choice has changed.")
@json_option
@ledger_option
@config_option
def again(**typed: Any) -> None:
    """Ask saved decisions again, and say whether they flip.

    \b
    Example:
      headgate decide again support --check
    """
    from headgate.cli.decision import ask_again

    named = (typed.pop("ledger"), typed.pop("config_path"))
    ask_again(typed.pop("names"), named=named, **typed)


@command.command(name="list")
@json_option
@ledger_option
@config_option
def list_saved(**typed: Any) -> None:
    """List what was saved.

    \b
    Example:
      headgate decide list --json
    """
    from headgate.cli.decision import show_saved

    show_saved(**typed)


@command.command()
@click.option(
    "--keys", type=click.IntRange(0), default=1, show_default=True, help="Keys in use."
)
@click.option("--monthly", default="0", help="What is spent a month, in dollars.")
@click.option(
    "--vendors", type=click.IntRange(0), default=1, show_default=True, help="Vendors in use."
)
@click.option(
    "--teams",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Teams that want their figures apart.",
)
@click.option("--failing", default="0%", help="The share of calls that fail now.")
@click.option("--saving", default="0%", help="The share of the bill that an audit claims.")
@click.option("--hourly", default="0", help="What an hour of its keepers costs, in dollars.")
@click.option("--infra", default="0", help="What it runs on, a month, in dollars.")
@click.option("--budget-ttft", default="0", help="Seconds the first token may take.")
@click.option("--last", help="Take keys, spend, vendors, teams and faults from the ledger.")
@json_option
@ledger_option
@config_option
def gateway(**typed: Any) -> None:
    """Say when the direct API is enough, and when a gateway pays.

    \b
    Example:
      headgate decide gateway --keys 12 --monthly 4200 --vendors 2
    """
    from headgate.cli.decision import ask_gateway

    ask_gateway(**typed)
