"""Create, list and change organisations.

Rule 1: nothing is ever deleted: rows of the ledger name what they were charged to.
"""

from __future__ import annotations

from typing import Any

import click

from headgate.cli import tenancy
from headgate.store.tenant import ORGANISATION


@click.group()
def command() -> None:
    """Create, list and change organisations: what teams belong to.

    One named default is there from the start.

    \b
    Examples:
      headgate orgs create --name acme --cost-centre 4711
      headgate orgs update acme --model 'claude-*'
      headgate orgs list
    """


@command.command()
@click.option("--name", required=True, help="Unique here; it stands on every row.")
@tenancy.traits_options
@tenancy.place_options
def create(name: str, **options: Any) -> None:
    """Create an organisation.

    \b
    Example:
      headgate orgs create --name acme --cost-centre 4711 --model 'claude-*'
    """
    tenancy.create(name, None, options)


@command.command("list")
@tenancy.place_options
def list_organisations(**options: Any) -> None:
    """List every organisation, archived ones too.

    \b
    Example:
      headgate orgs list --json
    """
    tenancy.list_all(ORGANISATION, options)


@command.command()
@click.argument("name")
@tenancy.place_options
def show(name: str, **options: Any) -> None:
    """Show one organisation, by its name or id.

    \b
    Example:
      headgate orgs show acme
    """
    tenancy.show(ORGANISATION, name, options)


@command.command()
@click.argument("name")
@tenancy.traits_options
@tenancy.undo_options
@tenancy.place_options
def update(name: str, **options: Any) -> None:
    """Change what an organisation is given; what is not named stays as it is.

    Running gateways know within a second.

    \b
    Examples:
      headgate orgs update acme --model 'claude-*' --model 'gpt-*'
      headgate orgs update acme --any-model --cost-centre 4712
    """
    tenancy.update(ORGANISATION, name, options)


@command.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open it again.")
@tenancy.place_options
def archive(name: str, **options: Any) -> None:
    """Close an organisation: within a second no key of it opens anything.

    \b
    Examples:
      headgate orgs archive acme
      headgate orgs archive acme --undo
    """
    tenancy.archive(ORGANISATION, name, options)
