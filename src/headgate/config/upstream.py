"""[providers.NAME] -> Provider: what the file says, over what the kind's data file knows.

Rule 1: a provider in the file that has no usable key is a mistake, told with its remedy.
Rule 2: without any [providers] the environment decides: a vendor whose usual variable is set.
Rule 3: a key that merely looks unusual is used, and start-up says so.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headgate.config.account import Keys, limits_in
from headgate.config.problem import Report, closest, join, meant
from headgate.config.setting import PROVIDER
from headgate.config.table import Table, Wrong, variable_of
from headgate.providers import ABSENT, SPOKEN, SURFACES, Account, Preset, Provider, read_all
from headgate.providers.credential import inspect

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_FIELD = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_SECRET_FIELD = re.compile(r"auth|key|token|secret|cookie|password")
_OUR_FIELDS = ("host", "content-length", "transfer-encoding", "connection", "te", "upgrade")
_FIRST = ("anthropic", "openai")
_KEYS = ("api_key", "api_keys")

NOBODY = (
    "no provider is configured: export ANTHROPIC_API_KEY or OPENAI_API_KEY, or name one in "
    "headgate.toml; `headgate demo` needs neither"
)


def read_providers(table: Table) -> tuple[Provider, ...]:
    """Every [providers.NAME] of the file; those with mistakes are reported and left out."""
    found = []
    for name, content in table.content.items():
        place = join(table.path, name)
        if not isinstance(content, dict):
            table.report.wrong(place, "must be a table", f"write [{place}]")
            continue
        if not _NAME.fullmatch(name):
            table.report.wrong(
                place, f"'{name}' cannot name a provider", "letters, digits, _, - and ."
            )
            continue
        provider = _read_one(name, Table(content, place, table.report, table.env))
        if provider is not None:
            found.append(provider)
    return tuple(found)


def from_environment(env: Mapping[str, str], report: Report) -> tuple[Provider, ...]:
    """One provider for every vendor whose usual variable holds a key."""
    presets = read_all()
    order = [*_FIRST, *(kind for kind in presets if kind not in _FIRST)]
    found = []
    for preset in (presets[kind] for kind in order):
        variable = preset.key_env[0] if preset.key_env else ""
        if not preset.base_url or variable not in env:
            continue
        flaw = inspect(env[variable], variable, preset, preset.base_url)
        if flaw is not None:
            fate = "" if flaw.usable else f", so {preset.kind} is left out"
            report.note(f"{flaw.what}{fate}; hint: {flaw.remedy}")
        if flaw is None or flaw.usable:
            account = Account(variable, env[variable])
            found.append(_build(preset, {"name": preset.kind}, (account,)))
    return tuple(found)


def without_key(kind: str) -> Provider | None:
    """A provider of this kind as it is without any configuration; None: it has no address."""
    preset = read_all().get(kind)
    if preset is None:
        return None
    account = Account(next(iter(preset.key_env), ""), "")
    return _build(preset, {"name": kind}, (account,))


def _read_one(name: str, table: Table) -> Provider | None:
    before = len(table.report.problems)
    preset = _preset(name, table)
    if preset is None:
        return None
    plain = {key: value for key, value in table.content.items() if key not in _KEYS}
    values = Table(plain, table.path, table.report, table.env).read(PROVIDER)
    values["name"] = name
    base_url = _base_url(values.get("base_url"), preset, table)
    values["base_url"] = base_url
    values["paths"] = _paths(values.get("paths"), base_url, preset, table)
    values["translate"] = _translate(values, preset, table)
    values["headers"] = _headers(values.get("headers"), table)
    accounts: tuple[Account, ...] = ()
    if values.get("credentials") != "client" and values.get("auth", preset.auth) != "none":
        accounts = Keys(preset, table, base_url).read()
    if "limits" in values:
        values["limits"] = limits_in(table)
        if values.get("credentials") == "client":
            place = join(table.path, "limits")
            what = "would hold for keys of ours, and the callers' own are sent"
            table.report.wrong(place, what, "remove limits, or limit the callers' keys")
    if len(table.report.problems) > before:
        return None
    return _build(preset, values, accounts)


def _build(
    preset: Preset, values: dict[str, object], accounts: tuple[Account, ...]
) -> Provider:
    """What the file says, else what the data file knows, else the record's default."""
    name = values["name"]
    only = accounts[0] if len(accounts) == 1 else Account("", "")
    if only.limits is not None:
        values = {**values, "limits": only.limits}
    patterns = values.get("models", [*preset.models, f"{name}:*"])
    return msgspec.convert(
        {
            "base_url": preset.base_url,
            "paths": preset.paths,
            "auth": preset.auth,
            "prices": preset.prices,
            "free": preset.free,
            "translate": preset.translate,
            **values,
            "kind": preset.kind,
            "models": patterns,
            "api_key": only.key,
            "key_env": only.variable,
            "api_keys": accounts if len(accounts) > 1 else (),
        },
        Provider,
    )


def _preset(name: str, table: Table) -> Preset | None:
    presets = read_all()
    given = table.content.get("kind")
    kind = given if isinstance(given, str) else name
    place = join(table.path, "kind") if "kind" in table.content else table.path
    if kind in presets:
        return presets[kind]
    if kind in ABSENT:
        table.report.wrong(
            place,
            f"{ABSENT[kind]} needs every request signed, which Headgate does not do yet",
            'use the vendor\'s own API (kind = "anthropic" or "gemini"), or put a proxy that '
            "signs in front and name it with base_url",
        )
    elif "kind" in table.content:
        table.report.wrong(place, f"unknown kind '{kind}'", meant(kind, presets))
    else:
        near = closest(kind, presets)
        hint = f"did you mean [providers.{near}]? Otherwise add" if near else "add"
        table.report.wrong(
            place, f"no kind is called '{kind}'", f'{hint} kind = "…": {", ".join(presets)}'
        )
    return None


def _base_url(given: object, preset: Preset, table: Table) -> str:
    place = join(table.path, "base_url")
    if not isinstance(given, str):
        if not preset.base_url and "base_url" not in table.content:
            table.report.wrong(
                table.path,
                f"{preset.title} has no address of its own",
                f'add base_url = "{preset.base_url_example}"',
            )
        return preset.base_url
    try:
        return _clean_url(given, preset, table.report, place)
    except Wrong as wrong:
        table.report.wrong(place, wrong.what, wrong.hint)
        return preset.base_url


def _clean_url(url: str, preset: Preset, report: Report, place: str) -> str:
    """An address without trailing slash, and without the version our paths begin with."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise Wrong(f"'{url}' is no URL", "for example https://llm.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise Wrong(f"'{url}' is no http or https URL", "for example https://llm.example.com")
    if parts.username or parts.password:
        raise Wrong("holds a password", "put the key into api_key as env:NAME")
    if parts.query or parts.fragment:
        raise Wrong("must end with its path: no ? and no #", "headers go into headers = { … }")
    path = parts.path.rstrip("/")
    for surface in preset.paths.values():
        tail = surface.removeprefix("/v1")
        if path.endswith(tail):
            raise Wrong(
                f"ends with '{tail}', which is added to it", url.rstrip("/").removesuffix(tail)
            )
    if path.endswith("/v1") and "/v1/models" in preset.paths.values():
        path = path.removesuffix("/v1")
    elif not path and not preset.base_url and "/models" in preset.paths.values():
        path = "/v1"
        report.note(
            f"{place} names no path: /v1 is assumed, as nearly every such server has it"
        )
    if parts.scheme == "http" and not is_local(parts.hostname):
        report.note(f"{place} is plain http: keys and prompts travel readable; use https")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_local(host: str) -> bool:
    """Does the name mean this machine or a private network, where plain http is customary."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return address.is_private or address.is_loopback


def _paths(given: object, base_url: str, preset: Preset, table: Table) -> dict[str, str]:
    paths = dict(preset.paths)
    for surface, path in given.items() if isinstance(given, dict) else ():
        place = join(join(table.path, "paths"), surface)
        if surface not in SURFACES:
            table.report.wrong(
                place, f"no surface is called '{surface}'", meant(surface, SURFACES)
            )
        elif path and not path.startswith("/"):
            table.report.wrong(place, f"'{path}' must begin with /", f'{surface} = "/{path}"')
        elif path:
            paths[surface] = path
        else:
            paths.pop(surface, None)
    return paths


def _translate(values: Mapping[str, Any], preset: Preset, table: Table) -> str:
    """The surface that calls of other dialects go to, if one is named; it must be served."""
    paths, given = values["paths"], values.get("translate")
    spoken = [surface for surface in SPOKEN if surface in paths]
    if given and given not in paths:
        served = f"choose {' or '.join(spoken)}, or " if spoken else ""
        table.report.wrong(
            join(table.path, "translate"),
            f"it serves no {given}",
            f'{served}add paths = {{ {given} = "/…" }}',
        )
    return given or preset.translate


def _headers(given: object, table: Table) -> list[tuple[str, str]]:
    found = []
    for field, text in given.items() if isinstance(given, dict) else ():
        place = join(join(table.path, "headers"), field)
        name = field.lower()
        value = text
        if not _FIELD.fullmatch(name) or name in _OUR_FIELDS:
            table.report.wrong(place, f"'{field}' cannot be set", "Headgate sets it, or HTTP "
                               "does not allow it")  # fmt: skip
            continue
        if variable_of(text) or _SECRET_FIELD.search(name):
            try:
                value = table.secret(text, field)
            except Wrong as wrong:
                table.report.wrong(place, wrong.what, wrong.hint)
                continue
        if not value.isascii() or not value.isprintable():
            table.report.wrong(place, "holds a character a header cannot carry", "plain ASCII")
            continue
        found.append((name, value))
    return found
