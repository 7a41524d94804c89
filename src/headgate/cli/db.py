"""Show which shape the store has, and bring it to the newest.

Rule 1: only `upgrade` changes it, and says first what it will do.
"""

from __future__ import annotations

from typing import Any

import click

from headgate.cli import FAILURE
from headgate.cli.tenancy import place_options, store_of
from headgate.cli.terminal import print_json, say
from headgate.cli.where import explained
from headgate.store import upgrade as upgrades


@click.group()
def command() -> None:
    """Show which shape the store has, and bring it to the newest.

    Gateways refuse a store of an older shape until it is upgraded, and one of a newer shape.

    \b
    Examples:
      headgate db status
      headgate db upgrade
    """


@command.command()
@place_options
def status(**options: Any) -> int:
    """Show the store's shape and what an upgrade would do; exit code 1 when one is needed.

    \b
    Example:
      headgate db status --json
    """
    with explained():
        found = upgrades.state(store_of(options))
    if options["as_json"]:
        print_json(_facts(found))
    else:
        _tell(found)
    return FAILURE if found.pending else 0


@command.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@place_options
def upgrade(dry_run: bool, **options: Any) -> None:
    """Bring the store to the newest shape; gateways that use it are stopped before.

    A file is copied first, and the copy is named. On PostgreSQL the schema is made if need be:
    all in one transaction, and one at a time, so several hosts may run it at once.

    \b
    Examples:
      headgate db upgrade --dry-run
      headgate db upgrade
    """
    place = store_of(options)
    with explained():
        found = upgrades.state(place)
        if not options["as_json"]:
            _tell(found)
        done = upgrades.Done([], None) if dry_run else upgrades.upgrade(place)
    if options["as_json"]:
        copy = str(done.copy) if done.copy else None
        print_json(_facts(found) | {"applied": done.applied, "copy": copy, "dry_run": dry_run})
    elif done.copy:
        say(f"upgraded; as it was before, it is kept in {done.copy}")
    elif done.applied:
        say("upgraded")
    elif not dry_run:
        say("nothing was to be done")


def _tell(found: upgrades.State) -> None:
    has = f"has shape {found.shape}" if found.shape else "is not there yet"
    click.echo(f"{found.place} {has}; this Headgate writes {found.newest}")
    for name in found.pending:
        click.echo(f"  to be done: {name}")


def _facts(found: upgrades.State) -> dict[str, Any]:
    return {
        "store": str(found.place),
        "shape": found.shape,
        "newest": found.newest,
        "pending": found.pending,
    }
