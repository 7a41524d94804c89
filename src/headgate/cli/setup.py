"""Point a client at Headgate: prints its lines, or writes them into its settings file.

Rule 1: printing changes nothing; --write shows the difference and keeps the file's first state.
Rule 2: a key is written into a file only when --key gives it; otherwise its variable is named.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import click

from headgate.cli import Trouble, settings
from headgate.cli.clients import (
    KEY_ENV,
    Client,
    Gate,
    read_clients,
    shell_lines,
    text_lines,
    variables,
)
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say

ANY_KEY = "headgate"
"""what a client sends while no virtual key exists: it must send something"""

_URL = re.compile(r"https?://[^\s/]+(/[^\s?#]*)?")
_SECRET = re.compile(r"\bhg-[A-Za-z0-9_-]{8,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@click.command()
@click.argument("client", required=False)
@click.option("--url", help="Headgate's address; default: from headgate.toml.")
@click.option("--key", help="The virtual key itself, as `headgate keys create` printed it.")
@click.option("--key-env", help="The variable that holds the key, instead of the key itself.")
@click.option("--write", is_flag=True, help="Write the client's settings file.")
@click.option("--undo", is_flag=True, help="Take out what --write wrote.")
@json_option
@config_option
def command(
    client: str | None,
    url: str | None,
    key: str | None,
    key_env: str | None,
    write: bool,
    undo: bool,
    as_json: bool,
    config_path: str | None,
) -> None:
    """Point a client at Headgate. Without a client: list those it knows.

    \b
    Examples:
      headgate setup claude-code
      headgate setup claude-code --key hg-… --write
      headgate setup codex --key-env HEADGATE_KEY --write
      headgate setup claude-code --undo
    """
    clients = read_clients()
    if client is None:
        _list(clients, as_json)
        return
    if client not in clients:
        from headgate.config.problem import meant

        raise Trouble(f"no client is called '{client}'", meant(client, clients))
    chosen = clients[client]
    if write and undo:
        raise click.UsageError("--write and --undo exclude each other")
    if undo:
        _undo(chosen, as_json)
        return
    gate = _gate(url, key, key_env, config_path)
    if write:
        _write(chosen, gate, as_json)
    else:
        _print(chosen, gate, as_json)
    if gate.key != ANY_KEY or as_json:
        return
    if url is None and _asks_for_keys(config_path):
        say(
            "note: this Headgate asks for a key: say it again with --key hg-… or --key-env NAME"
        )
    else:
        say("note: any key works until `headgate keys create --name NAME` makes the first one")


def _asks_for_keys(config_path: str | None) -> bool:
    """Was a key created for the gateway of this machine; looking creates nothing."""
    from headgate.config import ConfigError, load_places
    from headgate.store.keys import listing
    from headgate.store.place import connect_reader
    from headgate.store.server import read_url
    from headgate.store.sql import ERRORS, StoreError
    from headgate.store.sqlite import NAME, state_place

    try:
        config = load_places(Path(config_path) if config_path else None, os.environ)
        named = config.ledger.path
        ledger = Path(named).expanduser() if named else state_place(os.environ) / NAME
        place = read_url(config.store.url) if config.store.url else ledger
        with contextlib.closing(connect_reader(place)) as reader:
            return bool(listing(reader))
    except (ConfigError, StoreError, *ERRORS):
        return False


def _list(clients: dict[str, Client], as_json: bool) -> None:
    if as_json:
        print_json([{"name": each.name, "title": each.title} for each in clients.values()])
        return
    print_table(
        ("client", "what it is", "--write"),
        [(each.name, each.title, each.file and "yes") for each in clients.values()],
    )


def _gate(
    url: str | None, key: str | None, key_env: str | None, config_path: str | None
) -> Gate:
    if key and key_env:
        raise click.UsageError("--key and --key-env exclude each other")
    if key_env and not _NAME.fullmatch(key_env):
        raise click.UsageError(f"--key-env takes the name of a variable, not '{key_env}'")
    if key is not None and (not key.strip() or not key.isprintable() or " " in key):
        raise click.UsageError("--key is no key: it is empty or holds a space")
    address = (url or _configured_url(config_path)).rstrip("/").removesuffix("/v1")
    if not _URL.fullmatch(address):
        raise click.UsageError(
            f"--url '{url}' is no address; for example http://127.0.0.1:4100"
        )
    if key_env:
        return Gate(address, "", key_env)
    return Gate(address, key or ANY_KEY, KEY_ENV)


def _configured_url(config_path: str | None) -> str:
    """Where the gateway of this machine listens."""
    from headgate.config import ConfigError, Server, load_places

    try:
        server = load_places(Path(config_path) if config_path else None, os.environ).server
    except ConfigError:
        if config_path:
            raise
        say("headgate.toml has mistakes (see headgate doctor): the default address is used")
        server = Server()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104  # compared, not bound
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    port = server.port or Server().port
    return f"{'https' if server.tls_cert else 'http'}://{host}:{port}"


def _print(client: Client, gate: Gate, as_json: bool) -> None:
    text = text_lines(client, gate)
    if as_json:
        print_json({
            "client": client.name,
            "url": gate.url,
            "env": {each.name: each.value for each in variables(client, gate)},
            "text": text,
            "notes": list(client.notes),
            "file": str(_path(client)) if client.file else None,
        })  # fmt: skip
        return
    lines = shell_lines(client, gate)
    click.echo(
        "\n".join([*lines, *([""] if lines and text else []), *([text] if text else [])])
    )
    for note in client.notes:
        say(f"note: {note}")
    if client.file:
        say(f"headgate setup {client.name} --write puts this into {_path(client)}")


def _path(client: Client) -> Path:
    folder = os.environ.get(client.folder_env) or client.folder
    return Path(folder).expanduser() / client.file


def _wanted(client: Client, gate: Gate) -> dict[tuple[str, ...], object]:
    """The settings of a JSON file; a key that is not given is fetched by a command."""
    wanted: dict[tuple[str, ...], object] = {}
    for each in variables(client, gate):
        if each.value.startswith("$"):
            wanted[(client.key_command,)] = f"printenv {gate.key_env}"
        else:
            wanted["env", each.name] = settings.Line(each.value) if each.is_line else each.value
    return wanted


def _ours(client: Client) -> list[tuple[str, ...]]:
    """Every setting a write of ours may have left in a JSON file."""
    names = [("env", each.name) for each in (*client.need, *client.gain)]
    return [*names, (client.key_command,)]


def _without(client: Client, text: str, first: str) -> str | None:
    if client.form == "json":
        return settings.remove_json(text, first, _ours(client))
    return settings.remove_toml(text, first)


def _write(client: Client, gate: Gate, as_json: bool) -> None:
    if not client.file:
        raise Trouble(
            f"{client.title} has no settings file that can be written safely",
            f"headgate setup {client.name} prints what to enter",
        )
    path = _path(client)
    try:
        before = settings.read(path)
        first = settings.read(settings.backup_of(path.resolve()))
        if first is None:
            first = before or ""
            clean = before
        else:
            clean = _without(client, before or "", first)
        if client.form == "json":
            after = settings.merge_json(clean, _wanted(client, gate))
        else:
            after = settings.merge_toml(clean, text_lines(client, gate))
        change = settings.Change(path, before, after)
        if change.is_needed:
            settings.apply(change, first=first)
    except (settings.Unreadable, OSError) as error:
        raise _unwritten(path, error, client) from error
    _tell(change, "written" if change.is_needed else "already so", as_json)
    if client.form == "toml" and not as_json:
        say("\n".join(["and in the shell that starts it:", *shell_lines(client, gate)]))


def _undo(client: Client, as_json: bool) -> None:
    path = _path(client)
    try:
        before = settings.read(path) if client.file else None
        first = settings.read(settings.backup_of(path.resolve())) if client.file else None
        if first is None:
            raise Trouble(
                f"nothing to undo: no `headgate setup {client.name} --write` is on record",
                f"the record would stand beside {path}" if client.file else "",
            )
        change = settings.Change(path, before, _without(client, before or "", first))
        settings.apply(change, first=None)
    except (settings.Unreadable, OSError) as error:
        raise _unwritten(path, error, client) from error
    _tell(change, "restored", as_json)


def _unwritten(path: Path, error: Exception, client: Client) -> Trouble:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Trouble(
        f"{path} was left as it is: {reason}",
        f"headgate setup {client.name} prints the lines to enter by hand",
    )


def _tell(change: settings.Change, done: str, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(change.path), "changed": change.is_needed, "did": done})
        return
    click.echo(_SECRET.sub("hg-***", change.diff()), nl=False)
    say(f"{change.path}: {done}")
