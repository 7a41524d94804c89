"""Runs `headgate import` and tells what came of it.

Rule 1: every file that was left out and every line that could not be read is counted and shown.
Rule 2: Ctrl-C loses nothing: it says that the same command goes on.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from headgate.audit.about import rows_told
from headgate.cli import Trouble
from headgate.cli.progress import progress
from headgate.cli.tenancy import opened
from headgate.cli.terminal import dollars, print_json, print_table, say
from headgate.cli.where import explained, find_ledger
from headgate.config import load_places
from headgate.ledger.archive.opening import open_shelf
from headgate.ledger.importers import imports, load
from headgate.ledger.importers.detect import Found, Unreadable, find, usual
from headgate.ledger.importers.importer import Importer, Options
from headgate.ledger.importers.intake import From
from headgate.ledger.importers.run import Into, Outcome
from headgate.ledger.importers.run import run as run_import
from headgate.ledger.importers.sources import Summary
from headgate.ledger.importers.staging import Busy
from headgate.ledger.importers.twofold import said
from headgate.ledger.shelf import ShelfError
from headgate.money.catalog import Catalog
from headgate.store.place import Place, explain
from headgate.store.sql import ERRORS
from headgate.store.sqlite import state_folder

SHOWN = 5
"""so many files of a kind are named"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was told."""

    sources: tuple[Path, ...]
    mapping: tuple[tuple[str, str], ...]
    named: str
    timezone: str
    money: str | None
    decimal: str | None
    dry_run: bool
    as_json: bool
    ledger: Path | None
    config_path: str | None

    @property
    def options(self) -> Options:
        return Options(self.mapping, self.timezone, self.money or "", self.decimal or "")


def bring(asked: Asked) -> None:
    """Import what was asked for, and print what came of it."""
    config = load_places(Path(asked.config_path) if asked.config_path else None, os.environ)
    place = find_ledger(asked.ledger, asked.config_path)
    known = load()
    with _explained(place):
        sources = _sources(asked, known)
        found = find(sources, _format(asked, known), known)
        into = Into(
            place,
            open_shelf(config.archive, place, os.environ),
            place.absolute().parent if isinstance(place, Path) else state_folder(os.environ),
            Catalog.load(config.prices.rules),
            time.time_ns() // 1_000,
            asked.dry_run,
        )
        outcomes = _run(asked, sources, found, into, known)
    if asked.as_json:
        print_json([_as_data(it) for it in outcomes] + _left_out(found))
        return
    for outcome in outcomes:
        _tell(outcome, dry=asked.dry_run)
    _tell_left_out(found)
    if any(it.id for it in outcomes):
        say("\nheadgate audit shows what it bought; headgate import undo takes it back")


def _sources(asked: Asked, known: Sequence[Importer]) -> list[Path]:
    if asked.sources:
        return [path.expanduser().absolute() for path in asked.sources]
    places = usual(known)
    if not places:
        looked = "; ".join(it.about for it in known if it.places is not tuple)
        raise Trouble(
            f"nothing lies in the usual places: {looked}",
            "name a file or a folder: headgate import SOURCE",
        )
    say("found " + ", ".join(map(str, places)))
    return places


def _format(asked: Asked, known: Sequence[Importer]) -> str:
    """The format that was named, or that is meant by naming columns."""
    if asked.named or not asked.mapping:
        return asked.named
    return next((it.name for it in known if it.mapped is not None), "")


def _run(
    asked: Asked,
    sources: Sequence[Path],
    found: Found,
    into: Into,
    known: Sequence[Importer],
) -> list[Outcome]:
    importers = {it.name: it for it in known}
    outcomes = []
    with progress() as told:
        try:
            for kind, files in sorted(found.files.items()):
                what = From(importers[kind], sources, files, asked.options)
                outcomes.append(run_import(what, into, told.watch))
        except KeyboardInterrupt:
            told.pause()
            say("stopped: what was read is kept, and the same command goes on from there")
            raise click.Abort from None
    return outcomes


@contextlib.contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Every expected failure as the command line shows it."""
    try:
        with explained():
            yield
    except Unreadable as error:
        raise Trouble(error.what, error.hint) from error
    except Busy as error:
        raise Trouble(
            "another import of the same sources is running", "wait until it is done"
        ) from error
    except imports.Raced as error:
        raise Trouble(
            "segments were compacted again and again while they were to be replaced",
            "the same command goes on with it",
        ) from error
    except ShelfError as error:
        raise Trouble(error.what, error.hint) from error
    except ERRORS as error:
        told = explain(error, place)
        raise Trouble(told.what, told.hint) from error


def _tell(outcome: Outcome, *, dry: bool) -> None:
    it = outcome.summary
    if outcome.resumed:
        say("went on with an import that was stopped")
    files, lines = many(it.files, "file"), many(it.lines, "line")
    head = f"{it.kind}: {files}, {it.size / 1e6:,.1f} MB, {lines} read"
    click.echo(head)
    if it.calls:
        told = rows_told(it.calls, it.sums, it.of_sums)
        brought = f"{'would bring' if dry else 'brought'} {told}"
        prices = "at list prices" if it.stated < it.calls else "as the source states"
        span = f"{_day(it.first_us)} to {_day(it.last_us)}"
        click.echo(f"  {brought} from {span}, {dollars(it.cost_nusd)} {prices}")
        if outcome.id:
            click.echo(f"  as {outcome.id}")
    else:
        click.echo("  brought nothing: no call in it is new")
    for text in _notes(outcome):
        click.echo(f"  {text}")
    _tell_lines(it)
    for path, why in outcome.refused:
        click.echo(f"  left out, as it cannot be read: {path}: {why}")


def _notes(outcome: Outcome) -> Iterator[str]:
    it = outcome.summary
    if it.twice:
        yield f"in two places, and counted once: {many(it.twice, 'call')}"
    if outcome.replaced:
        yield f"not whole when last imported, and now: {many(outcome.replaced, 'call')}"
    if it.continued:
        yield f"told more of a call already told: {many(it.continued, 'line')}"
    if outcome.reported:
        yield (
            f"the provider's own report, {many(outcome.reported, 'line')}:"
            " headgate reconcile compares them"
        )
    if outcome.days:
        yield (
            f"told twice over, by calls and sums or by sums grouped otherwise:"
            f" {many(outcome.days, 'day')}; undo one of the two: headgate reconcile FILE"
            " compares sums with calls"
        )
    if it.twofold:
        yield said(it.twofold) + "; undo it, and import one of the two"
    if it.stated:
        yield (
            f"at the cost their source states, for want of tokens or of a listed price:"
            f" {many(it.stated, 'row')}"
        )
    if it.unpriced:
        models = ", ".join(f"{model} ({rows:,})" for model, rows in it.unpriced.items())
        yield (
            f"no price is known for {models}: counted at the ceiling; name a price under"
            " [prices.overrides] in headgate.toml, undo, and import again"
        )


def _tell_lines(it: Summary) -> None:
    for what, lines in it.notes.items():
        click.echo(f"  {many(lines, 'line')}: {what}")
    if it.ignored:
        kinds = ", ".join(f"{what} {lines:,}" for what, lines in it.ignored.items())
        click.echo(f"  lines that tell of no call: {kinds}")
    for why, lines in it.malformed.items():
        click.echo(f"  could not be read, {many(lines, 'line')}: {why}")
    for file, line, why in it.examples:
        click.echo(f"    {file}:{line}: {why}")


def _tell_left_out(found: Found) -> None:
    for title, those in (
        ("could not be read", found.refused),
        ("left out", found.unknown),
    ):
        for path, why in those[:SHOWN]:
            say(f"{title}: {path}: {why}")
        if len(those) > SHOWN:
            say(f"{title}: {len(those) - SHOWN:,} more (--json names them all)")


def _left_out(found: Found) -> list[dict[str, Any]]:
    return [
        {"left_out": str(path), "why": why} for path, why in (*found.refused, *found.unknown)
    ]


def _as_data(outcome: Outcome) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(outcome.summary)
    return data | {
        "id": outcome.id,
        "refused": [{"file": str(path), "why": why} for path, why in outcome.refused],
        "replaced": outcome.replaced,
        "days_told_twice": outcome.days,
        "reported": outcome.reported,
        "resumed": outcome.resumed,
    }


def show_imports(options: Mapping[str, Any]) -> None:
    """All imports there ever were."""
    with opened(options, writing=False) as connection:
        rows = imports.all_imports(connection)
    if options["as_json"]:
        print_json([it._asdict() | {"detail": msgspec.json.decode(it.detail)} for it in rows])
        return
    if not rows:
        say("nothing was imported yet: headgate import")
        return
    print_table(
        ("id", "at", "format", "state", "rows", "twice", "malformed", "cost", "source"),
        [
            (
                *(it.id, _time(it.at_us), it.kind, it.state),
                *(f"{count:,}" for count in (it.calls, it.twice, it.malformed)),
                *(dollars(it.cost_nusd), it.label),
            )
            for it in rows
        ],
    )


def take_back(id: str, options: Mapping[str, Any]) -> None:
    """Undo one."""
    with opened(options, writing=True) as connection:
        try:
            row, gone = imports.undo(connection, id, time.time_ns() // 1_000)
        except KeyError:
            known = [it.id for it in imports.all_imports(connection) if it.state != "undone"]
            raise Trouble(
                f"there is no import {id} that could be undone",
                f"there are: {', '.join(known)}" if known else "nothing is imported",
            ) from None
    if options["as_json"]:
        print_json({"id": row.id, "rows": gone})
    else:
        say(f"{row.id} is undone, and {many(gone, 'row')} of {row.label} gone from the book")


def many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d")


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6).astimezone().strftime("%Y-%m-%d %H:%M")
