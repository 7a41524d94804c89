"""headgate report: single questions to the book, answered in the terminal and as JSON.

Rule 1: it reads, beside a running gateway or without one, and changes nothing.
Rule 2: every report is made of the named questions that an audit asks, too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from headgate.cli.reporting import Found, Look, Opened, as_data, look_options, opened
from headgate.cli.terminal import print_json, say

BY_SPEND = (
    "model", "key", "team", "organisation", "cost-centre", "tag", "project", "provider",
    "source", "route", "agent", "surface", "credential",
)  # fmt: skip
BY_TOOLS = ("model", "key", "team", "project", "agent", "route", "source")


@click.group()
def command() -> None:
    """Answer single questions about the bill: spend, sessions, prefixes, tools, times.

    \b
    Examples:
      headgate report spend --by key --since 7d
      headgate report sessions --session 3f2a
      headgate report prefixes --json
    """


def _answer(
    options: dict[str, Any],
    gather: Callable[[Opened], Found],
    show: Callable[[Opened, Found], None],
) -> None:
    look = Look(**options)
    with opened(look) as it:
        found = gather(it)
        if look.as_json:
            print_json(as_data(it, found))
        elif not it.asks.sources:
            say(
                "there are no calls in this time; --since looks further back, and"
                " `headgate import` brings calls that were made without Headgate"
            )
        else:
            show(it, found)


@command.command()
@click.option(
    "--by",
    type=click.Choice(BY_SPEND),
    default="model",
    show_default=True,
    help="Whose spend each line is.",
)
@click.option(
    "--step",
    type=click.Choice(("hour", "day")),
    default="day",
    show_default=True,
    help="How fine the chart is.",
)
@look_options
def spend(step: str, **options: Any) -> None:
    """Say what calls cost, by whom or what, and when.

    \b
    Example:
      headgate report spend --by cost-centre --since 2026-11-01
    """
    from headgate.cli.reportspend import gather, show

    _answer(options, lambda it: gather(it, step), lambda it, found: show(it, found, step))


@command.command()
@click.option("--session", default="", help="Show this one, call by call: how its name begins.")
@look_options
def sessions(session: str, **options: Any) -> None:
    """Show the dearest conversations, or one of them call by call.

    A cliff is a call for which the vendor's cache held less than half of what it held one call
    before; an exclamation mark stands at sessions above three times the median.

    \b
    Example:
      headgate report sessions --session 3f2a
    """
    from headgate.cli.reportsessions import gather, gather_one, show, show_one

    if session:
        _answer(options, lambda it: gather_one(it, session), show_one)
    else:
        _answer(options, gather, show)


@command.command()
@look_options
def prefixes(**options: Any) -> None:
    """Show which beginnings of prompts repeat, how soon, and what caches hold of them.

    \b
    Example:
      headgate report prefixes --since 7d --limit 5
    """
    from headgate.cli.reportviews import gather_prefixes, show_prefixes

    _answer(options, gather_prefixes, show_prefixes)


@command.command()
@click.option(
    "--by",
    type=click.Choice(BY_TOOLS),
    default="model",
    show_default=True,
    help="Whose tools each line is of.",
)
@look_options
def tools(**options: Any) -> None:
    """Show which tools are offered, called and failing.

    \b
    Example:
      headgate report tools --by project
    """
    from headgate.cli.reportviews import gather_tools, show_tools

    _answer(options, gather_tools, show_tools)


@command.command()
@click.option(
    "--by",
    type=click.Choice(("model", "size")),
    default="model",
    show_default=True,
    help="Time calls by their model, or by the size of their prompt.",
)
@look_options
def latency(**options: Any) -> None:
    """Show how long calls took, by model or by the size of their prompt.

    \b
    Example:
      headgate report latency --by size --model claude-sonnet-5-5
    """
    from headgate.cli.reportviews import gather_latency, show_latency

    _answer(options, gather_latency, show_latency)


@command.command()
@click.option(
    "--by",
    type=click.Choice(("cost", "calls")),
    default="cost",
    show_default=True,
    help="What the shades stand for.",
)
@look_options
def hours(**options: Any) -> None:
    """Show when in the week calls are made, and what they cost then.

    \b
    Example:
      headgate report hours --by calls --since 8w
    """
    from headgate.cli.reportviews import gather_hours, show_hours

    _answer(options, gather_hours, show_hours)


@command.command()
@look_options
def health(**options: Any) -> None:
    """Say what the book holds, which prices are guessed, and what was paid for failures.

    \b
    Example:
      headgate report health --since 24h
    """
    from headgate.cli.openbook import source_of, told
    from headgate.cli.reporthealth import gather, kept, show

    look = Look(**options)
    store = None
    if not look.sources and not look.warehouse:
        with told():
            store = kept(source_of((look.ledger, look.config_path)))
    with opened(look) as it:
        found = gather(it)
        if look.as_json:
            print_json({"store": store._asdict() if store else None, **as_data(it, found)})
        else:
            show(it, found, store)


@command.command()
@click.argument("url", required=False)
@click.option(
    "--load",
    "files",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Segments to load: a Parquet file, or a folder of them. Once more does no harm.",
)
def warehouse(url: str | None, files: tuple[Path, ...]) -> None:
    """Make a ClickHouse answer the reports: its table, and the segments to load into it.

    Without URL it prints the text that makes the table, for whoever keeps the warehouse.

    \b
    Examples:
      headgate report warehouse
      headgate report warehouse clickhouse://me:secret@ch:8123/bills --load shipped/
      headgate report spend --warehouse clickhouse://me:secret@ch:8123/bills
    """
    from headgate.cli.openbook import told
    from headgate.cli.reporting import files_of
    from headgate.ledger.book.warehouse import open_warehouse, table_text

    if url is None:
        click.echo(table_text() + ";")
        return
    paths: list[Path] = files_of(files)
    with told(), open_warehouse(url) as it:
        it.make()
        it.load(paths)
        ((rows,),) = it.rows("SELECT count(*) FROM book")
    say(f"loaded {len(paths):,} segments; the warehouse now holds {rows:,} rows")
