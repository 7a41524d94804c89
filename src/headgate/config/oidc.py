"""[admin.oidc] -> Oidc: at which issuer administrators sign in, and what that makes of them.

Rule 1: an issuer is reached over https, unless it is on this machine or network.
Rule 2: whom no role is meant for gets none: an issuer without roles is a mistake.
Rule 3: the libraries that check signatures are an extra; without them it is no configuration.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headgate.config.model import Granted, Oidc
from headgate.config.problem import join
from headgate.config.setting import ADMIN, OIDC, OIDC_ROLE
from headgate.config.table import Table
from headgate.config.upstream import is_local
from headgate.policy.role import ORGANISATION, RIGHTS, TEAM

CALLBACK = "/admin/callback"
_WHOM = re.compile(r"([A-Za-z0-9_.:/-]{1,200})=(\S.*)")
_EXAMPLE = 'write [admin.oidc.roles."groups=platform"] and below it role = "admin"'
_INSTALL = 'pip install "headgate[oidc]"'


def read_oidc(admin: Table) -> Oidc | None:
    """What [admin.oidc] says; None: there is no such section, or it has mistakes."""
    given = admin.read(ADMIN).get("oidc")
    if given is None:
        return None
    report = admin.report
    if not isinstance(given, dict):
        report.wrong("admin.oidc", "must be a section", "write [admin.oidc]")
        return None
    table = Table(given, "admin.oidc", report, admin.env)
    values: dict[str, Any] = table.read(OIDC)
    values["roles"] = _roles(values.get("roles"), table)
    _check(values, table)
    if find_spec("jwt") is None or find_spec("cryptography") is None:
        report.wrong("admin.oidc", "needs libraries that are not installed", _INSTALL)
    missing = [name for name in ("issuer", "client_id") if not values.get(name)]
    for name in missing:
        if name not in given:
            report.wrong("admin.oidc", f"needs {name}", f'{name} = "…"')
    return None if missing else msgspec.convert(values, Oidc)


def _check(values: dict[str, Any], table: Table) -> None:
    report = table.report
    redirect = values.get("redirect_url", "")  # empty: nobody signs in with a browser
    for name, given in (("issuer", values.get("issuer")), ("redirect_url", redirect or None)):
        if given is not None and (wrong := _fault_of_url(given)):
            report.wrong(f"admin.oidc.{name}", wrong, f'{name} = "https://…"')
    if redirect and not urlsplit(redirect).path.endswith(CALLBACK):
        what = f"must be this gateway's address with {CALLBACK} at its end"
        report.wrong("admin.oidc.redirect_url", what, f'"https://gate.example.com{CALLBACK}"')
    if "scopes" in values and "openid" not in values["scopes"]:
        what, hint = "must hold openid: without it nobody is told of", '["openid", "email"]'
        report.wrong("admin.oidc.scopes", what, f"scopes = {hint}")


def _fault_of_url(text: str) -> str:
    """Why this is no address of an issuer or of ours; empty: it may be."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return f"{text!r} is no address"
    if parts.scheme not in ("http", "https") or not host or not text.isprintable():
        return f"{text!r} is no address"
    if parts.query or parts.fragment or parts.username:
        return f"{text!r} must hold no user, ? or #"
    if parts.scheme == "http" and not is_local(host):
        return "must begin with https:// where it leaves this network"
    return ""


def _roles(given: object, table: Table) -> list[Granted]:
    place = join(table.path, "roles")
    if not isinstance(given, dict) or not given:
        table.report.wrong(place, "nobody who signs in would have a role", _EXAMPLE)
        return []
    found = []
    for whom, entry in given.items():
        at = join(place, whom)
        match = _WHOM.fullmatch(whom)
        if match is None:
            table.report.wrong(at, "must be CLAIM=VALUE", _EXAMPLE)
        elif not isinstance(entry, dict):
            table.report.wrong(at, "must be a table", _EXAMPLE)
        else:
            found += _granted(match[1], match[2], Table(entry, at, table.report, table.env))
    return found


def _granted(claim: str, value: str, table: Table) -> list[Granted]:
    values = table.read(OIDC_ROLE)
    report = table.report
    if "role" not in table.content:
        report.wrong(table.path, "needs a role", 'role = "admin", "auditor" or "member"')
    bound = values.get("organisations") or values.get("teams")
    if values.get("role") == "member" and not bound:
        hint = f'{TEAM}s = ["search"] or {ORGANISATION}s = ["acme"]'
        report.wrong(table.path, "a member is bound to nothing and could see nothing", hint)
    for scope in msgspec.convert(values.get("scopes", []), list[str]):
        if scope not in RIGHTS:
            known = f"there are: {', '.join(RIGHTS)}"
            report.wrong(join(table.path, "scopes"), f"{scope!r} is no scope", known)
    if "role" not in values:
        return []
    return [msgspec.convert({"claim": claim, "value": value, **values}, Granted)]
