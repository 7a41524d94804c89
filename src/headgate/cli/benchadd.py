"""headgate bench add: the command that makes tasks of recorded calls.

Rule 1: words that cannot be meant are refused before anything is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli import Misuse
from headgate.cli.recorded import selecting
from headgate.cli.terminal import config_option, json_option
from headgate.cli.where import ledger_option

LANGUAGES = ("python", "javascript", "typescript", "go", "rust", "r", "bash")


@click.command("add")
@click.argument("dataset", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--call", "calls", multiple=True, help="A recorded call, by its request id.")
@selecting
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Calls.")
@click.option("--draft", default="", help="The draft of this name, its tests now written.")
@click.option(
    "--tests",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of tests, which import solution; without: a draft is written.",
)
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that is right; default: the code in the recorded answer.",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: of the code.")
@click.option("--id", "name", default="", help="Of the task; default: the question's words.")
@click.option("--tags", default="", help="Of the task, with commas between.")
@json_option
@ledger_option
@config_option
def add(**said: Any) -> None:
    """Make tasks of recorded calls, and add them to DATASET, a .toml or .jsonl.

    The prompt is what was asked, the code of the answer the proposed reference. With --tests
    the task is proved at once: the reference has to pass, and an answer that does nothing to
    fail. Without, a draft is written to DATASET.drafts.toml, and beside it a file of tests to
    fill in; --draft then proves and adds it. Only calls are found that [recording] allowed.

    \b
    Examples:
      headgate bench add tasks.toml --call req_01hzy3 --tests test_solution.py
      headgate bench add tasks.toml --tag team=search --since 7d --limit 10
      headgate bench add tasks.toml --draft write-a-function-that-parses
    """
    from headgate.cli.benchadding import Asked, run  # costly to load

    asked = Asked(**said)
    is_selection = bool(asked.tag or asked.model or asked.key or asked.since)
    if bool(asked.calls) + is_selection + bool(asked.draft) != 1:
        raise Misuse(
            "name what to make tasks of, in one way",
            "--call, or --draft, or some of --tag, --model, --key, --since",
        )
    is_one = len(asked.calls) == 1 or bool(asked.draft)
    if not is_one and (asked.tests or asked.reference or asked.name):
        raise Misuse("--tests, --reference and --id are of one task", "name one --call")
    raise SystemExit(run(asked))
