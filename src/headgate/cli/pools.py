"""headgate pools: how the accounts of a gateway's providers stand, and what they gained.

Rule 1: it asks the gateway, because only that knows; the token goes to that address alone.
Rule 2: what several workers know of an account is told together: counts are added, and where
they differ each state is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from headgate.cli.terminal import config_option, json_option, print_json, print_table, say

HEADS = ("account", "state", "calls", "429s", "refused", "left", "why")


@click.command()
@click.option("--url", help="The gateway to ask; default: where headgate.toml lets it listen.")
@click.option(
    "--token",
    envvar="HEADGATE_ADMIN_TOKEN",
    help="Of an administrator; default: $HEADGATE_ADMIN_TOKEN, else server.admin_token.",
)
@json_option
@config_option
def command(url: str | None, token: str | None, as_json: bool, config_path: str | None) -> None:
    """Show how providers' accounts stand: live, short, cooling or quarantined, and why.

    Below them stands what several accounts gained over each call's own: calls that were served
    although it could not have, 429s that were not asked for, prompts read from caches.

    \b
    Examples:
      headgate pools
      headgate pools --url https://gate.example.com --token hga-…
    """
    from headgate.cli import remote

    if url is None:
        url, own = _here(config_path)
        token = token or own
    pools = _merged(remote.ask_targets(url, token or ""))
    if as_json:
        print_json(pools)
        return
    if not pools:
        say("no account was asked yet: this shows them after the first call")
    for pool in pools:
        print_table(HEADS, [_row(it) for it in pool["accounts"]], title=pool["pool"])
        click.echo(" " + _gained(pool["gain"]))


def _here(config_path: str | None) -> tuple[str, str]:
    """(address, admin token) of the gateway that the configuration describes."""
    import os
    from pathlib import Path

    from headgate.config import load_file

    server = load_file(Path(config_path) if config_path else None, os.environ).server
    host = "127.0.0.1" if server.host in ("0.0.0.0", "") else server.host  # noqa: S104 - compared
    host = "[::1]" if host == "::" else f"[{host}]" if ":" in host else host
    scheme = "https" if server.tls_cert else "http"
    return f"{scheme}://{host}:{server.port}", server.admin_token


def _merged(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each pool once, whatever number of workers told of it."""
    pools: dict[str, dict[str, Any]] = {}
    for told in targets:
        if "pool" not in told:
            continue
        pool = pools.setdefault(
            told["pool"], {"pool": told["pool"], "accounts": {}, "gain": {}}
        )
        for it in told["accounts"]:
            _add_account(pool["accounts"].setdefault(it["account"], {}), it)
        _add(pool["gain"], told["gain"])
    return [{**pool, "accounts": [*pool["accounts"].values()]} for pool in pools.values()]


def _add(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _add(into.setdefault(name, {}), value)
        else:
            into[name] = into.get(name, 0) + value


def _add_account(into: dict[str, Any], it: Mapping[str, Any]) -> None:
    states = into.setdefault("states", {})
    states[it["state"]] = states.get(it["state"], 0) + 1
    into["account"] = it["account"]
    for name in ("calls", "limited", "refused"):
        into[name] = into.get(name, 0) + it[name]
    into.setdefault("models", {}).update(it["models"])
    for name in ("why", "since"):
        if name in it:
            into[name] = it[name]


def _row(it: Mapping[str, Any]) -> tuple[str, ...]:
    states = it["states"]
    several = len(states) > 1
    state = ", ".join(f"{n} {state}" if several else state for state, n in states.items())
    why = f"{it['why']}, since {it['since']}" if "why" in it else ""
    counts = [f"{it[name]:,}" for name in ("calls", "limited", "refused")]
    return (it["account"], state, *counts, ", ".join(_left(it["models"])), why)


def _left(models: Mapping[str, Any]) -> Iterator[str]:
    """Of each model's tightest limit, what is left."""
    for model, told in models.items():
        shares = [
            (gauge["left"] / gauge["limit"], kind)
            for kind, gauge in told.get("headroom", {}).items()
        ]
        if shares:
            share, kind = min(shares)
            yield f"{model}: {share:.0%} of {kind.replace('_', ' ')}"


def _gained(gain: Mapping[str, Any]) -> str:
    saved = gain["saved"]
    parts = ", ".join(f"{calls:,} {state}" for state, calls in saved.items() if calls)
    cached = gain["cached_tokens"] / gain["input_tokens"] if gain["input_tokens"] else 0.0
    return (
        f"{sum(saved.values()):,} calls were answered although their own account could not"
        f"{f' ({parts})' if parts else ''}; {gain['avoided_429s']:,} 429s were not asked for,"
        f" and {gain['waited_s']:,.0f} s waited instead;"
        f" {cached:.0%} of prompts came from caches"
    )
