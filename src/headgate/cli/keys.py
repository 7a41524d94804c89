"""Create, list, change, rotate and revoke virtual keys.

Rule 1: a secret is printed once, when it is made, and only to stdout.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from headgate.cli import Trouble, capping, tenancy
from headgate.cli.tenancy import day, now_us
from headgate.cli.terminal import dollars, print_json, print_table, say
from headgate.store import keys
from headgate.store.place import there_is
from headgate.store.remaining import levels, limits_told, remaining
from headgate.store.sql import Connection
from headgate.store.standing import moment, spend, standing

_SPAN = re.compile(r"(\d+)\s*(h|d|w)")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
EXPIRES = "hours, days or weeks from now (12h, 30d, 8w), or a date (2027-01-31, UTC)"
_US = timedelta(microseconds=1)


class When(click.ParamType[int]):
    """A moment in the future: a span from now or a date; becomes microseconds since 1970."""

    name = "when"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).strip()
        try:
            if span := span_of(text):
                moment = datetime.now(UTC) + span
            else:
                moment = datetime.fromisoformat(text)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(moment.timestamp() * 1_000_000)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no moment: write {EXPIRES}", param, ctx)


class Span(click.ParamType[int]):
    """A length of time; becomes microseconds."""

    name = "span"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            span = span_of(str(value).strip())
        except OverflowError:
            span = None
        if span is None:
            self.fail(f"{value!r} is no span: write hours, days or weeks (24h, 7d)", param, ctx)
        return span // _US


def span_of(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


@click.group()
def command() -> None:
    """Create, list, change, rotate and revoke virtual keys.

    With no key ever created the gateway asks for none and listens on loopback only.

    \b
    Examples:
      headgate keys create --name alice --expires 90d
      headgate keys list
      headgate keys rotate alice --overlap 24h
      headgate keys revoke alice
    """


@command.command()
@click.option("--name", required=True, help="Who or what uses the key; shown on every row.")
@click.option(
    "--team", help="The team it belongs to, or ORGANISATION/TEAM.  [default: default]"
)
@click.option("--expires", type=When(), help=f"When it ends: {EXPIRES}. Default: never.")
@tenancy.traits_options
@tenancy.place_options
def create(name: str, team: str | None, **options: Any) -> None:
    """Create a key and print its secret, which is shown this once.

    \b
    Examples:
      headgate keys create --name alice
      headgate keys create --name ci --team search --expires 90d --model 'claude-haiku-*'
      headgate keys create --name bob --budget 20/day --limit requests=300
    """
    given = tenancy.changes(options)
    with tenancy.opened(options, writing=True) as connection:
        key, secret = keys.create(connection, name, team=team, changes=given, now_us=now_us())
        shown = _shown(connection, key)
    _hand_out(shown, secret, f"created {key.id} for {key.name}", options)


@command.command("list")
@tenancy.place_options
def list_keys(**options: Any) -> None:
    """List every key with its secrets' last characters, revoked and expired keys too.

    A key that is being rotated has two lines: USED tells which of its secrets is in use, and
    ENDS when the old one ends.

    \b
    Example:
      headgate keys list --json
    """
    found: list[dict[str, Any]] = []
    if options["ledger"] is not None or there_is(tenancy.store_of(options)):
        with tenancy.opened(options, writing=False) as connection:
            found = [_shown(connection, key) for key in keys.listing(connection)]
    if options["as_json"]:
        print_json(found)
    elif found:
        rows = [row for key in found for row in _table_rows(key)]
        print_table(["Name", "Team", "Secret", "Used", "Ends (UTC)", "State"], rows)
    else:
        say("no keys yet: create one with `headgate keys create --name NAME`")


@command.command()
@click.argument("id_or_name")
@tenancy.place_options
def show(id_or_name: str, **options: Any) -> None:
    """Show one key: what it may ask for, which level narrows that, what it spent.

    \b
    Example:
      headgate keys show alice
    """
    with tenancy.opened(options, writing=False) as connection:
        key = keys.living(connection, id_or_name)
        facts = _shown(connection, key) | _used(connection, key, options)
    _print_standing(facts | {"may": standing(key, now_us())}, options)


@command.command()
@click.argument("id_or_name")
@click.option("--expires", type=When(), help=f"When it ends: {EXPIRES}.")
@tenancy.traits_options
@tenancy.undo_options
@tenancy.place_options
def update(id_or_name: str, **options: Any) -> None:
    """Change what a key is given; what is not named stays as it is.

    Running gateways know within a second.

    \b
    Examples:
      headgate keys update alice --model 'claude-haiku-*' --surface messages
      headgate keys update alice --any-model --expires 30d
      headgate keys update alice --budget none/day --budget 100/month --budget-kind soft
    """
    given = tenancy.changes(options)
    with tenancy.changing(options) as connection:
        key = keys.update(connection, id_or_name, given, now_us=now_us())
        shown = _shown(connection, key)
    if options["as_json"]:
        print_json(shown)
    else:
        say(f"updated {key.id} ({key.name})")


@command.command()
@click.argument("id_or_name")
@click.option(
    "--overlap",
    type=Span(),
    default="24h",
    show_default=True,
    help="How long the old secret works beside the new one; 0h: not at all.",
)
@tenancy.place_options
def rotate(id_or_name: str, overlap: int, **options: Any) -> None:
    """Make a second secret for a key and print it; the old one ends by itself.

    \b
    Examples:
      headgate keys rotate alice
      headgate keys rotate alice --overlap 0h
    """
    with tenancy.changing(options) as connection:
        key, secret = keys.rotate(connection, id_or_name, overlap_us=overlap, now_us=now_us())
        shown = _shown(connection, key)
    old = [each for each in shown["secrets"] if each["live"] and each["ends"]]
    until = f"works until {old[0]['ends']}" if old else "has ended"
    _hand_out(shown, secret, f"rotated {key.id} ({key.name}): the old secret {until}", options)


@command.command()
@click.argument("id_or_name")
@tenancy.place_options
def revoke(id_or_name: str, **options: Any) -> None:
    """Revoke a key with all its secrets, by its id or name.

    Within a second no gateway admits it.

    \b
    Example:
      headgate keys revoke alice
    """
    with tenancy.changing(options) as connection:
        key = keys.revoke(connection, id_or_name, now_us=now_us())
    if options["as_json"]:
        print_json({"id": key.id, "name": key.name, "state": "revoked"})
    else:
        say(f"revoked {key.id} ({key.name})")


@command.command("self")
@click.option(
    "--key", required=True, envvar="HEADGATE_KEY", help="The secret; default: $HEADGATE_KEY."
)
@click.option("--url", help="Ask the gateway at this address instead of the ledger here.")
@tenancy.place_options
def show_self(key: str, url: str | None, **options: Any) -> None:
    """Show what the holder of a secret may know: what it may ask for and what it spent.

    A gateway answers the same to its callers at GET /headgate/self.

    \b
    Examples:
      headgate keys self --key hg-…
      headgate keys self --url https://llm.example.com --key hg-…
    """
    if url is not None:
        from headgate.cli import remote  # costly to load; not needed with a ledger at hand

        _print_standing(remote.ask(url, key), options)
        return
    where = tenancy.store_of(options)
    with tenancy.opened(options, writing=False) as connection:
        view = keys.Keys(where)
        try:
            found = view.find(key)
            reason = view.refusal(key)
        finally:
            view.close()
        if found is None:
            raise Trouble(f"401: the key is {reason}", "`headgate keys list` shows the keys")
        facts = standing(found, now_us()) | _used(connection, found, options)
    _print_standing(facts, options)


def _hand_out(
    shown: dict[str, Any], secret: str, words: str, options: Mapping[str, Any]
) -> None:
    if options["as_json"]:
        print_json(shown | {"secret": secret})
        return
    click.echo(secret)
    say(f"{words}; keep the secret above: it is not shown again")


def _shown(connection: Connection, key: keys.Key) -> dict[str, Any]:
    """A key as it is printed, without its secrets."""
    now, organisation = now_us(), key.team.organisation
    return {
        "id": key.id,
        "name": key.name,
        "team": key.team.name,
        "organisation": organisation.name if organisation is not None else "",
        "secret": f"hg-…{key.last4}",
        "created": moment(key.created_us),
        "expires": moment(key.expires_us),
        "state": key.refusal(now) or "living",
        **tenancy.traits_shown(key.traits),
        "secrets": [
            {
                "secret": f"hg-…{each.last4}",
                "created": moment(each.created_us),
                "ends": moment(each.ends_us),
                "live": each.is_live(now),
                "last_used": day(each.used_day * keys.DAY_US) if each.used_day else None,
            }
            for each in keys.secrets_of(connection, key.id)
        ],
    }


def _used(connection: Connection, key: keys.Key, options: Mapping[str, Any]) -> dict[str, Any]:
    """What it spent, and what its limits and budgets are and have left."""
    from headgate.config import load_places  # costly to load
    from headgate.config.caps import in_force

    config_path = options["config_path"]
    caps = load_places(Path(config_path) if config_path else None, os.environ).caps
    capped = in_force(caps, key.accounts(), levels(key))
    return {
        "spend": spend(connection, key.id, now_us()),
        "caps": remaining(connection, capped, now_us()),
        "model_limits": {pattern: limits_told(limits) for pattern, limits in caps.models},
    }


def _table_rows(key: dict[str, Any]) -> list[list[str]]:
    """A line for each secret that is live, or for the last one."""
    team = key["team"]
    if key["organisation"] != "default":
        team = f"{key['organisation']}/{team}"
    live = [each for each in key["secrets"] if each["live"]] or key["secrets"][-1:]
    return [
        [
            key["name"],
            team,
            each["secret"],
            each["last_used"] or "",
            each["ends"][5:16] if each["ends"] else (key["expires"] or "")[:10],
            key["state"],
        ]
        for each in live
    ]


def _print_standing(facts: dict[str, Any], options: Mapping[str, Any]) -> None:
    if options["as_json"]:
        print_json(facts)
        return
    may = facts.get("may", facts)
    plain = ("id", "name", "team", "organisation", "state", "created", "expires")
    tenancy.print_facts({name: facts[name] for name in plain} | {
        "cost_centre": may["cost_centre"],
        "tags": may["tags"],
        "prompt_cache": may["prompt_cache"],
        "models": _allowed(may["models"]),
        "surfaces": _allowed(may["surfaces"]),
    })  # fmt: skip
    for line in tenancy.narrowing(may):
        click.echo(f"  {line}")
    for name, label in (("today", "today"), ("month", "this month")):
        spent = facts["spend"][name]
        click.echo(f"{label:<13} {dollars(spent['cost_nusd'])} in {spent['calls']:,} calls")
    for line in capping.remaining_told(facts.get("caps", ())):
        click.echo(line)
    for pattern, limits in facts.get("model_limits", {}).items():
        click.echo(f"model {pattern!r}: {capping.limits_told(limits)}")


def _allowed(names: list[str] | None) -> str:
    return "all" if names is None else ", ".join(names) or "none"
