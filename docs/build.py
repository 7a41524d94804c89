"""Writes docs/reference from the code, so that the two cannot say different things.

Rule 1: a page holds nothing that depends on the day, the machine or the environment.
Rule 2: `--check` writes nothing and fails when a page on disk is not what the code says.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import itertools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from docs import compatibility, conformance, prices, rules, sandbox
from docs.table import header, row
from headgate import providers
from headgate.cli import main as cli
from headgate.config import caps as written
from headgate.config import setting, without_key
from headgate.config.model import (
    Archive,
    CacheConfig,
    Commitment,
    Events,
    Granted,
    Ledger,
    Loops,
    Oidc,
    Prices,
    Purpose,
    Reconcile,
    Recording,
    Retry,
    Route,
    Server,
    Store,
    Tag,
)
from headgate.engine.story import REFUSED_WAIT_S
from headgate.ledger.record import Entry, Intent
from headgate.money import facts
from headgate.sandbox.settings import Settings
from headgate.wire import SURFACES
from headgate.wire.ability import Abilities
from headgate.wire.model import FAULTS, Ending, Fault, Kind
from headgate.wire.stated import KEYS, Stated

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs` from the code; change the code, not this page -->"

WHEN: dict[Kind, str] = {
    Kind.INVALID: "the request is no valid JSON, or a field we read has the wrong type",
    Kind.NOT_FOUND: "nobody serves that model; the message lists what is known",
    Kind.NO_SUCH_PATH: "nothing is served at that path; the message lists what is",
    Kind.AUTH: "no key, or one we do not know, or one that has expired or was revoked",
    Kind.FORBIDDEN: "the key is good but may not do this",
    Kind.RATE_LIMITED: "one of our own limits is reached for now",
    Kind.BUDGET: "one of our own budgets is used up",
    Kind.LOOP: "the same request came again too often, or a session went on too long;"
    " OpenAI's clients get 400, the only status whose words Codex shows",
    Kind.TOO_LARGE: "the body is longer than `server.max_body_bytes`",
    Kind.OUTCOME_UNKNOWN: "a call with an idempotency key may or may not have been served",
    Kind.TOO_LONG: "the input does not fit the model's context window",
    Kind.UNSUPPORTED: "the target does not serve this surface",
    Kind.UNTRANSLATABLE: "the target's dialect cannot say what the call asks for",
    Kind.UPSTREAM_INVALID: "the provider rejected the request; its own words are shown",
    Kind.UPSTREAM_AUTH: "the provider rejected our credential; the caller's key is fine",
    Kind.UPSTREAM_LIMITED: "the provider limits our credential (429)",
    Kind.OVERLOADED: "the provider is overloaded (529, 503, or an error event in a 200)",
    Kind.UPSTREAM: "the provider failed (5xx) or answered nonsense",
    Kind.CONNECTION: "no connection, or one that broke before the answer began;"
    f" a refused one is tried again after {REFUSED_WAIT_S:g} s",
    Kind.TIMEOUT: "connecting, sending or the whole call took longer than its limit",
    Kind.TRUNCATED: "the answer ended before its end",
    Kind.IDLE: "the provider had the request and sent nothing for `silence_s`,"
    " before its answer began or amid it",
    Kind.CLIENT_GONE: "the caller left; nobody is there to be told",
    Kind.BUSY: "we are at a bound of our own, such as the ledger's queue, or told to stop",
    Kind.INTERNAL: "a mistake of ours; the call id finds it in the log",
}

ENDED: dict[Ending, str] = {
    Ending.COMPLETE: "the terminal event or the whole body came",
    Ending.ERROR: "it ended in an error, before or after the first byte",
    Ending.IDLE: "the provider fell silent for longer than `silence_s`",
    Ending.TRUNCATED: "the connection or the body ended before the terminal event",
    Ending.CLIENT_GONE: "the caller left; the upstream was closed at once",
}


def cli_page() -> str:
    parts = ["# Commands", "", "Data goes to stdout, words to stderr.", ""]
    for typed, text in [("headgate", _help(cli, "headgate")), *_commands(cli, "headgate")]:
        parts += [f"## {typed}", "", "```text", text, "```", ""]
    return "\n".join(parts)


def _commands(group: click.Group, name: str) -> Iterable[tuple[str, str]]:
    context = click.Context(group, info_name=name)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        typed = f"{name} {word}"
        yield typed, _help(command, typed)
        if isinstance(command, click.Group):
            yield from _commands(command, typed)


def _help(command: click.Command, typed: str) -> str:
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": 88}
    context = click.Context(command, info_name=typed, **settings)  # type: ignore[arg-type]  # a dict of two kinds
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


RECORDS: dict[str, type[Any]] = {
    "server": Server,
    "retry": Retry,
    "ledger": Ledger,
    "store": Store,
    "prices": Prices,
    "limits": written.Line,
    "limits.WHO": written.Amounts,
    "budgets.WHO": written.Money,
    "loops": Loops,
    'loops.tags."NAME"': Loops,
    "events": Events,
    "cache": CacheConfig,
    "recording": Recording,
    "archive": Archive,
    "reconcile": Reconcile,
    "sandbox": Settings,
    "providers.NAME": providers.Provider,
    'models."NAME"': Route,
    'routing.tags."NAME"': Tag,
    'capabilities."NAME"': Abilities,
    "[purposes]": Purpose,
    "[commitments]": Commitment,
    "admin.oidc": Oidc,
    'admin.oidc.roles."CLAIM=VALUE"': Granted,
}


def config_page() -> str:
    parts = [
        "# headgate.toml",
        "",
        "Looked for as `--config`, `$HEADGATE_CONFIG`, `./headgate.toml`, then",
        "`~/.config/headgate/headgate.toml`. Without any, the keys in the environment decide.",
        "Every key is optional. Secrets are written as `env:NAME`.",
        "",
        "WHO is `house`, `each_key`, `each_team`, `tag:NAME` or, among limits,",
        '`model:PATTERN`, as in `[limits."tag:project=atlas"]`. What `each_key` and',
        "`each_team` say holds where a key or team says nothing itself; of all that stands",
        "over a call, the tightest decides.",
        "",
    ]
    for name, settings in setting.SECTIONS.items():
        defaults = _defaults(RECORDS[name])
        parts += [f"## [{name}]", "", *header("key", "form", "default", "meaning")]
        parts += [
            row(f"`{each.name}`", _form(each), defaults.get(each.name, ""), each.meaning)
            for each in settings
        ]
        parts.append("")
    parts += ['## [prices.overrides."provider:model"]', "", *header("key", "meaning")]
    parts += [row(f"`{each.name}`", each.meaning) for each in setting.OVERRIDE]
    parts += ["", "## A target of a ladder, as a table", "", *header("key", "form", "meaning")]
    parts += [row(f"`{each.name}`", _form(each), each.meaning) for each in setting.RUNG]
    return "\n".join([*parts, ""])


def _defaults(record: type[Any]) -> dict[str, str]:
    if record is Abilities:
        return {}  # what holds without an entry depends on the target
    found = {}
    for each in dataclasses.fields(record):
        value = each.default
        if value is not dataclasses.MISSING and value not in ("", (), None):
            found[each.name] = f"`{msgspec.json.encode(value).decode()}`"
    return found


def _form(each: setting.Setting) -> str:
    bounds = [
        *([f"above {each.above:g}"] if each.above is not None else []),
        *([f"from {each.low:.0f}"] if each.low is not None else []),
        *([f"to {each.high:.0f}"] if each.high is not None else []),
    ]
    choices = " or ".join(f"`{choice}`" for choice in each.choices)
    return choices or f"{each.form} {' '.join(bounds)}".strip()


def faults_page() -> str:
    parts = [
        "# Faults and endings",
        "",
        "Everything that can go wrong with a call has one kind, and the kind has consequences.",
        "A provider's own error answer is shown unmodified where it is the last word; the",
        "words below are used where the error is ours to explain.",
        "",
        *header(
            "kind",
            "when",
            "whose",
            "status",
            "same target again",
            "next target",
            "cools target",
            "client may retry",
        ),
    ]
    for kind, what in FAULTS.items():
        status = str(what.status) if what.status else "none is sent"
        for surface in SURFACES.values():
            other = surface.dialect.STATUS.get(kind, what.status)
            if other != what.status and surface.name == "chat":
                status += f" (OpenAI surfaces: {other})"
        claims = (what.same_target, what.next_target, what.cools, what.client_may_retry)
        marks = ("yes" if claim else "no" for claim in claims)
        parts.append(row(f"`{kind}`", WHEN[kind], what.whose, status, *marks))
    parts += ["", "## How the caller's dialect names them", ""]
    parts += header("kind", "Anthropic `error.type`", "OpenAI `type`, `code`")
    parts += [row(f"`{kind}`", *_names(kind)) for kind in FAULTS]
    parts += [
        "",
        "## Endings",
        "",
        "Every call has exactly one, on its ledger row.",
        "",
        *header("ending", "when"),
        *(row(f"`{ending}`", ENDED[ending]) for ending in Ending),
        "",
    ]
    return "\n".join(parts)


def _names(kind: Kind) -> tuple[str, str]:
    fault = Fault(kind, "…")
    theirs = msgspec.json.decode(SURFACES["messages"].dialect.error_body(fault, "id"))
    chat = msgspec.json.decode(SURFACES["chat"].dialect.error_body(fault, "id"))["error"]
    code = f", `{chat['code']}`" if chat["code"] else ""
    return f"`{theirs['error']['type']}`", f"`{chat['type']}`{code}"


def ledger_page() -> str:
    parts = [
        "# The ledger",
        "",
        "`headgate.db` in the state folder (`$HEADGATE_HOME`, else",
        "`~/.local/state/headgate`), or `ledger.path`: a SQLite database. Money is integer",
        "nano-dollars (`_nusd`), time is integer microseconds (`_us`). No message text is",
        "kept.",
        "",
        "## Table `call`: one row per call",
        "",
        *_columns(Entry),
        "",
        "## Table `intent`: a call that was sent and has no row yet",
        "",
        *_columns(Intent),
        "",
        "## Table `spend`: what each account spent on each day of UTC",
        "",
        "Summed in the transaction that writes the rows, so it never disagrees with `call`.",
        "",
        *header("column", "type", "meaning"),
        row("`account`", "`str`", "one of those in `charged`, such as `house` or `key:k_…`"),
        row("`day`", "`int`", "days since 1970"),
        row("`calls`", "`int`", "rows of that day"),
        row("`cost_nusd`", "`int`", "the sum of their `cost_nusd`"),
        row("`owner`", "`int`", "the process that spent it; 0: all that are gone"),
        "",
    ]
    return "\n".join(parts)


def _columns(record: type[Any]) -> list[str]:
    """The record's fields with the text that stands below each in its source."""
    tree = ast.parse(inspect.getsource(record)).body[0]
    assert isinstance(tree, ast.ClassDef)
    types, words, last = {}, {}, ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
            types[last], words[last] = ast.unparse(node.annotation), ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            words[last] = inspect.cleandoc(str(node.value.value))
    rows = [row(f"`{name}`", f"`{types[name]}`", words[name]) for name in types]
    return [*header("column", "type", "meaning"), *rows]


def providers_page() -> str:
    parts = [
        "# Providers",
        "",
        "Each is a data file; `kind` in `[providers.NAME]` names it. Without `kind`, the",
        "section's own name is the kind.",
        "",
    ]
    for kind, preset in providers.read_all().items():
        keys = ", ".join(f"`{name}`" for name in preset.key_env) or "none"
        parts += [
            f"## {kind}",
            "",
            f"{preset.title}. As of {preset.checked}: {preset.source}.",
        ]
        parts += ["", *header("", "")]
        parts += [
            row("address", f"`{preset.base_url}`" if preset.base_url else "yours to give"),
            row("key from", keys + (" (optional)" if preset.key_optional else "")),
            row("key looks like", preset.key_hint or "no fixed shape"),
            row("serves", ", ".join(preset.paths)),
            row(
                "asked for", ", ".join(f"`{name}`" for name in preset.models) or "by name only"
            ),
            row("prices", "free: own hardware" if preset.free else preset.prices or "by model"),
            "",
        ]
    parts += ["## Not served", ""]
    parts += [
        f"* `{kind}`: {title} needs every request signed, which Headgate does not do yet."
        for kind, title in providers.ABSENT.items()
    ]
    return "\n".join([*parts, ""])


def capabilities_page() -> str:
    parts = [
        "# Capabilities",
        "",
        "What a target can take, when a call of one dialect is translated for a model of",
        "another. A provider's file says what the server can, a model's row what the model",
        "can, and `[capabilities]` in `headgate.toml` has the last word; a server's *no* holds",
        "for every model behind it. `headgate explain --model NAME` shows what holds for a",
        "target.",
        "",
        "## Keys",
        "",
        *header("key", "form", "default", "meaning"),
    ]
    default = Abilities()
    settings = {each.name: each for each in setting.CAPABILITY}
    for name, key in KEYS.items():
        form = settings[name].form
        shown = {"choices": "list of ", "choice": "one of ", "whole": "whole number"}.get(
            form, form
        )
        words = ", ".join(f"`{word}`" for word in key.words)
        value = _plain(getattr(default, name))
        parts.append(row(f"`{name}`", f"{shown}{words}", value, key.meaning))
    parts += [
        "",
        "## Servers",
        "",
        *header("provider", "calls are translated to", "what holds"),
    ]
    for kind, preset in providers.read_all().items():
        provider = without_key(kind)
        assert provider is not None
        parts.append(row(f"`{kind}`", provider.translate, _holds(preset.abilities)))
    parts += ["", "## Models", "", "`*` stands for models that no other row names.", ""]
    parts += header("model", "thinking", "efforts", "max output", "what else holds", "as of")
    for fact in facts.read().models:
        if fact.abilities:
            parts.append(_model_row(fact))
    return "\n".join([*parts, ""])


def _model_row(fact: facts.Fact) -> str:
    own = ("thinking", "efforts", "max_output")
    thinking, efforts, most = (_plain(fact.abilities.get(name, ())) for name in own)
    rest = {name: value for name, value in fact.abilities.items() if name not in own}
    names = ", ".join(f"`{name}`" for name in fact.names)
    return row(names, thinking, efforts, most, _holds(rest), str(fact.checked))


def _holds(stated: Stated) -> str:
    """The flags by name, with a `no` where they do not hold; then the rest with its value."""
    flags = {name: value for name, value in stated.items() if isinstance(value, bool)}
    said = [f"`{name}`" if holds else f"no `{name}`" for name, holds in flags.items()]
    said += [f"`{name}` {_plain(it)}" for name, it in stated.items() if name not in flags]
    return ", ".join(said)


def _plain(value: object) -> str:
    match value:
        case tuple():
            return ", ".join(value)
        case None:
            return "any"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


PAGES: dict[str, Callable[[], str]] = {
    "capabilities.md": capabilities_page,
    "cli.md": cli_page,
    "compatibility.md": compatibility.page,
    "config.md": config_page,
    "conformance.md": conformance.page,
    "faults.md": faults_page,
    "ledger.md": ledger_page,
    "providers.md": providers_page,
    "prices.md": prices.page,
    "rules.md": rules.page,
    "sandbox.md": sandbox.page,
}


def render() -> dict[str, str]:
    """Every page's text by file name."""
    os.environ["COLUMNS"] = "88"
    return {name: f"{NOTE}\n\n{page().rstrip()}\n" for name, page in PAGES.items()}


def stale(pages: dict[str, str]) -> list[str]:
    """The pages whose file is missing or says something else."""
    return [
        name
        for name, text in pages.items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text
    ]


def _differences(name: str, text: str) -> Iterable[str]:
    """The first of them, for whoever wonders what changed."""
    place = FOLDER / name
    written = place.read_text().splitlines() if place.is_file() else []
    return itertools.islice(difflib.unified_diff(written, text.splitlines(), name, "code"), 20)


def main(arguments: list[str]) -> int:
    pages = render()
    old = stale(pages)
    if "--check" in arguments:
        if old:
            print(f"Error: not what the code says: {', '.join(old)}\n\nhint: make docs")
            print("\n".join(line for name in old for line in _differences(name, pages[name])))
        changed = compatibility.drift() if "compatibility.md" in pages else ""
        if changed:
            print(f"Error: tests of these cells came or went: {changed}")
            print("\nhint: make compatibility")
        return bool(old or changed)
    FOLDER.mkdir(exist_ok=True)
    for name in old:
        (FOLDER / name).write_text(pages[name])
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
