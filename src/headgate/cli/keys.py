"""Create, list and revoke virtual keys.

Rule 1: a secret is printed once, when its key is created, and only to stdout.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from headgate.cli import Trouble
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.cli.where import explained, find_ledger, ledger_option
from headgate.store import keys
from headgate.store.sqlite import connect, connect_reader, explain

_AFTER = re.compile(r"(\d+)\s*(h|d|w)")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_EXPIRES = "hours, days or weeks from now (12h, 30d, 8w), or a date (2027-01-31, UTC)"


class When(click.ParamType[int]):
    """A moment in the future: a span from now or a date; becomes microseconds since 1970."""

    name = "when"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).strip()
        try:
            if span := _AFTER.fullmatch(text):
                moment = datetime.now(UTC) + timedelta(**{_UNITS[span[2]]: int(span[1])})
            else:
                moment = datetime.fromisoformat(text)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(moment.timestamp() * 1_000_000)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no moment: write {_EXPIRES}", param, ctx)


class Shown(NamedTuple):
    """A key as it is printed."""

    id: str
    name: str
    team: str | None
    secret: str
    created: str
    expires: str | None
    state: str


@click.group()
def command() -> None:
    """Create, list and revoke virtual keys.

    With no key ever created the gateway asks for none and listens on loopback only.

    \b
    Examples:
      headgate keys create --name alice --team search --expires 90d
      headgate keys list
      headgate keys revoke alice
    """


@command.command()
@click.option("--name", required=True, help="Who or what uses the key; shown on every row.")
@click.option("--team", help="The team it belongs to.")
@click.option("--expires", type=When(), help=f"When it ends: {_EXPIRES}. Default: never.")
@json_option
@ledger_option
@config_option
def create(
    name: str,
    team: str | None,
    expires: int | None,
    as_json: bool,
    **place: Path | str | None,
) -> None:
    """Create a key and print its secret, which is shown this once.

    \b
    Example:
      headgate keys create --name alice --team search --expires 90d
    """
    now = _now_us()
    with _opened(place, writing=True) as connection:
        key, secret = keys.create(connection, name, team=team, expires_us=expires, now_us=now)
    if as_json:
        print_json(_shown(key, now)._replace(secret=secret)._asdict())
        return
    click.echo(secret)
    say(f"created {key.id} for {key.name}; keep the secret above: it is not shown again")


@command.command("list")
@json_option
@ledger_option
@config_option
def list_keys(as_json: bool, **place: Path | str | None) -> None:
    """List every key, revoked and expired ones too; no secrets.

    \b
    Example:
      headgate keys list --json
    """
    now, rows = _now_us(), []
    if place["ledger"] is not None or _path(place).exists():
        with _opened(place, writing=False) as connection:
            rows = [_shown(key, now) for key in keys.listing(connection)]
    if as_json:
        print_json([row._asdict() for row in rows])
    elif rows:
        cells = [[(cell or "").removesuffix("+00:00") for cell in row] for row in rows]
        heads = ["Id", "Name", "Team", "Secret", "Created (UTC)", "Expires (UTC)", "State"]
        print_table(heads, cells)
    else:
        say("no keys yet: create one with `headgate keys create --name NAME`")


@command.command()
@click.argument("id_or_name")
@json_option
@ledger_option
@config_option
def revoke(id_or_name: str, as_json: bool, **place: Path | str | None) -> None:
    """Revoke a key by its id or name: within a second no gateway admits it.

    \b
    Example:
      headgate keys revoke alice
    """
    with _opened(place, writing=_path(place).exists()) as connection:
        key = keys.revoke(connection, id_or_name, now_us=_now_us())
    if as_json:
        print_json({"id": key.id, "name": key.name, "state": "revoked"})
    else:
        say(f"revoked {key.id} ({key.name})")


def _path(place: dict[str, Path | str | None]) -> Path:
    ledger, config = place["ledger"], place["config_path"]
    return find_ledger(Path(ledger) if ledger else None, str(config) if config else None)


@contextlib.contextmanager
def _opened(
    place: dict[str, Path | str | None], *, writing: bool
) -> Iterator[sqlite3.Connection]:
    path = _path(place)
    with explained():
        connection = connect(path) if writing else connect_reader(path)
        try:
            yield connection
        except keys.KeyMistake as error:
            raise Trouble(str(error), error.hint) from error
        except sqlite3.Error as error:
            raise explain(error, path) from error
        finally:
            connection.close()


def _shown(key: keys.Key, now_us: int) -> Shown:
    return Shown(
        id=key.id,
        name=key.name,
        team=key.team,
        secret=f"hg-…{key.last4}",
        created=_day(key.created_us),
        expires=_day(key.expires_us) if key.expires_us is not None else None,
        state=key.refusal(now_us) or "living",
    )


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).isoformat(" ", "seconds")


def _now_us() -> int:
    return time.time_ns() // 1000
