"""Create, list and change teams.

Rule 1: nothing is ever deleted: rows of the ledger name what they were charged to.
"""

from __future__ import annotations

from typing import Any

import click

from headgate.cli import tenancy
from headgate.store.tenant import TEAM


@click.group()
def command() -> None:
    """Create, list and change teams: what keys belong to.

    A team is named NAME, or ORGANISATION/NAME where several have that name. One named
    default is there from the start.

    \b
    Examples:
      headgate teams create --name search --model 'claude-*' --cost-centre 4711
      headgate teams update search --model 'claude-haiku-*'
      headgate teams update search --budget 500/month --limit concurrent=50
      headgate teams archive search
    """


@command.command()
@click.option(
    "--name", required=True, help="Unique in its organisation; it stands on every row."
)
@click.option(
    "--org", default="default", show_default=True, help="The organisation it belongs to."
)
@tenancy.traits_options
@tenancy.place_options
def create(name: str, org: str, **options: Any) -> None:
    """Create a team.

    \b
    Example:
      headgate teams create --name search --org acme --tag project=atlas
    """
    tenancy.create(name, org, options)


@command.command("list")
@tenancy.place_options
def list_teams(**options: Any) -> None:
    """List every team, archived ones too.

    \b
    Example:
      headgate teams list --json
    """
    tenancy.list_all(TEAM, options)


@command.command()
@click.argument("name")
@tenancy.place_options
def show(name: str, **options: Any) -> None:
    """Show one team, by its name or id.

    \b
    Example:
      headgate teams show acme/search
    """
    tenancy.show(TEAM, name, options)


@command.command()
@click.argument("name")
@tenancy.traits_options
@tenancy.undo_options
@tenancy.place_options
def update(name: str, **options: Any) -> None:
    """Change what a team is given; what is not named stays as it is.

    Running gateways know within a second.

    \b
    Examples:
      headgate teams update search --model 'claude-haiku-*'
      headgate teams update search --any-model
    """
    tenancy.update(TEAM, name, options)


@command.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open it again.")
@tenancy.place_options
def archive(name: str, **options: Any) -> None:
    """Close a team: within a second no key of it opens anything.

    \b
    Examples:
      headgate teams archive search
      headgate teams archive search --undo
    """
    tenancy.archive(TEAM, name, options)
