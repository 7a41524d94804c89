"""Show the ledger's rows live in the terminal.

Rule 1: it reads as a process of its own: a slow terminal never touches a call in flight.
Rule 2: a cost that is not zero never looks like zero.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from headgate.cli.earlier import tell_earlier
from headgate.cli.terminal import config_option, dollars, json_option, safe, say
from headgate.cli.where import explained, find_ledger, ledger_option
from headgate.ledger.recent import MOST, Row, Unsettled, Wanted, after, last, newest, unsettled
from headgate.store.place import connect_reader, explain
from headgate.store.sql import ERRORS, Connection

POLL_S = 0.25

_HEAD = (
    f"{'time':8}  {'key':12}  {'model':26}  {'status':6}  {'ending':20}  {'input':>9}"
    f"  {'cached':>9}  {'output':>7}  {'cost':>12}  {'took':>8}  {'first':>8}  id"
)


class Options(NamedTuple):
    """How the rows are shown."""

    rows: int
    follow: bool
    as_json: bool


@click.command()
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Rows to begin with.",
)
@click.option(
    "--follow/--once", default=True, show_default=True, help="Go on with new rows, or stop."
)
@click.option("--key", default="", help="Only calls of this key: its id or name.")
@click.option("--model", default="", help="Only this model: part of its name, or a pattern.")
@click.option("--id", default="", help="Only the call of this request id.")
@click.option("--faults", is_flag=True, help="Only calls that failed or were cut short.")
@click.option(
    "--open", "is_open", is_flag=True, help="Calls without an outcome; implies --once."
)
@json_option
@ledger_option
@config_option
def command(rows: int, follow: bool, as_json: bool, is_open: bool, **rest: object) -> None:
    """Show the ledger's rows live in the terminal.

    With --json each row is one line of JSON, with every column of the ledger.

    \b
    Examples:
      headgate tail
      headgate tail -n 100 --once --model claude-* --faults
      headgate tail --json --key alice | jq .cost_nusd
    """
    ledger, config = rest.pop("ledger"), rest.pop("config_path")
    path = find_ledger(Path(str(ledger)) if ledger else None, str(config) if config else None)
    wanted = Wanted(str(rest["key"]), str(rest["model"]), str(rest["id"]), bool(rest["faults"]))
    with explained():
        connection = connect_reader(path)
        try:
            if is_open:
                _show_open(unsettled(connection), as_json)
            else:
                _show(connection, wanted, Options(rows, follow, as_json))
        except ERRORS as error:
            raise explain(error, path) from error
        except KeyboardInterrupt:
            pass  # the usual end of following
        finally:
            connection.close()


def _show(connection: Connection, wanted: Wanted, options: Options) -> None:
    seen = newest(connection)
    begun = [row for row in last(connection, options.rows, wanted) if row.seq <= seen]
    if not options.as_json:
        if not begun:
            say("no such rows yet" + (": waiting for the first" if options.follow else ""))
        click.echo(_HEAD)
    if len(begun) < options.rows:
        tell_earlier(connection, 0)
    _print(begun, options.as_json)
    while options.follow:
        looked_to = newest(connection)  # so that rows nobody asked for are passed over once
        rows = after(connection, seen, wanted)
        _print(rows, options.as_json)
        seen = max(seen, rows[-1].seq if rows else 0)
        if len(rows) < MOST:
            seen = max(seen, looked_to)
            time.sleep(POLL_S)


def _print(rows: list[Row], as_json: bool) -> None:
    for row in rows:
        sys.stdout.write((as_line(row) if not as_json else as_data(row)) + "\n")
    sys.stdout.flush()


def _show_open(calls: list[Unsettled], as_json: bool) -> None:
    if not calls and not as_json:
        say("every call has its outcome")
    for call in calls:
        if as_json:
            fields = {"state": call.state, **call.intent._asdict()}
            click.echo(msgspec.json.encode(fields).decode())
            continue
        state = "orphaned: may have been billed" if call.state == "orphaned" else "open"
        intent = call.intent
        click.echo(
            f"{_clock(intent.at_us)}  {intent.provider}:{intent.model_sent}  {state}"
            f"  about {intent.input_estimate:,} tokens in  {intent.id}"
        )


def as_data(row: Row) -> str:
    """Every column of the row, as one line of JSON; hashes in hexadecimal."""
    entry = row.entry
    fields: dict[str, object] = {"seq": row.seq, "key_name": row.key_name, **entry._asdict()}
    fields["prefix"] = entry.prefix.hex() if entry.prefix else None
    fields["reply_hash"] = entry.reply_hash.hex() if entry.reply_hash else None
    return msgspec.json.encode(fields).decode()


def as_line(row: Row) -> str:
    """The row as one line for people."""
    entry = row.entry
    written = (
        entry.cache_write_5m
        + entry.cache_write_1h
        + entry.cache_write_30m
        + entry.cache_write_12h
    )
    served = entry.model_served or entry.model_sent or entry.model_asked
    marks = [
        *(["canned"] if entry.canned else []),
        *([f"{entry.tries} tries"] if entry.tries > 1 else []),
        *(["maybe billed"] if entry.maybe_billed else []),
        *(["simulated"] if entry.simulated else []),
    ]
    ended = entry.fault or entry.ending
    return (
        f"{_clock(entry.at_us)}  {_cut(row.key_name or entry.key_id or '-', 12)}"
        f"  {_cut(served, 26)}  {entry.status or '-':<6}  {_cut(ended, 20)}"
        f"  {entry.input_fresh + entry.cache_read + written:>9,}  {entry.cache_read:>9,}"
        f"  {entry.output:>7,}  {dollars(entry.cost_nusd):>12}  {_span(entry.took_us):>8}"
        f"  {_span(entry.ttft_us):>8}  {plain(entry.id)}"
        + (f"  [{', '.join(marks)}]" if marks else "")
    )


def plain(text: str) -> str:
    """Text of a caller's making without the characters that would steer a terminal."""
    return safe(text).replace("\n", "?")


def _cut(text: str, width: int) -> str:
    text = plain(text)
    return f"{text:{width}}" if len(text) <= width else text[: width - 1] + "…"


def _clock(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000).astimezone().strftime("%H:%M:%S")


def _span(us: int) -> str:
    if us == 0:
        return "-"
    return f"{us / 1e6:,.2f} s" if us >= 1_000_000 else f"{us / 1e3:,.1f} ms"
