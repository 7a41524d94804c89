"""Show what was worth telling at once, and try the webhook that is told of it.

Rule 1: reading events touches no gateway; the test event goes out as every other would, but is
kept nowhere.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from headgate.cli import Trouble
from headgate.cli.tail import plain
from headgate.cli.terminal import config_option, json_option, say
from headgate.cli.where import explained, find_ledger, ledger_option
from headgate.config.model import Events
from headgate.store.event import Noted, after, last
from headgate.store.place import Place, connect_reader, explain
from headgate.store.sql import ERRORS, Connection

POLL_S = 0.5


class Options(NamedTuple):
    """How events are shown."""

    rows: int
    follow: bool
    as_json: bool


@click.group(invoke_without_command=True)
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Events to begin with.",
)
@click.option("--follow", is_flag=True, help="Go on with new ones.")
@json_option
@ledger_option
@config_option
@click.pass_context
def command(
    context: click.Context, /, rows: int, follow: bool, as_json: bool, **at: object
) -> None:
    """Show what was worth telling at once: budgets, loops, credentials.

    With [events] webhook = "https://…" and secret = "env:NAME" each is posted there as JSON
    until it is answered with 2xx, for a day. The header x-headgate-signature, as in
    t=1763740800,v1=5f2c…, proves that it comes from you and when it was sent. A receiver
    in Python, with the raw bytes of the body:

    \b
      parts = dict(part.split("=", 1) for part in signature.split(","))
      mac = hmac.new(secret, parts["t"].encode() + b"." + body, "sha256").hexdigest()
      good = hmac.compare_digest(mac, parts["v1"])
      new = abs(time.time() - int(parts["t"])) < 300

    An event may come twice: its id tells.

    \b
    Examples:
      headgate events
      headgate events --follow --json | jq .event
      headgate events test
    """
    if context.invoked_subcommand is not None:
        return
    ledger, config = at["ledger"], at["config_path"]
    path = find_ledger(Path(str(ledger)) if ledger else None, str(config) if config else None)
    _read(path, Options(rows, follow, as_json))


@command.command("test")
@config_option
def try_out(config_path: str | None) -> None:
    """Post a signed test event to the webhook, once.

    \b
    Example:
      headgate events test --config headgate.toml
    """
    from headgate.cli.sharing import in_force  # costly to load, as is the next

    config = in_force(Path(config_path) if config_path else None)
    if not config.events.webhook:
        raise Trouble(
            "no webhook is configured",
            'write [events] webhook = "https://…" and secret = "env:NAME" into headgate.toml',
        )
    from headgate.engine.webhook import host_of

    began = time.perf_counter()
    status, answer = asyncio.run(_post(config.events))
    took_ms = (time.perf_counter() - began) * 1000
    host = host_of(config.events)
    if not 200 <= status < 300:
        raise Trouble(f"{host} did not take the test event: {answer}", _hint(status))
    say(f"{host} took the test event: {answer} in {took_ms:.0f} ms")


def _hint(status: int) -> str:
    if not status:
        return "check the address, name resolution, firewall and ca_file of [events]"
    if status in (401, 403):
        return "does the receiver check the signature with the same secret and the raw body?"
    if 300 <= status < 400:
        return "name the address it redirects to: redirects are not followed"
    return "look at the receiver's log; it must answer with 2xx"


async def _post(events: Events) -> tuple[int, str]:
    from headgate.engine.webhook import post
    from headgate.policy.event import event
    from headgate.upstream import Door

    at_us, door = time.time_ns() // 1000, Door()
    said = {"words": "`headgate events test` was run: events will look like this"}
    try:
        return await post(door, events, event(at_us, "test", "house", f"test {at_us}", said))
    finally:
        await door.close()


def _read(path: Place, options: Options) -> None:
    with explained():
        connection = connect_reader(path)
        try:
            _show(connection, options)
        except ERRORS as error:
            raise explain(error, path) from error
        except KeyboardInterrupt:
            pass  # the usual end of following
        finally:
            connection.close()


def _show(connection: Connection, options: Options) -> None:
    found = last(connection, max(1, options.rows))
    seen = found[-1].seq if found else 0
    shown = found[-options.rows :] if options.rows else []
    if not found and not options.as_json:
        say("nothing has happened yet" + (": waiting" if options.follow else ""))
    _print(shown, options.as_json)
    while options.follow:
        time.sleep(POLL_S)
        found = after(connection, seen)
        _print(found, options.as_json)
        seen = found[-1].seq if found else seen


def _print(found: list[Noted], as_json: bool) -> None:
    for noted in found:
        sys.stdout.write((as_data(noted) if as_json else as_line(noted)) + "\n")
    sys.stdout.flush()


def as_data(noted: Noted) -> str:
    """One line of JSON: what the webhook gets, and what became of it there."""
    return msgspec.json.encode(
        {
            "id": noted.event.id,
            "event": noted.kind,
            "at_us": noted.at_us,
            "subject": noted.subject,
            "detail": msgspec.Raw(noted.detail.encode()),
            "delivered_us": noted.delivered_us,
            "due_us": noted.due_us,
            "attempts": noted.attempts,
            "answer": noted.answer,
        }
    ).decode()


def as_line(noted: Noted) -> str:
    """One line for people."""
    at = datetime.fromtimestamp(noted.at_us / 1_000_000).astimezone()
    detail = msgspec.json.decode(noted.detail)
    said = ", ".join(
        f"{name} {value}" for name, value in detail.items() if value not in ("", None)
    )
    line = f"{at:%Y-%m-%d %H:%M:%S}  {noted.kind:22}  {noted.subject}  {said}"
    return plain(f"{line}  [{_became(noted)}]")


def _became(noted: Noted) -> str:
    if noted.delivered_us is not None:
        return "delivered"
    if not noted.attempts:
        return "not sent"
    tried = f"{noted.attempts} attempts, last: {noted.answer}"
    return tried if noted.due_us is not None else f"given up after {tried}"
