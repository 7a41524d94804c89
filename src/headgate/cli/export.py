"""headgate export: the ledger for other tools, and the month's bill for each cost centre.

Rule 1: a file is there whole, or not at all; one that is there is not replaced without --force.
Rule 2: what is exported adds up to the ledger, to the nano-dollar.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Misuse, Trouble
from headgate.cli.since import start_us
from headgate.cli.terminal import (
    config_option,
    dollars,
    json_option,
    print_json,
    print_table,
    say,
)
from headgate.cli.where import ledger_option

if TYPE_CHECKING:
    from headgate.cli.openbook import Source
    from headgate.ledger.book.book import Book
    from headgate.ledger.book.hot import Window
    from headgate.ledger.export.chargeback import Bill

FORMATS = ("parquet", "csv", "jsonl", "focus", "otlp")
STDOUT = Path("-")


@click.group(invoke_without_command=True)
@click.option("--to", "form", type=click.Choice(FORMATS), help="What to write.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    default=STDOUT,
    help="The file to write; default: standard output (not for parquet).",
)
@click.option("--endpoint", metavar="URL", help="With --to otlp: post to this collector.")
@click.option("--since", help="From when on: 30d, or a day; default: all there is.")
@click.option("--until", help="Before when: a day, or a span back from now; default: now.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@ledger_option
@config_option
@click.pass_context
def command(ctx: click.Context, /, form: str | None, **said: Any) -> None:
    """Write the ledger for other tools: Parquet, CSV, JSON lines, FOCUS 1.2, OpenTelemetry.

    parquet, csv and jsonl have one row per call; focus one per day, key, model and class of
    tokens; otlp one span per call.

    \b
    Examples:
      headgate export --to parquet -o calls.parquet --since 30d
      headgate export --to focus -o november.csv --since 2026-11-01 --until 2026-12-01
      headgate export --to otlp --endpoint http://127.0.0.1:4318 --since 1d
      headgate export chargeback --month 2026-10 --csv
    """
    if ctx.invoked_subcommand is not None:
        return
    if form is None:
        raise Misuse("say what to write", f"--to {'|'.join(FORMATS)}, or `chargeback --month`")
    output: Path = said["output"]
    _check(form, output, said)
    window = _window(said["since"], said["until"])
    source = _source(said)
    began = time.monotonic()
    with source.book(window) as book, _shown(f"exporting as {form}"):
        if said["endpoint"]:
            count = _send(book, said["endpoint"])
        else:
            count = _write(source, book, form, said)
    place = said["endpoint"] or ("" if output == STDOUT else str(output))
    if place:
        say(f"{count:,} {UNITS[form]} to {place} in {time.monotonic() - began:.1f} s")


UNITS = {
    "parquet": "calls",
    "csv": "calls",
    "jsonl": "calls",
    "focus": "lines",
    "otlp": "requests of up to 512 spans",
}


def _check(form: str, output: Path, said: dict[str, Any]) -> None:
    if said["endpoint"] and form != "otlp":
        raise Misuse("--endpoint is for --to otlp", f"write a file: --to {form} -o FILE")
    if said["endpoint"] and output != STDOUT:
        raise Misuse("--endpoint and -o are two places", "leave one of them out")
    if form == "parquet" and output == STDOUT:
        raise Misuse("Parquet is no text", "name a file: -o calls.parquet")
    if output != STDOUT and output.exists() and not output.is_file():
        raise Trouble(f"{output} is no file", "name one, or leave -o away: standard output")
    if output != STDOUT and output.exists() and not said["force"]:
        raise _exists(output)
    if output != STDOUT and not output.absolute().parent.is_dir():
        raise Trouble(f"there is no folder {output.parent}", "make it, or name another file")


def _exists(output: Path) -> Trouble:
    return Trouble(f"{output} is there already", "name another file, or replace it: --force")


def _window(since: str | None, until: str | None) -> Window:
    from headgate.ledger.book.hot import ALWAYS, Window

    now_us = time.time_ns() // 1000
    first = start_us(since, now_us) if since else 0
    last = start_us(until, now_us) if until else ALWAYS.until_us
    if first >= last:
        raise Misuse("--since is not before --until", "name the earlier moment with --since")
    return Window(first, last)


def _source(said: dict[str, Any]) -> Source:
    from headgate.cli.openbook import source_of

    return source_of((said["ledger"], said["config_path"]))


def _write(source: Source, book: Book, form: str, said: dict[str, Any]) -> int:
    from headgate.ledger.export.whole import Exists, whole

    output: Path = said["output"]
    try:
        if output != STDOUT:
            with whole(output, force=said["force"]) as part:
                return _into(source, book, form, part)
        with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
            held = Path(folder, "out")
            count = _into(source, book, form, held)
            with held.open("rb") as written:
                shutil.copyfileobj(written, sys.stdout.buffer)
        return count
    except Exists:
        raise _exists(output) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Trouble(
            f"{'standard output' if output == STDOUT else output} cannot be written:"
            f" {error.strerror or error}",
            "check the folder's rights and the room on its disk",
        ) from error


def _into(source: Source, book: Book, form: str, part: Path) -> int:
    from headgate.ledger.book.duck import ERRORS
    from headgate.ledger.export import focus, otlp, rows

    try:
        if form == "focus":
            return focus.write(book, part, _keys(source))
        if form == "otlp":
            with part.open("wb") as file:
                return sum(bool(file.write(lot + b"\n")) for lot in otlp.lots(book))
        return rows.write(book, form, part)
    except ERRORS as error:
        raise Trouble(
            f"the export failed: {str(error).partition(chr(10))[0]}",
            "check the room on the disk; `headgate archive verify` checks what is read",
        ) from error


def _keys(source: Source) -> dict[str, str]:
    with source.connection() as connection:
        found = connection.execute('SELECT id, name FROM "key"').fetchall()
    return {str(id): str(name) for id, name in found}


def _send(book: Book, endpoint: str) -> int:
    import asyncio

    from headgate.ledger.export.otlp import lots
    from headgate.ledger.export.send import NotTaken, send

    try:
        sent = asyncio.run(send(lots(book), endpoint, os.environ))
    except NotTaken as error:
        raise Trouble(error.what, error.hint) from error
    except ValueError as error:
        raise Misuse(f"--endpoint: {error}", "--endpoint http://127.0.0.1:4318") from error
    if sent.rejected:
        say(f"the collector left {sent.rejected:,} spans out: {sent.said}")
    return sent.requests


@contextlib.contextmanager
def _shown(words: str) -> Iterator[None]:
    from headgate.cli.progress import progress

    with progress() as shown:
        shown.step(words)
        yield


@command.command()
@click.option("--month", required=True, metavar="YYYY-MM", help="The calendar month, in UTC.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@ledger_option
@config_option
def chargeback(month: str, as_csv: bool, as_json: bool, **said: Any) -> None:
    """Show what each cost centre has to pay for a month.

    The lines are exact; cents add up to the rounded total. Calls without a cost centre are a
    line of their own.

    \b
    Examples:
      headgate export chargeback --month 2026-10
      headgate export chargeback --month 2026-10 --csv > october.csv
    """
    from headgate.ledger.book.hot import Window
    from headgate.ledger.export.chargeback import charge, month_of

    span = month_of(month)
    if span is None:
        raise Misuse(f"--month {month}: is no month", "write --month 2026-10")
    with _source(said).book(Window(*span)) as book:
        bill = charge(book, month, *span)
    if as_json:
        print_json(bill.told())
    elif as_csv:
        _print_csv(bill)
    else:
        _print_bill(bill)


def _print_csv(bill: Bill) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    heads = ("month", "cost_centre", "calls", "input_tokens", "output_tokens", "keys")
    writer.writerow((*heads, "cost_usd", "invoice_usd", "currency"))
    for it in bill.shares:
        counts = (it.calls, it.input_tokens, it.output_tokens, it.keys)
        usd = f"{it.cost_nusd // 10**9}.{it.cost_nusd % 10**9:09d}"
        cents = f"{it.cents // 100}.{it.cents % 100:02d}"
        writer.writerow((bill.month, _text(it.name), *counts, usd, cents, "USD"))


def _text(name: str) -> str:
    """A name that a spreadsheet takes for no formula, whoever gave it."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def _print_bill(bill: Bill) -> None:
    from headgate.ledger.export.chargeback import ROUNDING

    if not bill.shares:
        say(f"no call was made in {bill.month}")
        return
    heads = ("cost centre", "calls", "input tokens", "output tokens", "keys", "cost", "invoice")
    lines = [
        (
            it.name,
            *(f"{n:,}" for n in (it.calls, it.input_tokens, it.output_tokens, it.keys)),
            dollars(it.cost_nusd),
            f"${it.cents / 100:,.2f}",
        )
        for it in bill.shares
    ]
    total = ("total", *[""] * 4, dollars(bill.cost_nusd), f"${bill.cents / 100:,.2f}")
    print_table(heads, [*lines, total], title=f"{bill.month} (UTC), US dollars")
    simulated = sum(it.simulated_nusd for it in bill.shares)
    if simulated:
        say(f"{dollars(simulated)} of it is simulated: nobody is billed for that")
    say(ROUNDING)
