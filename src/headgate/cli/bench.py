"""headgate bench: which model, on our tasks, at what cost per right answer.

Rule 1: data goes to stdout; how far it has come and what was rejected to stderr.
Rule 2: 0 all well, 1 something was found, 2 misuse, 3 something could not be judged.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from headgate.cli.benchadd import add
from headgate.cli.range import Range
from headgate.cli.terminal import config_option, json_option

SHAPE = click.option(
    "--shape",
    default="",
    metavar="NAME",
    help="How the dataset is written, where its first record is not enough to see it.",
)
ON = click.option(
    "--on",
    default="",
    metavar="ADDRESS",
    help="Judge on a Ray cluster: ray://HOST:PORT, or HOST:PORT from one of its machines;"
    " default: the cores here.",
)


@click.group()
def command() -> None:
    """Measure models on tasks with tests: who is right, how surely, and what a pass costs.

    \b
    Examples:
      headgate bench check
      headgate bench check my-tasks/
    """


@command.command("check")
@click.argument("dataset", required=False, type=click.Path(path_type=Path))
@click.option("--language", "languages", multiple=True, help="Only tasks of this language.")
@click.option("--task", "tasks", multiple=True, help="Only tasks whose id holds this.")
@SHAPE
@ON
@json_option
@config_option
def check(
    dataset: Path | None,
    languages: tuple[str, ...],
    tasks: tuple[str, ...],
    shape: str,
    on: str,
    as_json: bool,
    config_path: str | None,
) -> None:
    """Try the tasks of DATASET: references must pass, mutants and empty answers must fail.

    Without DATASET it tries the tasks that Headgate ships.

    \b
    Examples:
      headgate bench check --language python
      headgate bench check my-tasks/ --task retry
    """
    from headgate.cli.benchcheck import check_tasks, dataset_of  # costly to load
    from headgate.cli.benchjudge import Ground

    found = dataset_of(dataset, languages, tasks, shape)
    raise SystemExit(check_tasks(found, Ground(config_path, on), as_json=as_json))


def _tag(context: click.Context, option: click.Parameter, name: str) -> str:
    """It stands in the ledger among others, between commas."""
    if not re.fullmatch(r"[\w.:-]{0,100}", name, re.ASCII):
        raise click.BadParameter("letters, digits and . : _ - make a name")
    return name


@command.command("run")
@click.option("--model", "models", multiple=True, help="A model, as the gateway knows it.")
@click.option(
    "--arms",
    "arms_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML of models and prompts to compare, instead of --model.",
)
@click.option(
    "--tasks",
    "dataset",
    type=click.Path(path_type=Path),
    help="A dataset: file or folder; default: the tasks that Headgate ships.",
)
@click.option("--language", "languages", multiple=True, help="Only tasks of this language.")
@click.option("--task", "tasks", multiple=True, help="Only tasks whose id holds this.")
@click.option(
    "--samples", type=click.IntRange(1, 1000), default=5, show_default=True, help="Of each."
)
@click.option(
    "--temperature",
    type=Range(0, 2),
    default=0.2,
    show_default=True,
    help="Where the model takes one.",
)
@click.option(
    "--max-tokens", type=click.IntRange(1), default=2048, show_default=True, help="Of a reply."
)
@click.option(
    "--system",
    "system_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The system prompt, such as a style guide.",
)
@click.option("--max-cost", type=Range(min=0, min_open=True), help="Dollars.")
@click.option(
    "--at-once", type=click.IntRange(1, 256), default=8, show_default=True, help="Calls."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results.json"),
    show_default=True,
    help="Where the results go; what was heard so far lies beside it.",
)
@click.option("--anew", is_flag=True, help="Forget what an ended run has heard.")
@click.option(
    "--name",
    default="",
    callback=_tag,
    help="Of the run; its calls are tagged bench=NAME.",
)
@click.option("--url", default="", help="A running gateway; default: one is opened here.")
@click.option(
    "--key-env",
    default="HEADGATE_KEY",
    show_default=True,
    help="The variable that holds the virtual key.",
)
@click.option("--no-cache", is_flag=True, help="Judge again what was judged before.")
@SHAPE
@ON
@click.option(
    "--unproved",
    is_flag=True,
    help="Ask tasks, too, whose tests were not seen to tell right from wrong.",
)
@json_option
@config_option
def run(**options: Any) -> None:
    """Ask models to solve tasks, judge their answers in the sandbox, write results.json.

    Ended by Ctrl-C, a crash or a lost network, the same command goes on where it was.

    \b
    Examples:
      headgate bench run --model claude-sonnet-5-5 --model gpt-6.1-sol --max-cost 5
      headgate bench run --arms arms.toml --tasks our-tasks/ --out friday.json
      headgate bench run --model claude-sonnet-5-5 --on ray://head:10001
    """
    from headgate.cli.benchrun import Asked, run_benchmark  # costly to load

    raise SystemExit(run_benchmark(Asked(**options)))


@command.command("answers")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--tasks",
    "dataset",
    type=click.Path(path_type=Path),
    help="A dataset: file or folder; default: the tasks that Headgate ships.",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    required=True,
    metavar="MODEL=SHARE",
    help="How often a model (a pattern) is right; more by commas: broken, prose, spread.",
)
def answers(out: Path, dataset: Path | None, rates: tuple[str, ...]) -> None:
    """Write what simulated models know: OUT is for `headgate sim --answers`.

    Their answers are references and mutants of the tasks, drawn at these rates, so a benchmark
    of them has a truth that is known.

    \b
    Example:
      headgate bench answers book.json --rate 'claude-*=0.94,broken=0.5' --rate 'gpt-*=0.78'
    """
    from headgate.cli.benchanswers import write_answers  # costly to load
    from headgate.cli.benchcheck import dataset_of

    raise SystemExit(write_answers(dataset_of(dataset, (), ()), rates, out))


@command.command("report")
@click.argument("results", type=click.Path(path_type=Path), default=Path("results.json"))
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page that needs no other file.",
)
@json_option
def report(results: Path, html: Path | None, as_json: bool) -> None:
    """Show what a run found: who is right and how surely, how fast, at what cost per pass.

    \b
    Examples:
      headgate bench report
      headgate bench report friday.json --html friday.html
    """
    from headgate.cli.benchreport import tell_report  # costly to load

    raise SystemExit(tell_report(results, html, as_json=as_json))


@command.command("compare")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--arm", "arms", multiple=True, help="Whom to compare, where there are more.")
@click.option(
    "--level",
    type=Range(0.0001, 0.5),
    default=0.05,
    show_default=True,
    help="How likely a difference by chance may be.",
)
@click.option(
    "--least",
    type=Range(0.001, 1),
    default=0.05,
    show_default=True,
    help="The smallest difference that would matter.",
)
@json_option
def compare(
    results: tuple[Path, ...], arms: tuple[str, ...], level: float, least: float, as_json: bool
) -> None:
    """Compare two arms on the same tasks: better, worse, or not shown different.

    Of one file its two arms, or those that --arm names; of two files an arm of each.

    \b
    Examples:
      headgate bench compare results.json
      headgate bench compare before.json now.json --arm claude-sonnet-5-5
    """
    from headgate.cli.benchreport import tell_comparison  # costly to load

    if len(results) > 2:
        raise click.UsageError("name one file, or two")
    raise SystemExit(tell_comparison(results, arms, level, least, as_json=as_json))


@command.command("power")
@click.option(
    "--rate", type=Range(0.01, 0.99), default=0.8, show_default=True,
    help="How often such models are right.",
)  # fmt: skip
@click.option(
    "--least", type=Range(0.001, 1), default=0.05, show_default=True,
    help="The smallest difference to be shown.",
)  # fmt: skip
@click.option(
    "--alike", type=Range(0, 1), default=0.5, show_default=True,
    help="How much of the variance lies between tasks: 1, if samples of one never differ.",
)  # fmt: skip
@click.option(
    "--both", type=Range(0, 1), default=0.5, show_default=True,
    help="How much of that two models have in common.",
)  # fmt: skip
@click.option(
    "--power", type=Range(0.5, 0.99), default=0.8, show_default=True,
    help="How often the difference should be shown.",
)  # fmt: skip
@json_option
def power(
    rate: float, least: float, alike: float, both: float, power: float, as_json: bool
) -> None:
    """Plan a run: how many tasks and samples show a difference of a given size.

    \b
    Example:
      headgate bench power --rate 0.9 --least 0.03
    """
    from headgate.cli.benchreport import Wanted, plan_power  # costly to load

    raise SystemExit(plan_power(Wanted(rate, least, alike, both, power), as_json=as_json))


@command.command("gate")
@click.argument("results", type=click.Path(path_type=Path), default=Path("results.json"))
@click.option(
    "--baseline", required=True, type=click.Path(path_type=Path), help="Results to hold."
)
@click.option(
    "--level", type=Range(0.0001, 0.5), default=0.05, show_default=True,
    help="How often it may fail by chance.",
)  # fmt: skip
@click.option(
    "--tolerance", type=Range(0, 1), default=0.0, show_default=True,
    help="A loss up to this never fails.",
)  # fmt: skip
@json_option
def gate(results: Path, baseline: Path, level: float, tolerance: float, as_json: bool) -> None:
    """Fail, for CI, if an arm is shown to be worse than it was.

    The test is exact: signs of the tasks' differences turned, to one side. Exit code 1: a
    regression was shown. 0: none was.

    \b
    Example:
      headgate bench gate now.json --baseline main.json
    """
    from headgate.cli.benchreport import tell_gate  # costly to load

    raise SystemExit(tell_gate(baseline, results, level, tolerance, as_json=as_json))


@command.command("interpreter")
@click.option(
    "--on",
    default="local",
    show_default=True,
    help="Places, by commas: local, openai, anthropic, or PROVIDER:MODEL.",
)
@click.option("--family", "families", multiple=True, help="Only workloads of this family.")
@click.option("--workload", "workloads", multiple=True, help="Only those whose id holds this.")
@click.option(
    "--cold", type=click.IntRange(1, 100), default=1, show_default=True,
    help="Runs of each workload in a place made for it.",
)  # fmt: skip
@click.option(
    "--warm", type=click.IntRange(0, 1000), default=3, show_default=True,
    help="Runs of each in a place that stands ready.",
)  # fmt: skip
@click.option(
    "--at-once", default="1,2,4,8", show_default=True, metavar="N,N…",
    help="How many runs at once, one level after the other; empty: none.",
)  # fmt: skip
@click.option(
    "--max-cost", type=Range(min=0, min_open=True), default=5.0, show_default=True,
    help="Dollars: nothing is begun that is foreseen to cost more.",
)  # fmt: skip
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a page that needs no other file.",
)
@click.option("--list", "is_list", is_flag=True, help="Name the workloads; run nothing.")
@json_option
@config_option
def interpreter(is_list: bool, **options: Any) -> None:
    """Run work whose answers are known, here and at vendors' interpreters.

    Who is right, how long it takes cold, warm and several at once, and what a success costs.
    Exit code 1: something came out wrong somewhere.

    \b
    Examples:
      headgate bench interpreter
      headgate bench interpreter --on local,openai,anthropic --warm 2 --at-once 1,4
      headgate bench interpreter --family algorithms --html here.html
    """
    from headgate.cli.benchinterpreter import (  # costly to load
        Asked,
        list_workloads,
        run_interpreters,
    )

    if is_list:
        raise SystemExit(list_workloads(as_json=options["as_json"]))
    raise SystemExit(run_interpreters(Asked(**options)))


@command.command("totals")
@click.argument("totals", nargs=2, metavar="RIGHT/ASKED RIGHT/ASKED")
@click.option(
    "--tasks", type=click.IntRange(2), required=True, help="To how many they were given."
)
@click.option(
    "--alike", "likenesses", type=Range(0, 1), multiple=True,
    default=(0.0, 0.5, 1.0), show_default=True,
    help="How much of the variance lies between tasks: 0, if answers to one are not alike.",
)  # fmt: skip
@click.option("--usd", "prices", multiple=True, help="What an answer costs, of each total.")
@json_option
def totals(
    totals: tuple[str, ...],
    tasks: int,
    likenesses: tuple[float, ...],
    prices: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say how sure published totals are, of which no single answer is known.

    How alike answers to one task are is not in a total: each line assumes another likeness.

    \b
    Example:
      headgate bench totals 391/500 471/500 --tasks 100
    """
    from headgate.cli.benchtotals import tell_totals  # costly to load

    raise SystemExit(tell_totals(totals, tasks, likenesses, prices, as_json=as_json))


command.add_command(add)
