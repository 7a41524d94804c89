"""Reads [loops] and [events]: when a call that repeats is stopped, and where events go.

Rule 1: what a key's tag says of loops changes what it names; the rest is as in [loops].
Rule 2: a webhook is signed, always: a receiver that cannot tell us from others is no use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headgate.config.model import Events, Loops
from headgate.config.problem import join
from headgate.config.setting import EVENTS, LOOPS
from headgate.config.table import Table, Wrong, variable_of
from headgate.config.upstream import is_local

SHORTEST_SECRET = 16


def read_loops(table: Table) -> tuple[Loops, tuple[tuple[str, Loops], ...]]:
    """[loops], and what keys with a tag have instead."""
    content = dict(table.content)
    given = content.pop("tags", {})
    loops = msgspec.convert(replace(table, content=content).read(LOOPS), Loops)
    place = join(table.path, "tags")
    if not isinstance(given, dict):
        table.report.wrong(place, "must be a section", "write [loops.tags.NAME]")
        return loops, ()
    found = []
    for name, own in given.items():
        at = join(place, name)
        if not isinstance(own, dict):
            table.report.wrong(at, "must be a section", f"write [{at}]")
            continue
        values: dict[str, Any] = Table(own, at, table.report, table.env).read(LOOPS)
        found.append((name, replace(loops, **values)))
    return loops, tuple(found)


def read_events(table: Table) -> Events:
    """[events]: where they are delivered, and how that is signed."""
    content = dict(table.content)
    if variable := variable_of(content.get("webhook")):
        content["webhook"] = _from(variable, table)
    values: dict[str, Any] = replace(table, content=content).read(EVENTS)
    events = msgspec.convert(values, Events)
    if events.webhook:
        _check(events, table)
    elif "webhook" not in content:
        for name in content:
            if name in values:
                table.report.wrong(
                    join(table.path, name), "needs webhook", 'webhook = "https://…"'
                )
    return events


def _from(variable: str, table: Table) -> str:
    """An address may hold a secret: then it lies in the environment."""
    try:
        return table.secret(f"env:{variable}", "webhook")
    except Wrong as wrong:
        table.report.wrong(join(table.path, "webhook"), wrong.what, wrong.hint)
        return ""


def _check(events: Events, table: Table) -> None:
    report, place = table.report, join(table.path, "webhook")
    example = 'webhook = "https://hooks.example.com/headgate"'
    try:
        parts = urlsplit(events.webhook)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = None, None
    if parts is None or not host or parts.scheme not in ("http", "https"):
        report.wrong(place, "is no address that begins with https:// or http://", example)
    elif "@" in parts.netloc:
        report.wrong(place, "holds a user or a password", "a signature proves who sends")
    elif not events.webhook.isprintable() or " " in events.webhook:
        report.wrong(place, "holds a space or a control character", "percent-encode it")
    elif parts.scheme == "http" and not is_local(host):
        report.note(f"{place} is plain http: events travel readable; use https")
    given = "secret" in table.content
    if not given:
        report.wrong(place, "needs secret beside it", 'secret = "env:HEADGATE_HOOK_SECRET"')
    elif events.secret and len(events.secret) < SHORTEST_SECRET:
        report.wrong(
            join(table.path, "secret"),
            f"has fewer than {SHORTEST_SECRET} characters and could be guessed",
            "make one: openssl rand -hex 32",
        )
