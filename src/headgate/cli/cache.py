"""headgate cache: why a prompt was not read from its vendor's cache, what caches save, and the
end of replies that are kept.

Rule 1: it reads the ledger as a process of its own, with no gateway running.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from headgate.cli import Trouble
from headgate.cli.near import near
from headgate.cli.since import start_us
from headgate.cli.terminal import config_option, json_option, say
from headgate.cli.where import explained, find_ledger, ledger_of, ledger_option
from headgate.store.place import connect_reader, explain
from headgate.store.sql import ERRORS


@click.group()
def command() -> None:
    """Show why prompts missed their vendor's cache, and what caches save.

    \b
    Examples:
      headgate cache why req_01hzy3
      headgate cache report --since 24h --by key
    """


@command.command()
@click.argument("request_id")
@json_option
@ledger_option
@config_option
def why(request_id: str, as_json: bool, ledger: Path | None, config_path: str | None) -> None:
    """Say why a call's prompt was not read from its vendor's cache, and since when.

    REQUEST_ID is the one in the reply's x-request-id header, and in `headgate tail`.

    \b
    Example:
      headgate cache why req_01hzy3
    """
    from headgate.cli.cachewhy import show  # costly to load, as is the next command's

    place = find_ledger(ledger, config_path)
    with explained():
        connection = connect_reader(place)
        try:
            show(connection, request_id, as_json=as_json)
        except ERRORS as error:
            raise explain(error, place) from error
        finally:
            connection.close()


@command.command()
@click.option(
    "--since",
    default="7d",
    show_default=True,
    help="How far back: 30m, 24h, 7d, 2w, or a day such as 2026-11-01.",
)
@click.option(
    "--by",
    "group",
    type=click.Choice(("key", "model", "team", "route")),
    default="model",
    show_default=True,
    help="Whose sums to show.",
)
@json_option
@ledger_option
@config_option
def report(
    since: str, group: str, as_json: bool, ledger: Path | None, config_path: str | None
) -> None:
    """Show what caches read, wrote, saved and missed, and what would save more.

    saved: against the same calls without any cache; below zero, writes cost more than reads
    saved. missed: what calls paid beyond reading what those before them left in a cache, or
    would have left with a mark.

    \b
    Example:
      headgate cache report --since 24h --by key
    """
    from headgate.cli.cachereport import show

    since_us = start_us(since, time.time_ns() // 1000)
    place = find_ledger(ledger, config_path)
    with explained():
        connection = connect_reader(place)
        try:
            show(connection, group, since_us, as_json=as_json)
        except ERRORS as error:
            raise explain(error, place) from error
        finally:
            connection.close()


@command.command()
@config_option
def clear(config_path: str | None) -> None:
    """Forget all kept replies, on disk or in Redis.

    They are what [cache] reply lets Headgate give again. Gateways that run forget within
    seconds what they hold in memory of it. With [cache] store = "memory" there is nothing
    outside of them: a reply lives for ttl_s at most, or until its gateway restarts.

    \b
    Example:
      headgate cache clear --config headgate.toml
    """
    from headgate.cli.sharing import in_force  # costly to load
    from headgate.store.replies import open as replies
    from headgate.store.replies.far import ShelfError
    from headgate.store.sqlite import state_place

    config = in_force(Path(config_path) if config_path else None)
    place = ledger_of(config)
    folder = place.parent if isinstance(place, Path) else state_place(os.environ)
    try:
        gone = replies.clear(config.cache, folder, config.store.redis)
    except ShelfError as error:
        raise Trouble(
            f"kept replies cannot be removed: {error}", "check [cache] store and [store] redis"
        ) from error
    if gone is None:
        say('replies are kept in memory only: [cache] store = "memory"')
    else:
        say(f"{gone:,} {'reply is' if gone == 1 else 'replies are'} forgotten")


command.add_command(near)
