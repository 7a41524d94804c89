"""Administrators: their tokens, the log of what they did, and who one is.

Rule 1: a secret is printed once, when it is made, and only to stdout.
Rule 2: whoever may write the store may do everything here; tokens are for the admin API.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from headgate.cli import FAILURE, Misuse, tenancy
from headgate.cli.keys import EXPIRES, When, span_of
from headgate.cli.tenancy import day, now_us
from headgate.cli.terminal import print_json, print_table, say
from headgate.policy.role import RIGHTS, ROLES
from headgate.store import admintoken
from headgate.store.adminlog import Entry, Head, Wanted, entries, verify
from headgate.store.admintoken import Token, Wish
from headgate.store.standing import moment

_SINCE = "hours, days or weeks back (12h, 30d, 8w), or a date (2027-01-31, UTC)"


class Since(click.ParamType[int]):
    """A moment in the past: a span back from now or a date; becomes microseconds since 1970."""

    name = "since"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).strip()
        try:
            if span := span_of(text):
                found = datetime.now(UTC) - span
            else:
                found = datetime.fromisoformat(text)
                found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return max(0, int(found.timestamp() * 1_000_000))
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no moment: write {_SINCE}", param, ctx)


class Anchor(click.ParamType[Head]):
    """COUNT:HASH, as `headgate admin verify` printed it."""

    name = "anchor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Head:
        try:
            return Head.parse(str(value))
        except ValueError:
            hint = "write COUNT:HASH, as `headgate admin verify` printed it"
            self.fail(f"{value!r} is no anchor: {hint}", param, ctx)


@click.group()
def command() -> None:
    """Administrators' tokens, and the log of what they did.

    \b
    Examples:
      headgate admin token create --name ci --role admin --scope keys:write --expires 90d
      headgate admin log --since 7d
      headgate admin verify
    """


@command.group()
def token() -> None:
    """Create, list and revoke tokens for the admin API.

    admin may do everything, auditor read everything, member read what it is bound to. Scopes
    that name rights narrow that; organisation:NAME and team:NAME bind to a part of the house.

    \b
    Examples:
      headgate admin token create --name ci --role admin --scope keys:write --expires 90d
      headgate admin token create --name ana --role member --scope team:ir --scope keys:write
      headgate admin token list
    """


@token.command("create")
@click.option("--name", required=True, help="Who or what uses it; stands in the log.")
@click.option(
    "--role", required=True, type=click.Choice(ROLES), help="What it may do at the most."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help=f"organisation:NAME, team:NAME, or a right: {', '.join(RIGHTS)}.",
)
@click.option("--expires", type=When(), help=f"When it ends: {EXPIRES}. Default: never.")
@tenancy.place_options
def create_token(
    name: str, role: Any, scopes: tuple[str, ...], expires: int | None, **options: Any
) -> None:
    """Create a token and print its secret, which is shown this once.

    From the first token on the admin API is closed to whoever has none.

    \b
    Examples:
      headgate admin token create --name ci --role admin --scope keys:write --expires 90d
      headgate admin token create --name books --role auditor
    """
    with tenancy.opened(options, writing=True) as store:
        made, secret = admintoken.create(
            store, Wish(name, role, scopes, expires), now_us=now_us()
        )
    if options["as_json"]:
        print_json(_shown(made) | {"secret": secret})
        return
    click.echo(secret)
    say(f"created {made.id} for {made.name}; keep the secret above: it is not shown again")


@token.command("list")
@tenancy.place_options
def list_tokens(**options: Any) -> None:
    """List every token, revoked and expired ones too.

    \b
    Example:
      headgate admin token list --json
    """
    with tenancy.opened(options, writing=False) as store:
        found = admintoken.listing(store)
    if options["as_json"]:
        print_json([_shown(each) for each in found])
    elif not found:
        say("no tokens yet: create one with `headgate admin token create --name NAME --role …`")
    else:
        heads = ["Name", "Role", "Scopes", "Secret", "Created", "Ends", "State"]
        rows = [
            [
                *(each.name, each.role, ", ".join(each.scopes), _secret(each)),
                *(day(each.created_us), day(each.expires_us)),
                each.refusal(now_us()) or "living",
            ]
            for each in found
        ]
        print_table(heads, rows)


@token.command("revoke")
@click.argument("id_or_name")
@tenancy.place_options
def revoke_token(id_or_name: str, **options: Any) -> None:
    """Revoke a token, by its id or name; it opens nothing from now on.

    \b
    Example:
      headgate admin token revoke ci
    """
    with tenancy.changing(options) as store:
        ended = admintoken.revoke(store, id_or_name, now_us=now_us())
    if options["as_json"]:
        print_json(_shown(ended))
    else:
        say(f"revoked {ended.id} ({ended.name})")


@command.command()
@click.option("--since", type=Since(), help=f"Not older than: {_SINCE}.")
@click.option("--actor", default="", help="Only what this one did.")
@click.option("--action", default="", help="Only this, such as key.create, or key for all.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True,
    help="The newest rows, at most so many.",
)  # fmt: skip
@tenancy.place_options
def log(since: int | None, actor: str, action: str, limit: int, **options: Any) -> None:
    """Show what administrators did, by the admin API and by commands; the newest last.

    \b
    Examples:
      headgate admin log --since 7d
      headgate admin log --action key --json
    """
    wanted = Wanted(since or 0, 0, actor, action, limit)
    with tenancy.opened(options, writing=False) as store:
        found = entries(store, wanted)[::-1]
    if options["as_json"]:
        print_json([_row(each) for each in found])
    elif not found:
        say("nothing was done yet, or nothing that fits")
    else:
        heads = ["No.", "At (UTC)", "Who", "Role", "Did", "To", "Detail"]
        print_table(heads, [_line(each) for each in found])


@command.command("verify")
@click.option("--anchor", type=Anchor(), help="COUNT:HASH that an earlier run printed.")
@tenancy.place_options
def verify_log(anchor: Head | None, **options: Any) -> None:
    """Check that no row of the log was changed, deleted, put in or cut off.

    Whoever may write the store could forge the whole log anew. Note the head this prints
    somewhere else and give it as --anchor later: that tells a forged log too, up to that row.
    Exits with 1 when the log is not whole.

    \b
    Examples:
      headgate admin verify
      headgate admin verify --anchor "$(cat noted-last-week)"
    """
    with tenancy.opened(options, writing=False) as store:
        found = verify(store, anchor)
    if options["as_json"]:
        print_json(
            {
                "whole": not found.broken,
                "rows": found.head.rows,
                "head": str(found.head),
                "broken": found.broken or None,
                "why": found.why,
            }
        )
    elif found.broken:
        say(f"the log is broken from row {found.broken} on: {found.why}")
    else:
        click.echo(str(found.head))
        say(f"{found.head.rows} rows, all as they were written; the line above anchors them")
    if found.broken:
        raise SystemExit(FAILURE)


@command.command()
@click.option("--url", help="Ask the gateway at this address who a token is there.")
@click.option(
    "--token",
    "secret",
    envvar="HEADGATE_ADMIN_TOKEN",
    help="The token to send; default: $HEADGATE_ADMIN_TOKEN.",
)
@tenancy.place_options
def whoami(url: str | None, secret: str | None, **options: Any) -> None:
    """Show under which name the log will tell of you, and what you may do.

    \b
    Examples:
      headgate admin whoami
      headgate admin whoami --url https://gate.example.com --token hga-…
    """
    if url is None and secret is None:
        me = tenancy.actor()
        facts: dict[str, Any] = {"name": me.name, "role": me.role, "rights": list(RIGHTS)}
    elif url is None:
        raise Misuse("a token says nothing by itself", "name the gateway to ask: --url")
    else:
        from headgate.cli import remote  # costly to load; not needed on this host

        facts = remote.ask_admin(url, "/admin/whoami", secret or "")
        facts.pop("csrf", None)
    if options["as_json"]:
        print_json(facts)
    else:
        tenancy.print_facts(facts)


def _shown(each: Token) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "role": each.role,
        "scopes": list(each.scopes),
        "secret": _secret(each),
        "created": moment(each.created_us),
        "expires": moment(each.expires_us),
        "state": each.refusal(now_us()) or "living",
    }


def _secret(each: Token) -> str:
    return f"{admintoken.PREFIX}…{each.last4}"


def _row(each: Entry) -> dict[str, Any]:
    return {
        "seq": each.seq,
        "at": moment(each.at_us),
        "actor": each.actor,
        "role": each.role,
        "action": each.action,
        "subject": each.subject,
        "detail": json.loads(each.detail),
        "hash": each.hash.hex(),
    }


def _line(each: Entry) -> list[str]:
    detail = json.loads(each.detail)
    said = ", ".join(f"{name}={value}" for name, value in detail.items() if value)
    at = str(moment(each.at_us))[:19]
    return [str(each.seq), at, each.actor, each.role, each.action, each.subject, said]
