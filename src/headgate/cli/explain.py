"""headgate explain: which route, key, price and limits a request would meet, and what a
translation would lose of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli import Trouble
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.cli.where import ledger_of
from headgate.policy.wish import PREFERENCES

if TYPE_CHECKING:
    from headgate.cli.explanation import Asked
    from headgate.config import Config
    from headgate.store.place import Place
    from headgate.wire.envelope import Envelope

REFUSED = 1
"""exit code when the gateway would refuse the request"""
SPOKEN = ("messages", "chat", "responses")
SURFACES = ("messages", "chat", "responses", "embeddings", "count_tokens")


@click.command()
@click.argument(
    "request_file",
    metavar="[FILE|-]",
    required=False,
    type=click.Path(path_type=Path, allow_dash=True),
)
@click.option("--model", help="The model name a caller would send.")
@click.option(
    "--surface", type=click.Choice(SURFACES), help="Default: messages, or told by the file."
)
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="The same as FILE: a request body."
)
@click.option(
    "--stream/--no-stream", default=None, help="Would it stream; default: as the file says."
)
@click.option("--key", help="A virtual key: would it open the gate, and for what.")
@click.option("--key-id", help="The same, by its id or name instead of its secret.")
@click.option(
    "--from",
    "caller",
    type=click.Choice(SPOKEN),
    help="With --to: the surface the request is written for; default: told by the file.",
)
@click.option(
    "--to",
    help="Show what the request loses on its way to this provider:model, which need not be "
    "configured.",
)
@click.option(
    "--prefer", type=click.Choice(PREFERENCES), help="As x-headgate-prefer would ask."
)
@click.option("--tag", "tags", multiple=True, help="A tag of the call; may be given again.")
@click.option("--deadline-ms", type=click.IntRange(1), help="As x-headgate-deadline-ms.")
@click.option("--show-body", is_flag=True, help="With --to: print the translated request.")
@json_option
@config_option
def command(
    request_file: Path | None,
    model: str | None,
    surface: str | None,
    file: Path | None,
    stream: bool | None,
    key: str | None,
    key_id: str | None,
    caller: str | None,
    to: str | None,
    prefer: str | None,
    tags: tuple[str, ...],
    deadline_ms: int | None,
    show_body: bool,
    as_json: bool,
    config_path: str | None,
) -> int:
    """Show what a request would meet: its route, ladder, limits and prices. Sends nothing.

    Where there are several targets it shows which of them can take the request, what it would
    cost there, how fast they were lately, and so in which order they would be tried.

    With --to it shows what a translation to another vendor's dialect would lose of the request,
    and ends with 1 when the gateway would refuse to translate it.

    \b
    Examples:
      headgate explain --model claude-opus-5-5
      headgate explain --model gpt-6.1-sol --surface responses
      headgate explain --file request.json --key hg-…
      headgate explain --prefer cost --tag nightly request.json
      headgate explain --from messages --to openai:gpt-5.1 request.json
    """
    file = request_file or file
    if not (file if to else model or file):
        raise click.UsageError(
            "give the request: FILE, or - to read it" if to else "give --model NAME or FILE"
        )
    from headgate.cli.ranking import Hints
    from headgate.cli.sharing import in_force

    config = in_force(Path(config_path) if config_path else None)
    if to:
        assert file is not None, "asked for above"
        weighed = _weighed(config, file, caller or surface, to)
        _show_losses(weighed, as_json=as_json, show_body=show_body)
        return 0 if weighed["passes"] else REFUSED
    hints = Hints(prefer or "", tags, deadline_ms or 0)
    asked = replace(_asked(model, surface, file, stream), hints=hints)
    told = _told(config, asked, (key, key_id))
    if as_json:
        print_json(told)
    else:
        _show(told)
    return 0


def _told(config: Config, asked: Asked, key: tuple[str | None, str | None]) -> dict[str, Any]:
    """All that the call would meet; `key`: its secret, or its id or name."""
    from headgate.cli.gate import judge

    ledger = ledger_of(config)
    gate = judge(ledger, *key, (asked.model, asked.surface))
    may: Any = gate.get("may") or {}
    tags = (*may.get("tags", ()), *asked.hints.tags)
    asked = replace(asked, hints=asked.hints._replace(tags=tags))
    told = _explained(config, asked, ledger)
    told["caches"]["prompt"] = may.get("prompt_cache") or told["caches"]["prompt"]
    return told | {
        "gate": gate,
        "charge": _charge(config, asked, ledger, key),
        "config": config.source or "no file: the environment",
    }


def _charge(
    config: Config, asked: Asked, ledger: Place, key: tuple[str | None, str | None]
) -> dict[str, Any]:
    from headgate.cli.charge import Asking, weigh
    from headgate.cli.gate import holder

    tags = asked.hints.tags
    asking = Asking(asked.model, asked.surface, asked.envelope, holder(ledger, *key), tags)
    return weigh(config, asking, ledger, datetime.now(UTC))


def _explained(config: Config, asked: Asked, ledger: Place) -> dict[str, Any]:
    from headgate.cli.explanation import Unroutable, explain

    try:
        return explain(config, asked, datetime.now(UTC), ledger)
    except Unroutable as refusal:
        if not config.providers:
            raise Trouble("no call can be sent", "\n".join(config.notes)) from None
        raise Trouble(
            f"404: {refusal}", "[models] in headgate.toml gives names a route"
        ) from None


def _weighed(config: Config, file: Path, surface: str | None, to: str) -> dict[str, Any]:
    from headgate.cli.translation import NoTarget, find_target, weigh

    envelope = _opened(file)
    try:
        target = find_target(config, to)
    except NoTarget as error:
        raise Trouble(str(error), error.hint) from None
    return weigh(config, envelope.body, surface or _surface_of(envelope.members), target)


def _show_losses(told: dict[str, Any], *, as_json: bool, show_body: bool) -> None:
    """Each loss in the caller's words, and whether the request would pass."""
    if as_json:
        print_json(told)
        return
    if show_body and told["body"] is not None:
        print_json(told["body"])
    write = say if show_body else click.echo
    if told["fault"]:
        say(f"400: {told['fault']}")
    elif not told["translated"]:
        write(f"{told['target']} speaks {told['to']}: the request passes as it is")
    else:
        _show_each(told, write)


def _show_each(told: dict[str, Any], write: Callable[[str], None]) -> None:
    write(f"{told['from']} to {told['target']}, by {told['to']}")
    for loss in told["losses"]:
        heals = (
            f" (Claude Code sends it again without: {loss['heals']})" if loss["heals"] else ""
        )
        mark = "refused: " if loss["refused"] else ""
        write(f"  {loss['field']}: {mark}{loss['why']}{heals}")
    count = len(told["losses"])
    lost = "nothing is lost" if not count else f"{count} loss{'es' if count > 1 else ''}"
    write(f"{lost}; {'it passes' if told['passes'] else '400: it would be refused'}")


def _opened(file: Path) -> Envelope:
    from headgate.wire.envelope import Envelope
    from headgate.wire.model import Fault

    try:
        return Envelope(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}") from None
    except Fault as fault:
        raise Trouble(
            f"{file}: 400: {fault.message}", "the gateway would refuse it so"
        ) from None


def _asked(
    model: str | None, surface: str | None, file: Path | None, stream: bool | None
) -> Asked:
    """The call, as options and the file tell it; an option wins."""
    from headgate.cli.explanation import Asked

    if file is None:
        return Asked(model or "", surface or "messages", bool(stream))
    from headgate.wire import SURFACES as SERVED
    from headgate.wire.model import Fault

    envelope = _opened(file)
    try:
        surface = surface or _surface_of(envelope.members)
        limits = [envelope.count(each) for each in SERVED[surface].dialect.MAX_OUTPUT_FIELDS]
        return Asked(
            model or envelope.text("model"),
            surface,
            envelope.flag("stream") if stream is None else stream,
            len(envelope.body),
            next(filter(None, limits), 0),
            envelope,
        )
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


def _show(told: dict[str, Any]) -> None:
    """The same, for people."""
    from headgate.cli.tenancy import narrowing

    limits = told["limits"]
    lines = [
        f"{told['model']} by {told['surface']}{', streamed' if told['stream'] else ''}",
        f"  gate    {told['gate']['why']}",
        *(f"          {line}" for line in narrowing(told["gate"].get("may"))),
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
    caches = told["caches"]
    lines.append(
        f"  caches  prompt {caches['prompt']}, reply {caches['reply']}, join {caches['join']}"
    )
    if told["then"]:
        lines.append(f"  canned  when every target failed: {told['then']}")
    click.echo("\n".join(lines))
    rows = [_ladder_row(at, rung) for at, rung in enumerate(told["ladder"], start=1)]
    print_table(("", "target", "tries", "waits", "sent to", "key"), rows)
    for name in sorted({rung["provider"] for rung in told["ladder"] if _is_shared(rung)}):
        click.echo(f"  keys    {name}: a conversation keeps to one of them")
    _show_order(told["order"])
    _show_abilities(told["ladder"])
    _show_prices(told["ladder"])
    _show_estimate(told)
    _show_charge(told["charge"])
    if all(rung["skipped"] for rung in told["ladder"]):
        say("400: no target of this ladder speaks this surface; try another --surface")


def _ladder_row(at: int, rung: dict[str, Any]) -> tuple[str, ...]:
    waits = ", ".join(f"{wait:g} s" for wait in rung["waits_s"])
    place = rung["url"] or f"skipped: {rung['skipped']}"
    if rung["translated_to"]:
        place += f" (translated to {rung['translated_to']})"
    return (str(at), _target(rung), str(rung["tries"]), waits, place, rung["key"]["from"])


def _target(rung: dict[str, Any]) -> str:
    return f"{rung['provider']}:{rung['model']}"


def _is_shared(rung: dict[str, Any]) -> bool:
    return len(rung["key"]["accounts"]) > 1


def _show_abilities(ladder: list[dict[str, Any]]) -> None:
    """What each target can take, as far as it differs from the default."""
    from headgate.wire.stated import spell

    crossed = {_target(rung): rung["abilities"] for rung in ladder if rung["abilities"]}
    for target, stated in crossed.items():
        click.echo(f"  takes   {target}: {spell(stated)}")


def _show_order(order: dict[str, Any] | None) -> None:
    """In which order the targets would be tried, where there is more than one."""
    from headgate.cli.ranking import rows

    if order is None or len(order["targets"]) + len(order["skipped"]) < 2:
        return
    decided = order["chosen_by"] or "ordered: as written"
    if order["policy"] == "cheapest" and order["targets"][0]["nusd"] is None:
        decided += ", for an answer alone: no request was given"
    hints = "" if order["hints"] else "; this route takes no hints"
    click.echo(f"  order   {decided}{hints}")
    heads = ("", "target", "fits", "this call", "time", "score", "weight")
    print_table(heads, rows(order))
    click.echo(f"  warm    the conversation is {order['conversation']}")
    if order["policy"] == "best" and order["scores"]:
        click.echo(f"  scores  {order['scores']}")


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


def _show_charge(charge: dict[str, Any]) -> None:
    from headgate.cli.charge import lines

    click.echo("\n".join(lines(charge)))


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
