"""headgate reconcile: holds the ledger against what providers report, and explains the rest.

Rule 1: reports are asked for with an admin key, or read from files; the ledger is not changed.
Rule 2: today is left out unless it is asked for: nobody's report of it is whole.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import FAILURE, Trouble
from headgate.cli.since import start_us
from headgate.cli.terminal import (
    config_option,
    dollars,
    json_option,
    print_json,
    print_table,
    say,
)
from headgate.cli.where import explained, find_ledger, ledger_option

if TYPE_CHECKING:
    from headgate.ledger.reconcile.compare import Line
    from headgate.ledger.reconcile.fetch import Source
    from headgate.ledger.reconcile.run import Books
    from headgate.ledger.reconcile.verdict import Verdict

DAY_US = 86_400_000_000
HOW = """no admin key is set, no file is named, and no report is kept yet

  Anthropic   export ANTHROPIC_ADMIN_KEY=sk-ant-admin01-…, then headgate reconcile
  OpenAI      export OPENAI_ADMIN_KEY=sk-admin-…, then headgate reconcile
  by hand     save the Console's cost or usage CSV, then headgate reconcile FILE"""


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--file",
    "more",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A report: pages of the admin API as JSON, or the Console's CSV. Same as FILES.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(("anthropic", "openai")),
    help="Only this one's report; default: each whose admin key is set.",
)
@click.option("--since", default="7d", show_default=True, help="24h, 30d, or a day (UTC).")
@click.option("--today", is_flag=True, help="Also today, as far as it has come.")
@click.option("--kept", is_flag=True, help="Fetch nothing: compare with reports kept before.")
@click.option("--account", default="", help="Whose report it is, where there are several.")
@click.option("--check", is_flag=True, help="Exit code 1 unless the sums agree.")
@click.option("--nightly", is_flag=True, hidden=True, help="What a running gateway asks for.")
@json_option
@ledger_option
@config_option
def command(files: tuple[Path, ...], more: tuple[Path, ...], **said: Any) -> int:
    """Hold the ledger against what the providers report, day by day and model by model.

    Every difference is explained as far as it can be: traffic that did not pass through,
    another price, calls without an outcome, midnight, tiers a report leaves out. More than
    one percent apart is UNRECONCILED.

    \b
    Examples:
      ANTHROPIC_ADMIN_KEY=sk-ant-admin01-… headgate reconcile --since 30d
      headgate reconcile claude_api_cost_2026_11.csv
      headgate reconcile --kept --check --json
    """
    from headgate.ledger.reconcile.run import judge

    if said["nightly"]:
        return _nightly(said)
    with _books(said) as (books, config):
        first, until = _window(said["since"], said["today"])
        given = [*files, *more]
        if given:
            days = _read(books, given, said["account"])
            first, until = min(first, *days), max(until, max(days) + 1)
        elif not said["kept"]:
            _fetch(books, _chosen(config, said), (first, until))
        with _explained(books):
            found = judge(books, config, first * DAY_US, until * DAY_US)
    _show(found, said["as_json"])
    return FAILURE if said["check"] and found.state != "reconciled" else 0


def _nightly(said: dict[str, Any]) -> int:
    """Do it at low priority, if it is due; what went wrong is a line of the gateway's log."""
    from headgate.ledger.reconcile.night import reconcile_if_due

    with contextlib.suppress(OSError):
        os.nice(15)
    with _books(said) as (books, config), _explained(books):
        night = reconcile_if_due(books.place, books.shelf, config)
    if night is None:
        return 0
    if said["as_json"]:
        print_json(as_data(night.verdict))
    if night.trouble:
        click.echo(night.trouble, err=True)
    return FAILURE if night.trouble else 0


@contextlib.contextmanager
def _books(said: dict[str, Any]) -> Iterator[tuple[Books, Any]]:
    from headgate.cli.sharing import in_force
    from headgate.ledger.archive.opening import open_shelf
    from headgate.ledger.reconcile.run import Books
    from headgate.store.place import connect, there_is

    path = said["config_path"]
    place = find_ledger(said["ledger"], path)
    if not there_is(place):
        raise Trouble(
            f"there is no ledger at {place} yet",
            "start the gateway once with `headgate up`, or import something: `headgate import`",
        )
    config = in_force(Path(path) if path else None)
    with explained():
        shelf = open_shelf(config.archive, place, os.environ)
        with contextlib.closing(connect(place)) as connection:
            yield Books(connection, place, shelf), config


@contextlib.contextmanager
def _explained(books: Books) -> Iterator[None]:
    """What a store or a shelf raises, in words."""
    from headgate.ledger.shelf import ShelfError
    from headgate.store.place import explain
    from headgate.store.sql import ERRORS

    try:
        yield
    except ShelfError as error:
        raise Trouble(error.what, error.hint) from error
    except ERRORS as error:
        raise explain(error, books.place) from error


def _window(since: str, today: bool) -> tuple[int, int]:
    """(first day, the day behind the last), since 1970."""
    now_us = time.time_ns() // 1000
    until = now_us // DAY_US + today
    return min(start_us(since, now_us) // DAY_US, until - 1), until


def _chosen(config: Any, said: dict[str, Any]) -> list[Source]:
    from headgate.ledger.reconcile.run import sources

    wanted = said["providers"]
    found = [it for it in sources(config) if not wanted or it.provider in wanted]
    for name in wanted:
        if all(it.provider != name for it in found):
            raise Trouble(
                f"there is no admin key of {name}",
                f"export {name.upper()}_ADMIN_KEY=…, or name a report's file",
            )
    return [it._replace(account=said["account"]) for it in found]


def _fetch(books: Books, sources: Sequence[Source], window: tuple[int, int]) -> None:
    """Fetch from all; when nobody could be asked, that is what is wrong."""
    from headgate.ledger.reconcile.run import bring

    with _explained(books):
        done = bring(books.connection, sources, window[0], window[1] - 1)
    for it in done:
        if it.trouble is None:
            say(f"{it.provider}: {it.rows} lines of {it.days} days")
        elif len(done) == 1:
            raise Trouble(it.trouble.what, it.trouble.hint)
        else:
            say(f"{it.provider}: {it.trouble.what}\nhint: {it.trouble.hint}")
    if done and all(it.trouble for it in done):
        raise Trouble("no provider gave its report", "see above")


def _read(books: Books, files: Sequence[Path], account: str) -> list[int]:
    """Keep what files report; the days they are of."""
    from headgate.cli.reportfile import read
    from headgate.ledger.reconcile.run import hold

    days: list[int] = []
    for file in files:
        found = read(file)
        if not found.rows:
            raise Trouble(f"{file} reports nothing", "export a span of time with usage in it")
        made_us = file.stat().st_mtime_ns // 1000
        with _explained(books):
            rows = hold(books.connection, found._replace(account=account), made_us)
        days += [row.day for row in found.rows]
        say(f"{file.name}: {rows} lines of {len({row.day for row in found.rows})} days")
    return days


def _show(found: Verdict, as_json: bool) -> None:
    if as_json:
        print_json(as_data(found))
        return
    click.echo(found.heading)
    for words in found.why:
        click.echo(f"  {words}")
    if found.state == "no report":
        say(f"\nhint: {HOW}")
    if found.lines:
        heads = ("day", "model", "ours", "theirs", "delta", "", "why")
        print_table(heads, [_row(it, found.partial) for it in found.lines])


def _row(line: Line, partial: tuple[str, ...]) -> tuple[str, ...]:
    from headgate.ledger.reconcile.verdict import iso

    day = iso(line.place.day)
    share = line.delta_nusd / line.theirs_nusd if line.theirs_nusd else None
    return (
        f"{day} so far" if day in partial else day,
        line.place.model + (" (simulated)" if line.place.simulated else ""),
        dollars(line.ours_nusd),
        dollars(line.theirs_nusd) + (" *" if line.valued else ""),
        dollars(line.delta_nusd),
        "" if not line.delta_nusd else "" if share is None else f"{share:+.1%}",
        line.why + ("; * tokens at our prices: no costs are reported" if line.valued else ""),
    )


def as_data(found: Verdict) -> dict[str, Any]:
    """The verdict as plain data."""
    from headgate.ledger.reconcile.sides import LINES, TOKENS
    from headgate.ledger.reconcile.verdict import iso

    def told(line: Line) -> dict[str, Any]:
        ours, theirs = line.ours, line.theirs
        return {
            "provider": line.place.provider,
            "day": iso(line.place.day),
            "model": line.place.model,
            "simulated": line.place.simulated,
            "ours_nusd": line.ours_nusd,
            "theirs_nusd": line.theirs_nusd,
            "delta_nusd": line.delta_nusd,
            "calls": ours.calls,
            "requests": theirs.requests,
            "ours_tokens": dict(zip(TOKENS, ours.tokens, strict=True)),
            "theirs_tokens": dict(zip(TOKENS, theirs.tokens, strict=True))
            if theirs.tokens is not None
            else None,
            "ours_lines_nusd": dict(zip(LINES, ours.nusd, strict=True)),
            "theirs_lines_nusd": dict(zip(LINES, theirs.nusd, strict=True))
            if theirs.nusd is not None
            else None,
            "theirs_at_our_prices": line.valued,
            "causes": [it._asdict() for it in line.causes],
        }

    return {
        "state": found.state,
        "heading": found.heading,
        "delta_share": found.delta_share,
        "days": list(found.days),
        "partial_days": list(found.partial),
        "why": list(found.why),
        "lines": [told(it) for it in found.lines],
    }
