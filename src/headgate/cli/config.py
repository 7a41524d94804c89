"""headgate config: prints what is in force, or a file to begin with; publishes one for all.

Rule 1: what is printed is TOML that reads back to the same configuration, secrets apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from headgate.cli import Trouble
from headgate.cli.tenancy import actor, now_us, opened, place_options, store_of
from headgate.cli.terminal import config_option, json_option, print_json, print_table, say
from headgate.store.place import there_is
from headgate.store.standing import moment

HEAD = """\
# headgate.toml: every key with its default. Remove the # of what you change.
# Look for it: ./headgate.toml, ~/.config/headgate/headgate.toml, or $HEADGATE_CONFIG.
# Check it with `headgate config`, which tells every mistake at once.
"""

EXAMPLES = """
# A provider is named once. Without any, the keys in the environment decide.
# [providers.anthropic]
# api_key = "env:ANTHROPIC_API_KEY"
#
# [providers.mine]
# kind = "openai-compatible"
# base_url = "https://llm.example.com/v1"
# api_key = "env:MY_LLM_KEY"

# A name is answered by its ladder: each target in turn, as often as it says.
# [models]
# fast = "anthropic:claude-haiku-5-5"
# "claude-sonnet-*" = ["anthropic x3", "anthropic:claude-sonnet-4-6 x2"]
#
# [models.steady]
# ladder = ["anthropic:claude-sonnet-5-5 x3", "anthropic:claude-haiku-5-5"]
# canned = "Nobody can answer just now. This sentence was not written by a model."

# A ladder can be ordered for each call: ordered, weighted, cheapest, fastest or best.
# [models.thrifty]
# policy = "cheapest"
# ladder = ["anthropic:claude-sonnet-5-5", { target = "mine:qwen3", quality = 5 }]
#
# [routing.tags.nightly]
# prefer = "cost"

# What the house, each key, each team, a tag or a model may ask for in a minute, and spend.
# What is for one key or team alone is given by `headgate keys update` or `teams update`.
# [limits.each_key]
# requests = 300
# concurrent = 20
#
# [budgets.house]
# day = "200"
# month = "3000"
# kind = "hard"
#
# [budgets."tag:project=atlas"]
# total = "500"
# kind = "soft"

# A model that Headgate does not know is described here, for calls that are translated to it.
# [capabilities."qwen3*"]
# images = false
# max_output = 32768
"""


@click.group(invoke_without_command=True)
@click.option("--example", is_flag=True, help="Print a commented file to begin with.")
@json_option
@config_option
@click.pass_context
def command(
    context: click.Context, example: bool, as_json: bool, config_path: str | None
) -> None:
    """Print the configuration in force, defaults included and secrets hidden.

    Several hosts can share one: `publish` puts it into the store, and every node whose
    headgate.toml says `[store] config = "shared"` takes it up within a second.

    \b
    Examples:
      headgate config
      headgate config --config candidate.toml
      headgate config --example > headgate.toml
      headgate config publish headgate.toml
    """
    if context.invoked_subcommand is not None:
        context.obj = config_path
        return
    if example:
        click.echo("\n".join([HEAD, *_commented(), EXAMPLES]), nl=False)
        return
    from headgate.cli.sharing import in_force
    from headgate.config import describe

    config = in_force(Path(config_path) if config_path else None)
    shown = describe(config)
    if as_json:
        print_json(shown)
        return
    click.echo("\n".join(_toml(shown)))
    for note in config.notes:
        say(f"note: {note}")


_elsewhere = click.option(
    "--secrets-elsewhere",
    "elsewhere",
    is_flag=True,
    help="Variables named by env: that are not set here are set where the gateways run.",
)


@command.command("publish")
@click.argument("file", required=False)
@_elsewhere
@place_options
def _publish(file: str | None, elsewhere: bool, **place: Any) -> None:
    """Put a configuration into the store, for all nodes that share it; - reads stdin.

    Without FILE it is the headgate.toml of this folder or user. It is checked first, as
    each node checks it again: one that cannot use it keeps the version it has.

    \b
    Examples:
      headgate config publish
      headgate config publish candidate.toml --secrets-elsewhere
    """
    from headgate.cli.sharing import check, text_to_publish

    text, name = text_to_publish(file, place["config_path"])
    notes = check(text, name, place["config_path"], elsewhere=elsewhere)
    _put(text, notes, place)


@command.command("history")
@place_options
def _history(**place: Any) -> None:
    """List the versions that were published, newest first.

    \b
    Example:
      headgate config history --json
    """
    from headgate.store import published

    found: list[published.Version] = []
    if there_is(store_of(place)):
        with opened(place, writing=False) as connection:
            found = published.history(connection)
    if place["as_json"]:
        print_json([each._asdict() for each in found])
    elif not found:
        say("nothing was published yet: headgate config publish FILE")
    else:
        rows = [[str(v.number), str(moment(v.at_us))[:19], v.actor] for v in found]
        print_table(["Version", "Published (UTC)", "By"], rows)


@command.command("show")
@click.argument("version", type=int, required=False)
@place_options
def _show(version: int | None, **place: Any) -> None:
    """Print the text of a published version; without VERSION of the newest.

    \b
    Examples:
      headgate config show
      headgate config show 3 > headgate.toml
    """
    number, text = _text(version, place)
    if place["as_json"]:
        print_json({"version": number, "text": text})
    else:
        click.echo(text, nl=not text.endswith("\n"))


@command.command("rollback")
@click.argument("version", type=int)
@_elsewhere
@place_options
def _rollback(version: int, elsewhere: bool, **place: Any) -> None:
    """Publish an older version anew: history goes on, nothing is deleted.

    \b
    Example:
      headgate config rollback 3
    """
    from headgate.cli.sharing import check

    number, text = _text(version, place)
    notes = check(text, f"version {number}", place["config_path"], elsewhere=elsewhere)
    _put(text, notes, place, back_to=number)


def _text(version: int | None, place: Mapping[str, Any]) -> tuple[int, str]:
    """(number, text) of a version, or of the newest."""
    from headgate.store import published

    newest, text = 0, None
    if there_is(store_of(place)):
        with opened(place, writing=False) as connection:
            newest = published.newest(connection)
            text = published.text_of(connection, version or newest)
    if text is None:
        what = f"there is no version {version}" if version else "nothing was published yet"
        hint = f"the newest is {newest}: headgate config history" if newest else ""
        raise Trouble(what, hint or "publish one: headgate config publish FILE")
    return version or newest, text


def _put(
    text: str, notes: Sequence[str], place: Mapping[str, Any], *, back_to: int = 0
) -> None:
    """Publish a text that was checked, and say so."""
    from headgate.store import published

    with opened(place, writing=True) as connection:
        number = published.publish(
            connection, text, actor=actor().name, now_us=now_us(), back_to=back_to
        )
    if place["as_json"]:
        print_json({"version": number, "notes": list(notes)})
        return
    say("\n".join([f"published as version {number}", *notes]))


def _commented() -> Iterator[str]:
    """The plain sections, key by key, each with its meaning and its default."""
    from headgate.config import CapsConfig, Config
    from headgate.config.caps import told
    from headgate.config.setting import SECTIONS

    limits = told(CapsConfig())["limits"]
    for section in ("server", "retry", "ledger", "prices", "cache", "limits"):
        yield f"[{section}]"
        values = limits if section == "limits" else asdict(getattr(Config(), section))
        for setting in SECTIONS[section]:
            if setting.form not in ("table", "secret"):
                yield f"# {setting.meaning}"
                yield f"# {setting.name} = {_value(values[setting.name])}"
        yield ""


def _toml(shown: Mapping[str, Any]) -> Iterator[str]:
    from headgate.config.problem import quote

    yield f"# {shown['source']}"
    for section in ("server", "retry", "ledger", "store", "prices", "cache"):
        yield f"\n[{section}]"
        overrides = {}
        for name, value in shown[section].items():
            if name == "overrides":
                overrides = value
            elif (section, name, value) == ("store", "config", "shared"):
                yield f"# {name} = {_value(value)}"  # what was shared stands below
            elif value != "":
                yield f"{name} = {_value(value)}"
        yield from _tables("prices.overrides", overrides)
    yield from _caps(shown["caps"])
    for name, provider in shown["providers"].items():
        yield f"\n[providers.{quote(name)}]"
        yield from _provider(provider)
    if shown["models"]:
        yield "\n[models]"
    for pattern, route in shown["models"].items():
        yield f"{quote(pattern)} = {_value(route)}"
    for pattern, route in shown["models_by_default"].items():
        yield f"# {quote(pattern)} = {_value(route['ladder'])}"
    preferences = {name: {"prefer": prefer} for name, prefer in shown["tags"].items()}
    yield from _tables("routing.tags", preferences)
    yield from _tables("capabilities", shown["capabilities"])


def _caps(shown: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for section, content in shown.items():
        everybody = {k: v for k, v in content.items() if isinstance(v, Mapping)}
        if content.keys() - everybody:
            yield f"\n[{section}]"
        yield from (f"{k} = {_value(v)}" for k, v in content.items() if k not in everybody)
        yield from _tables(section, everybody)


def _tables(section: str, tables: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    from headgate.config.problem import quote

    for name, pairs in tables.items():
        yield f"\n[{section}.{quote(name)}]"
        yield from (f"{key} = {_value(value)}" for key, value in pairs.items())


def _provider(provider: Mapping[str, Any]) -> Iterator[str]:
    """A provider's lines; its key as the variable that holds it."""
    from headgate.providers import read_all

    gone = dict.fromkeys(read_all()[provider["kind"]].paths, "")  # those taken away show as ""
    for name, value in (dict(provider) | {"paths": gone | provider["paths"]}).items():
        if name == "api_key":
            if value:
                yield f'api_key = "env:{provider["key_env"]}"'
        elif name == "api_keys":
            if value:
                yield f"api_keys = {_value(_keys(value, provider.get('limits_of', {})))}"
        elif name == "headers":
            if value:
                yield f"# headers = {_value(value)}"
        elif name not in ("name", "key_env", "limits_of") and (value != "" or name == "prices"):
            yield f"{name} = {_value(value)}"


def _keys(variables: Iterable[str], limits: Mapping[str, object]) -> list[object]:
    """Several keys as the variables that hold them, with the limits that one has of its own."""
    return [
        {"key": f"env:{it}", "limits": limits[it]} if it in limits else f"env:{it}"
        for it in variables
    ]


def _value(value: object) -> str:
    import json

    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            from headgate.config.problem import quote

            pairs = ", ".join(f"{quote(name)} = {_value(each)}" for name, each in value.items())
            return f"{{ {pairs} }}"
        case list() | tuple():
            return f"[{', '.join(_value(each) for each in value)}]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return f"{value}"
