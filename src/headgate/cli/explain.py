"""headgate explain: which route, key, price and limits a given request would meet."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Trouble
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.cli.where import explained, ledger_of

if TYPE_CHECKING:
    from headgate.cli.explanation import Asked
    from headgate.config import Config

SURFACES = ("messages", "chat", "responses", "embeddings", "count_tokens")


@click.command()
@click.option("--model", help="The model name a caller would send.")
@click.option(
    "--surface", type=click.Choice(SURFACES), help="Default: messages, or told by --file."
)
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="A request body, as JSON."
)
@click.option(
    "--stream/--no-stream", default=None, help="Would it stream; default: as --file says."
)
@click.option("--key", help="A virtual key: would it open the gate.")
@click.option("--key-id", help="The same, by its id or name instead of its secret.")
@json_option
@config_option
def command(
    model: str | None,
    surface: str | None,
    file: Path | None,
    stream: bool | None,
    key: str | None,
    key_id: str | None,
    as_json: bool,
    config_path: str | None,
) -> None:
    """Show what a request would meet: its route, ladder, limits and prices. Sends nothing.

    \b
    Examples:
      headgate explain --model claude-opus-5-5
      headgate explain --model gpt-6.1-sol --surface responses
      headgate explain --file request.json --key hg-…
    """
    if not model and not file:
        raise click.UsageError("give --model NAME or --file REQUEST.json")
    from headgate.cli.explanation import Unroutable, explain
    from headgate.config import load_file

    config = load_file(Path(config_path) if config_path else None, os.environ)
    asked = _asked(model, surface, file, stream)
    gate = _gate(config, key, key_id)
    try:
        told = explain(config, asked, datetime.now(UTC))
    except Unroutable as refusal:
        if not config.providers:
            raise Trouble("no call can be sent", "\n".join(config.notes)) from None
        raise Trouble(
            f"404: {refusal}", "[models] in headgate.toml gives names a route"
        ) from None
    told |= {"gate": gate, "config": config.source or "no file: the environment"}
    if as_json:
        print_json(told)
    else:
        _show(told)


def _asked(
    model: str | None, surface: str | None, file: Path | None, stream: bool | None
) -> Asked:
    """The call, as options and the file tell it; an option wins."""
    from headgate.cli.explanation import Asked

    if file is None:
        return Asked(model or "", surface or "messages", bool(stream))
    from headgate.wire import SURFACES as SPOKEN
    from headgate.wire.envelope import Envelope
    from headgate.wire.model import Fault

    try:
        envelope = Envelope(file.read_bytes())
        surface = surface or _surface_of(envelope.members)
        limits = [envelope.count(each) for each in SPOKEN[surface].dialect.MAX_OUTPUT_FIELDS]
        return Asked(
            model or envelope.text("model"),
            surface,
            envelope.flag("stream") if stream is None else stream,
            len(envelope.body),
            next(filter(None, limits), 0),
        )
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}") from None
    except Fault as fault:
        raise Trouble(
            f"{file}: 400: {fault.message}", "the gateway would refuse it so"
        ) from None


def _surface_of(members: dict[str, Any]) -> str:
    """Which surface a body was written for, by the fields only one of them has."""
    if "input" in members:
        talks = {"instructions", "max_output_tokens", "tools", "stream", "reasoning"}
        return "responses" if talks & set(members) else "embeddings"
    anthropic = {"system", "max_tokens", "anthropic_version", "thinking"} & set(members)
    return "messages" if anthropic and "max_completion_tokens" not in members else "chat"


def _gate(config: Config, key: str | None, key_id: str | None) -> dict[str, object]:
    """Would the key open the gate; without one: does the gate ask for one at all."""
    from headgate.store.keys import Keys, listing
    from headgate.store.sqlite import connect_reader

    path = ledger_of(config)
    if not path.exists():
        return {
            "open": True,
            "why": "no key was ever created, so none is asked for (loopback only)",
        }
    with explained():
        keys = Keys(path)
        try:
            if not keys.defined:
                return {"open": True, "why": "no key was ever created, so none is asked for"}
            if key is not None:
                found = keys.find(key)
                if found is None:
                    return {"open": False, "why": f"401: the key is {keys.refusal(key)}"}
                return {"open": True, "why": f"key {found.id} ({found.name})"}
        finally:
            keys.close()
        if key_id is None:
            return {
                "open": None,
                "why": "a key is asked for; --key or --key-id says whether it opens",
            }
        reader = connect_reader(path)
        try:
            for each in listing(reader):
                if key_id in (each.id, each.name):
                    return _judged(each)
        finally:
            reader.close()
    raise Trouble(f"no key has the id or name '{key_id}'", "headgate keys list shows them")


def _judged(key: Any) -> dict[str, object]:
    now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
    reason = key.refusal(now_us)
    known = f"key {key.id} ({key.name})"
    return {"open": not reason, "why": f"401: {known} is {reason}" if reason else known}


def _show(told: dict[str, Any]) -> None:
    """The same, for people."""
    limits = told["limits"]
    lines = [
        f"{told['model']} by {told['surface']}{', streamed' if told['stream'] else ''}",
        f"  gate    {told['gate']['why']}",
        f"  route   {told['route']['matched']}: {told['route']['because']}",
        f"  limits  connect {limits['connect_s']:g} s, whole call {limits['call_s']:g} s, "
        f"silence {limits['silence_s']:g} s, body {limits['body_bytes']:,} bytes, "
        f"{limits['connections']} connections",
    ]
    if told["stream"]:
        lines.append(
            f"  stream  the head waits up to {limits['hold_ms']:,} ms for first content; "
            f"a ping after {limits['ping_s']:g} s of silence"
        )
    if told["then"]:
        lines.append(f"  canned  when every target failed: {told['then']}")
    click.echo("\n".join(lines))
    rows = [_ladder_row(at, rung) for at, rung in enumerate(told["ladder"], start=1)]
    print_table(("", "target", "tries", "waits", "sent to", "key"), rows)
    _show_prices(told["ladder"])
    _show_estimate(told)
    if all(rung["skipped"] for rung in told["ladder"]):
        say("400: no target of this ladder speaks this surface; try another --surface")


def _ladder_row(at: int, rung: dict[str, Any]) -> tuple[str, ...]:
    waits = ", ".join(f"{wait:g} s" for wait in rung["waits_s"])
    place = rung["url"] or f"skipped: {rung['skipped']}"
    return (str(at), _target(rung), str(rung["tries"]), waits, place, rung["key"]["from"])


def _target(rung: dict[str, Any]) -> str:
    return f"{rung['provider']}:{rung['model']}"


def _show_prices(ladder: list[dict[str, Any]]) -> None:
    """One row per target and prompt-length band, one column per class that costs anything."""
    classes = list(dict.fromkeys(
        line["class"] for rung in ladder for line in rung["prices"]["lines"]
    ))  # fmt: skip
    rows = []
    for rung in {_target(rung): rung for rung in ladder}.values():
        bands: dict[int, dict[str, str]] = {}
        for line in rung["prices"]["lines"]:
            bands.setdefault(line["above_input_tokens"], {})[line["class"]] = line["usd"]
        for above, usd in bands.items():
            start = f" above {above:,} in" if above > 0 else ""
            cells = (usd.get(name, "") for name in classes)
            rows.append((_target(rung) + start, *cells, rung["prices"]["version"]))
    title = "dollars per million tokens; searches and calls per 1,000"
    print_table(("target", *classes, "from"), rows, title=title)


def _show_estimate(told: dict[str, Any]) -> None:
    sent = told["input"]
    if not sent:
        return
    usd = told["ladder"][0]["estimate"]
    most = f", at most ${usd['at_most_usd']} with its answer" if usd["at_most_usd"] else ""
    click.echo(
        f"  input   {sent['bytes']:,} bytes, about {sent['tokens']:,} tokens "
        f"({sent['counted']}): ${usd['input_usd']}{most}"
    )
