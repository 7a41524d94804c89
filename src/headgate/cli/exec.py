"""headgate exec: runs code of a file or of stdin where it can reach nothing.

Rule 1: what the code prints is data and goes to stdout, what is said of its run to stderr.
Rule 2: the exit code is the code's own; 124 where a limit ended it, 128 + n after signal n.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from headgate.cli import Misuse
from headgate.cli.terminal import config_option, json_option

LOCAL = "local"
TIERS = ("auto", "container", "namespaces", "landlock", "none")


@click.command()
@click.argument("source", required=False, metavar="FILE|-")
@click.argument("words", nargs=-1, metavar="[-- ARGUMENTS]")
@click.option("--language", "-l", help="Default: by the file's suffix; of stdin: python.")
@click.option(
    "--file",
    "-f",
    "files",
    multiple=True,
    metavar="[NAME=]PATH",
    help="A file that the code finds beside it; repeat.",
)
@click.option(
    "--out",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("output"),
    show_default=True,
    help="Where figures, tables and files go that the code leaves.",
)
@click.option("--stdin", "is_fed", is_flag=True, help="Give the code what comes on stdin.")
@click.option("--wall", default="30s", show_default=True, help="How long it may run.")
@click.option("--memory", default="512MB", show_default=True, help="What it may use.")
@click.option("--disk", default="128MB", show_default=True, help="What it may write.")
@click.option("--processes", type=click.IntRange(1), default=64, show_default=True,
              help="And threads, that may run at once.")  # fmt: skip
@click.option(
    "--on",
    default=LOCAL,
    show_default=True,
    metavar="WHERE",
    help="local, openai[:MODEL], anthropic[:MODEL] (a vendor's interpreter), or auto.",
)
@click.option(
    "--chunks",
    metavar="FILE|COUNT",
    help="Work in slices of this file's rows, or of the numbers up to COUNT.",
)
@click.option("--chunk-rows", type=click.IntRange(1), help="Rows of the first slices.")
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path),
              help="Keep finished slices in this file, and go on from there.")  # fmt: skip
@click.option("--packages", is_flag=True, help="List languages and what code may import.")
@click.option("--warm", type=click.IntRange(1), metavar="COUNT",
              help="Say what keeping containers awake at --on costs; run nothing.")  # fmt: skip
@click.option("--tier", type=click.Choice(TIERS), help="What contains it; default: [sandbox].")
@click.option("--i-understand", "is_understood", is_flag=True,
              help="With --tier none: the code may do whatever you may do.")  # fmt: skip
@json_option
@config_option
def command(source: str | None, as_json: bool, config_path: str | None, **said: Any) -> int:
    """Run code of a FILE, or of stdin (-), where it can reach neither files nor network.

    Figures left open, tables, and what it writes into $OUTPUT_DIR come back as files. Exit
    code: the code's own; 124 where a limit ended it; 128 + n after signal n; 1 where the
    sandbox cannot run it here.

    \b
    Examples:
      headgate exec script.py --file sales.csv
      echo 'import pandas as pd; pd.read_csv("sales.csv").plot()' | headgate exec - -f sales.csv
      headgate exec count.go --wall 2m --memory 1GB -- --top 10
      headgate exec sum.py --chunks big.csv --checkpoint sum.state
      headgate exec --packages
      headgate exec --on openai --memory 4GB --warm 2
    """
    from headgate.cli.execution import Asked, run
    from headgate.cli.languagelist import list_languages

    if count := said.pop("warm"):
        from headgate.cli.execution import size
        from headgate.cli.executionaway import price_warm

        memory_mb = size("--memory", said["memory"])
        return price_warm(said["on"], memory_mb, count, config_path, as_json=as_json)
    if said["packages"]:
        return list_languages(said["language"], as_json)
    if source is None:
        raise Misuse("there is nothing to run", "name a file, or - for stdin")
    if source == "-" and said["is_fed"]:
        raise Misuse(
            "stdin is the code already", "put the code into a file, or the data: --file"
        )
    if said["chunks"] and said["on"] != LOCAL:
        raise Misuse("slices are run here", "leave out --on, or --chunks")
    if said["checkpoint"] and not said["chunks"]:
        raise Misuse("--checkpoint keeps slices, and none were asked for", "say --chunks FILE")
    return run(Asked(source, as_json, config_path, **said))
