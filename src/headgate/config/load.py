"""Text and environment -> Config, and where the text is found: decides the order of reading.

Rule 1: a file that is not TOML is one problem; everything after that is reported together.
Rule 2: no file and no key is no error here: the Config says what is missing, in its notes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from headgate.config.archive import read_archive
from headgate.config.cache import check_near, read_cache
from headgate.config.capability import read_capabilities
from headgate.config.caps import check_prices, read_caps
from headgate.config.model import Config, Ledger, Prices, Retry, Server
from headgate.config.oidc import read_oidc
from headgate.config.problem import ConfigError, Problem, Report, join, meant
from headgate.config.purpose import read_commitments, read_purposes
from headgate.config.reconcile import read_reconcile
from headgate.config.recording import read_recording
from headgate.config.routing import read_routes, read_tags, shadowed
from headgate.config.sandbox import check_hosted, read_sandbox
from headgate.config.setting import LEDGER, OVERRIDE, PRICES, RETRY, SERVER, Setting
from headgate.config.store import read_store
from headgate.config.table import Table
from headgate.config.upstream import NOBODY, from_environment, is_local, read_providers
from headgate.config.vigil import read_events, read_loops
from headgate.providers import Provider, read_all
from headgate.store.home import find_file as find_file  # as it is known from outside

_SECTIONS = (
    "server",
    "retry",
    "ledger",
    "store",
    "prices",
    "limits",
    "budgets",
    "providers",
    "models",
    "capabilities",
    "routing",
    "loops",
    "events",
    "cache",
    "recording",
    "archive",
    "reconcile",
    "sandbox",
    "purposes",
    "commitments",
    "admin",
)
NEAR = ("server", "ledger", "store", "archive", "reconcile")
"""sections that are always a node's own"""
SHARED = "shared"
_POSITION = re.compile(r"^(.*?) \(at (?:line (\d+), column \d+|end of document)\)$")

Record = TypeVar("Record")


def load_file(path: Path | None, env: Mapping[str, str]) -> Config:
    """This machine's configuration: a file if there is one, else the environment's keys."""
    found = find_file(path, env)
    return load(_read(found), env, source=str(found or ""))


def load_places(path: Path | None, env: Mapping[str, str]) -> Config:
    """Only what needs no other secret: where the gateway listens, where its store is, prices,
    what is capped, what calls are for."""
    found = find_file(path, env)
    text = _read(found)
    report = Report(str(found or "the environment"), text)
    root = _root(text, env, report)
    server = _section(root, "server")
    plain = {key: value for key, value in server.content.items() if key != "admin_token"}
    ledger, store = _record(_section(root, "ledger"), LEDGER, Ledger), _section(root, "store")
    near = {key: value for key, value in store.content.items() if key != "redis"}
    config = Config(
        server=_server(replace(server, content=plain)),
        ledger=ledger,
        store=read_store(replace(store, content=near), ledger),
        prices=_prices(_section(root, "prices")),
        archive=read_archive(_section(root, "archive")),
        recording=read_recording(_section(root, "recording")),
        caps=read_caps(_section(root, "limits"), _section(root, "budgets")),
        sandbox=read_sandbox(_section(root, "sandbox")),
        purposes=read_purposes(root),
        commitments=read_commitments(root),
        source=str(found or ""),
    )
    report.settle()
    return config


def _read(found: Path | None) -> str:
    if found is None:
        return ""
    try:
        return found.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = "check the path given by --config or HEADGATE_CONFIG"
        raise ConfigError(
            str(found), [Problem("", f"cannot be read: {reason}", hint)]
        ) from None


def load(
    text: str, env: Mapping[str, str], *, source: str, near: Config | None = None
) -> Config:
    """Read a configuration; raises ConfigError with every mistake in it.

    `near`: whose NEAR sections hold, whatever the text, which nodes share, says of them.
    """
    report = Report(source or "the environment", text)
    root = _root(text, env, report)
    retry = _record(_section(root, "retry"), RETRY, Retry)
    near = _near(root) if near is None else near
    providers = _providers(root, near.server)
    declared = [*_section(root, "providers").content] or [each.name for each in providers]
    loops, loops_of_tags = read_loops(_section(root, "loops"))
    config = Config(
        server=near.server,
        retry=retry,
        ledger=near.ledger,
        store=near.store,
        archive=near.archive,
        reconcile=near.reconcile,
        prices=_prices(_section(root, "prices")),
        providers=providers,
        routes=read_routes(_section(root, "models"), providers, declared, retry.tries),
        tags=read_tags(_section(root, "routing")),
        capabilities=read_capabilities(_section(root, "capabilities"), declared),
        oidc=read_oidc(_section(root, "admin")),
        caps=read_caps(_section(root, "limits"), _section(root, "budgets")),
        loops=loops,
        loops_of_tags=loops_of_tags,
        events=read_events(_section(root, "events")),
        cache=read_cache(_section(root, "cache"), declared, store=near.store),
        recording=read_recording(_section(root, "recording")),
        sandbox=read_sandbox(_section(root, "sandbox")),
        purposes=read_purposes(root),
        commitments=read_commitments(root),
        source=source,
    )
    check_prices(config, report, datetime.now(UTC))
    check_near(config, report)
    check_hosted(config, report)
    report.settle()
    report.notes.extend(shadowed(providers))
    return replace(config, notes=tuple(report.notes))


def _near(root: Table) -> Config:
    """What every node says of itself, though the rest may be shared."""
    ledger = _record(_section(root, "ledger"), LEDGER, Ledger)
    near = Config(
        server=_server(_section(root, "server")),
        ledger=ledger,
        store=read_store(_section(root, "store"), ledger),
        archive=read_archive(_section(root, "archive")),
        reconcile=read_reconcile(_section(root, "reconcile")),
    )
    for name in root.content if near.store.config == SHARED else ():
        if name not in NEAR:
            root.report.wrong(
                name,
                'is not read here: store.config = "shared" takes it from the store',
                "publish it with `headgate config publish`, and take it out of this file",
            )
    return near


def _root(text: str, env: Mapping[str, str], report: Report) -> Table:
    root = Table(_parse(text, report), "", report, env)
    for name in root.content:
        if name not in _SECTIONS:
            report.wrong(join("", name), f"unknown section [{name}]", meant(name, _SECTIONS))
    return root


def _parse(text: str, report: Report) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _POSITION.match(str(error))
        what = match[1] if match else str(error)
        line = int(match[2]) if match and match[2] else len(text.splitlines())
        hint = _shown(text, line)
        raise ConfigError(
            report.source, [Problem("", f"line {line} is not TOML: {what.lower()}", hint, line)]
        ) from None


def _shown(text: str, line: int) -> str:
    """The offending line, unless it may hold a secret."""
    lines = text.splitlines()
    shown = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    safe = shown and not re.search(r"key|token|secret|auth", shown, re.IGNORECASE)
    return f"it reads: {shown}" if safe else "text needs quotes, and every quote its partner"


def _section(root: Table, name: str) -> Table:
    content = root.content.get(name, {})
    if not isinstance(content, dict):
        root.report.wrong(name, "must be a section", f"write [{name}]")
        content = {}
    return Table(content, name, root.report, root.env)


def _record(table: Table, settings: tuple[Setting, ...], record: type[Record]) -> Record:
    return msgspec.convert(table.read(settings), record)


def _server(table: Table) -> Server:
    server = _record(table, SERVER, Server)
    if bool(server.tls_cert) != bool(server.tls_key):
        given, other = ("tls_cert", "tls_key") if server.tls_cert else ("tls_key", "tls_cert")
        table.report.wrong(
            f"server.{given}", f"needs {other} beside it", f'{other} = "path/to/file.pem"'
        )
    return server


def _providers(root: Table, server: Server) -> tuple[Provider, ...]:
    table = _section(root, "providers")
    report = root.report
    if table.content:
        providers = read_providers(table)
        _note_unused(table, providers)
    else:
        providers = from_environment(root.env, report)
        if providers:
            taken = ", ".join(f"{each.name} ({each.key_env})" for each in providers)
            report.note(f"providers taken from the environment: {taken}")
        else:
            report.note(NOBODY)
    for provider in providers:
        parts = urlsplit(provider.base_url)
        here = is_local(parts.hostname or "") and parts.hostname in ("localhost", server.host)
        if here and server.port and parts.port == server.port:
            report.wrong(
                f"providers.{provider.name}.base_url",
                "is Headgate's own address: a call would go round for ever",
                "name the provider's address, or change server.port",
            )
    return providers


def _note_unused(table: Table, providers: tuple[Provider, ...]) -> None:
    """A key in the environment that the file ignores is worth a word."""
    used = {account.variable for each in providers for account in each.accounts}
    used |= {each.kind for each in providers}
    for kind in ("anthropic", "openai"):
        variable = read_all()[kind].key_env[0]
        if variable in table.env and not {variable, kind} & used and kind not in table.content:
            table.report.note(f"{variable} is set but unused; hint: add [providers.{kind}]")


def _prices(table: Table) -> Prices:
    values: dict[str, Any] = table.read(PRICES)
    given = values.pop("overrides", {})
    overrides = []
    for target, classes in given.items() if isinstance(given, dict) else ():
        place = join("prices.overrides", target)
        if not isinstance(classes, dict) or not classes:
            table.report.wrong(place, "must be a table of prices", "{ input = 2, output = 10 }")
            continue
        found = Table(classes, place, table.report, table.env).read(OVERRIDE)
        overrides.append((target, [*found.items()]))
    return msgspec.convert({**values, "overrides": overrides}, Prices)
