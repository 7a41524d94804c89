"""What `headgate orgs`, `teams` and `keys` share: options, opening the store, how it is shown.

Rule 1: an option that is not given changes nothing.
Rule 2: a mistake names what was meant, or what there is.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from headgate.cli import Trouble, capping
from headgate.cli.capping import caps_options, clear_options
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.cli.where import explained, find_ledger, ledger_option
from headgate.store import tenant as tenants
from headgate.store.adminlog import Actor, acting
from headgate.store.place import Place as Where
from headgate.store.place import connect, connect_reader, explain, there_is
from headgate.store.sql import ERRORS, Connection
from headgate.store.standing import moment
from headgate.store.tenant import Tenant
from headgate.store.traits import PROMPT_CACHE, SURFACES, Changes, Mistake, Traits

Decorated = TypeVar("Decorated", bound=Callable[..., object])
Place = Mapping[str, Any]
"""the options that say which store is meant"""
AS_ABOVE = "inherit"
"""takes a trait back, so that the level above decides"""


def place_options(command: Decorated) -> Decorated:
    """--json, --ledger and --config."""
    return json_option(ledger_option(config_option(command)))


def traits_options(command: Decorated) -> Decorated:
    """The options that say what an organisation, team or key is given."""
    return _all(
        caps_options(command),
        click.option("--cost-centre", help="Who pays; else as the level above."),
        click.option("--tag", "tags", multiple=True, help="A tag, such as project=atlas."),
        click.option(
            "--model",
            "models",
            multiple=True,
            metavar="NAME|PATTERN",
            help="A model that may be asked for, or a pattern such as claude-haiku-*.",
        ),
        click.option(
            "--surface",
            "surfaces",
            multiple=True,
            type=click.Choice(SURFACES),
            help="A surface that may be used.",
        ),
        click.option(
            "--prompt-cache",
            type=click.Choice((*PROMPT_CACHE, AS_ABOVE)),
            help="on: prompts are marked for their vendors' caches where that pays; advise: it"
            " is only said what that would save; off: neither; inherit: as the level above.",
        ),
        click.option("--metadata", metavar="JSON", help="An object of your own, up to 4 KB."),
    )


def undo_options(command: Decorated) -> Decorated:
    """The options of `update` that take back what was given."""
    return _all(
        clear_options(command),
        click.option("--no-tags", is_flag=True, help="Take all tags away."),
        click.option("--any-model", is_flag=True, help="All models the level above allows."),
        click.option("--any-surface", is_flag=True, help="The same for surfaces."),
    )


def _all(command: Decorated, *options: Any) -> Decorated:
    for option in reversed(options):
        command = option(command)
    return command


def changes(options: Mapping[str, Any]) -> Changes:
    """The traits that were named in the options."""

    def chosen(name: str, clear: str) -> tuple[str, ...] | None:
        if options.get(clear):
            return ()
        return tuple(options[name]) or None

    prompt_cache = options["prompt_cache"]
    caps = capping.changes(options)
    capping.check_priced(caps, options["config_path"])
    return Changes(
        options["cost_centre"],
        chosen("tags", "no_tags"),
        chosen("models", "any_model"),
        chosen("surfaces", "any_surface"),
        options["metadata"],
        caps,
        options.get("expires"),
        None if prompt_cache is None else prompt_cache.removeprefix(AS_ABOVE),
    )


def store_of(place: Place) -> Where:
    return find_ledger(place["ledger"], place["config_path"])


@contextlib.contextmanager
def opened(place: Place, *, writing: bool) -> Iterator[Connection]:
    """The store; every expected failure is a Trouble."""
    where = store_of(place)
    with explained():
        connection = connect(where) if writing else connect_reader(where)
        try:
            with acting(actor()):
                yield connection
        except Mistake as error:
            raise Trouble(str(error), error.hint) from error
        except ERRORS as error:
            raise explain(error, where) from error
        finally:
            connection.close()


@contextlib.contextmanager
def changing(place: Place) -> Iterator[Connection]:
    """The store, to change something that must be there already."""
    with opened(place, writing=there_is(store_of(place))) as connection:
        yield connection


def actor() -> Actor:
    """Who types: whoever may write the store may do everything."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may know no name for its user
        user = str(os.getuid())
    return Actor(f"cli:{user}@{socket.gethostname()}", "admin")


def now_us() -> int:
    return time.time_ns() // 1000


def day(at_us: int | None) -> str:
    return "" if at_us is None else str(moment(at_us))[:10]


def traits_shown(traits: Traits) -> dict[str, Any]:
    return {
        "cost_centre": traits.cost_centre,
        "tags": list(traits.tags),
        "models": list(traits.models),
        "surfaces": list(traits.surfaces),
        "metadata": json.loads(traits.metadata),
        "prompt_cache": traits.prompt_cache,
        **capping.caps_shown(traits.caps),
    }


# -- organisations and teams


def create(name: str, parent: str | None, options: Mapping[str, Any]) -> None:
    """Create an organisation or a team, and say so."""
    given = changes(options)
    with opened(options, writing=True) as connection:
        made = tenants.create(connection, name, parent=parent, changes=given, now_us=now_us())
    _tell(made, "created", options)


def list_all(level: str, options: Mapping[str, Any]) -> None:
    """A table of them, archived ones too."""
    found: Sequence[Tenant] = ()
    if options["ledger"] is not None or there_is(store_of(options)):
        with opened(options, writing=False) as connection:
            found = tenants.listing(connection, level)
    if options["as_json"]:
        print_json([shown(each) for each in found])
    elif not found:
        command = f"headgate {tenants.COMMANDS[level]} create --name NAME"
        say(f"no {level} yet: create one with `{command}`")
    else:
        heads = ["Name", "Models", "Budgets", "Cost centre", "Tags", "Created", "State"]
        rows = [
            [
                each.label,
                ", ".join(each.traits.models),
                capping.budgets_told(capping.caps_shown(each.traits.caps)["budgets"]),
                each.traits.cost_centre,
                ", ".join(each.traits.tags),
                day(each.created_us),
                _state(each),
            ]
            for each in found
        ]
        print_table(heads, rows)


def show(level: str, name: str, options: Mapping[str, Any]) -> None:
    """Everything about one of them."""
    with opened(options, writing=False) as connection:
        found = tenants.find(connection, level, name)
    if options["as_json"]:
        print_json(shown(found))
    else:
        facts = shown(found)
        print_facts(facts | capping.caps_told(facts))


def update(level: str, name: str, options: Mapping[str, Any]) -> None:
    with changing(options) as connection:
        _tell(tenants.update(connection, level, name, changes(options)), "updated", options)


def archive(level: str, name: str, options: Mapping[str, Any]) -> None:
    """Archive it, or with `undo` open it again."""
    at_us = None if options["undo"] else now_us()
    with changing(options) as connection:
        found = tenants.archive(connection, level, name, now_us=at_us)
    _tell(found, "restored" if options["undo"] else "archived", options)


def shown(tenant: Tenant) -> dict[str, Any]:
    """As it is printed."""
    owner = {"organisation": tenant.organisation.name} if tenant.organisation else {}
    facts = {
        "id": tenant.id,
        "name": tenant.name,
        **owner,
        "created": moment(tenant.created_us),
        "archived": moment(tenant.archived_us),
        "state": _state(tenant),
    }
    return facts | traits_shown(tenant.traits)


def print_facts(facts: Mapping[str, Any]) -> None:
    """One fact per line; what is empty is left out."""
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            text = json.dumps(text) if isinstance(text, dict) else text
            click.echo(f"{name.replace('_', ' '):<13} {text}")


def narrowing(may: Mapping[str, Any] | None) -> list[str]:
    """Which level allows only what, a line for each."""
    return [
        f"{each['level']} {each['name']!r} allows only {kind} {', '.join(each[kind])}"
        for each in (may or {"narrowed_by": ()})["narrowed_by"]
        for kind in ("models", "surfaces")
        if each[kind]
    ]


def _tell(tenant: Tenant, done: str, options: Mapping[str, Any]) -> None:
    if options["as_json"]:
        print_json(shown(tenant))
    else:
        say(f"{done} {tenant.level} {tenant.label} ({tenant.id})")


def _state(tenant: Tenant) -> str:
    level = tenant.archived()
    if not level:
        return "open"
    return "archived" if level == tenant.level else f"{level} archived"
