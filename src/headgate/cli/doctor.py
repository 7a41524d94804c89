"""headgate doctor: what is in force, and what is wrong with it, before a call finds out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import FAILURE, Misuse, Trouble
from headgate.cli.terminal import config_option, json_option, print_json

if TYPE_CHECKING:
    from headgate.cli.checkup import Finding
    from headgate.config import Config

OWN = ""
"""--client without an address"""
MARKS = {"ok": "ok  ", "info": "    ", "warn": "warn", "fail": "FAIL"}
COLOURS = {"ok": "green", "info": None, "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--live", is_flag=True, help="Make one cheap call per credential.")
@click.option("--stream", "stream_url", metavar="URL", help="Does a proxy hold streams back.")
@click.option(
    "--client",
    "client_url",
    is_flag=False,
    flag_value=OWN,
    metavar="[URL]",
    help="Hold a gateway to what clients need: ours, or the one at URL.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME|SURFACE=NAME",
    help="For --stream (default: claude-haiku-5-5); for --client once per surface.",
)
@click.option("--key", help="For --stream and --client URL; default: $HEADGATE_KEY.")
@click.option(
    "--upstream-port",
    type=click.IntRange(1, 65535),
    default=4198,
    show_default=True,
    help="For --client URL: where the scripted upstream listens.",
)
@click.option("--family", "families", multiple=True, help="For --client: only these promises.")
@click.option("--long", "is_long", is_flag=True, help="For --client: also what takes a minute.")
@click.option(
    "--print-config",
    "config_for",
    type=click.Choice(("headgate", "litellm")),
    help="Show a configuration for --client URL, and exit.",
)
@click.option("--fix", is_flag=True, help="Install toolchains that the sandbox lacks.")
@json_option
@config_option
def command(
    live: bool,
    stream_url: str | None,
    client_url: str | None,
    key: str | None,
    as_json: bool,
    config_path: str | None,
    **settings: Any,
) -> int:
    """Check configuration, credentials, disk, clock and tools; says what to do about each.

    Uses no network unless --live, --stream, --fix or --client URL asks for it. Exit code 1 when
    something fails.

    \b
    Examples:
      headgate doctor
      headgate doctor --live
      headgate doctor --fix
      headgate doctor --stream https://llm.example.com --key hg-…
      headgate doctor --client
      headgate doctor --client http://127.0.0.1:4000 --upstream-port 4198 --key sk-…
    """
    models = settings["models"]
    if settings["config_for"] or client_url is not None:
        return _conform(client_url, key, as_json, settings)
    if settings["fix"]:
        found = _fix()
    elif stream_url is not None:
        model = models[-1] if models else "claude-haiku-5-5"
        found = _stream(stream_url, model, key or os.environ.get("HEADGATE_KEY") or "headgate")
    else:
        found = list(_examine(config_path, live))
    failed = sum(each.state == "fail" for each in found)
    if as_json:
        print_json({"ok": not failed, "findings": [asdict(each) for each in found]})
    else:
        _show(found)
    return FAILURE if failed else 0


def _conform(
    url: str | None, key: str | None, as_json: bool, settings: Mapping[str, Any]
) -> int:
    from headgate.cli import conform

    port = settings["upstream_port"]
    if settings["config_for"]:
        conform.print_config(settings["config_for"], port)
        return 0
    return conform.conform(
        conform.Order(
            url or conform.OWN,
            port,
            key or os.environ.get("HEADGATE_KEY") or "headgate",
            settings["models"],
            settings["families"],
            settings["is_long"],
            as_json,
        )
    )


def _examine(config_path: str | None, live: bool) -> Iterator[Finding]:
    from headgate.cli import checkup, toolchains
    from headgate.cli.sharing import in_force

    now = datetime.now(UTC)
    path = Path(config_path) if config_path else None
    yield checkup.program()
    config, found = checkup.read_config(lambda: in_force(path))
    yield from found
    if config is not None:
        yield from checkup.credentials(config)
        yield from checkup.ladders(config)
        yield from checkup.defaults(config)
        yield from checkup.prices(config, now)
        yield from _books(config, now)
    else:
        yield from checkup.clock(now, None)
    yield from checkup.open_files()
    yield from toolchains.findings()
    yield toolchains.database()
    if live and config is not None:
        from headgate.cli.probe import probe

        yield from asyncio.run(probe(config.providers))


def _fix() -> list[Finding]:
    from headgate.cli import toolchains

    return list(toolchains.fix(lambda what: click.echo(what, err=True)))


def _books(config: Config, now: datetime) -> Iterator[Finding]:
    """Keys and ledger: the only checks that open the database, and only to read it."""
    from headgate.cli import agreed, checkup, enforceable
    from headgate.cli.checkup import Finding
    from headgate.cli.where import explained, ledger_of
    from headgate.ledger.recent import last, unsettled
    from headgate.store.event import Noted, of_kind
    from headgate.store.keys import listing
    from headgate.store.place import connect_reader, there_is

    newest_us, keys, orphans, refused = None, None, 0, list[Noted]()
    bill: list[Finding] = []
    try:
        ledger = ledger_of(config)
        yield from checkup.store(ledger)
        if there_is(ledger):
            with explained():
                reader = connect_reader(ledger)
            try:
                keys = listing(reader)
                orphans = sum(each.state == "orphaned" for each in unsettled(reader))
                since_us = int((now - checkup.REFUSED_LATELY).timestamp() * 1_000_000)
                refused = of_kind(reader, "credential_quarantined", since_us)
                bill = list(agreed.findings(config, reader, now))
                newest_us = next((row.entry.at_us for row in last(reader, 1)), None)
            finally:
                reader.close()
    except Trouble as trouble:
        yield Finding("ledger", "fail", trouble.message, trouble.hint)
    living = sum(not each.refusal(int(now.timestamp() * 1_000_000)) for each in keys or ())
    if keys:
        yield Finding("keys", "ok" if living else "warn", f"{living} of {len(keys)} keys live",
                      "" if living else "headgate keys create --name NAME")  # fmt: skip
    else:
        yield Finding("keys", "info", "none was created: the gateway asks for none (loopback)")
    if orphans:
        what = f"{orphans} calls were sent and never settled: they may have been billed"
        yield Finding("ledger", "warn", what, "headgate tail --open shows them")
    yield from bill
    yield from checkup.quarantined(config, refused)
    yield from enforceable.caps(config, keys or (), now)
    yield from checkup.listening(config, bool(keys))
    yield from checkup.clock(now, newest_us)


def _stream(url: str, model: str, key: str) -> list[Finding]:
    from headgate.cli.checkup import Finding
    from headgate.cli.probe import judge_ride, ride
    from headgate.wire.model import Fault

    try:
        return judge_ride(url, asyncio.run(ride(url, model, key)))
    except ValueError as error:
        hint = "give the address that clients use, such as https://llm.example.com"
        raise Misuse(f"--stream: {error}", hint) from None
    except Fault as fault:
        hint = "is the address right, is anything listening there? headgate up, or headgate sim"
        return [Finding("stream", "fail", f"{url}: {fault.message}", hint)]


def _show(found: list[Finding]) -> None:
    area = ""
    for each in found:
        if each.area != area:
            area = each.area
            click.echo(f"{area}")
        mark = click.style(MARKS[each.state], fg=COLOURS[each.state])
        click.echo(f"  {mark}  {each.what}")
        if each.hint:
            click.echo(f"        hint: {each.hint}")
    counts = {state: sum(each.state == state for each in found) for state in ("fail", "warn")}
    click.echo(f"\n{counts['fail']} failed, {counts['warn']} to look at", err=True)
