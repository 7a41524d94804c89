"""A Config as plain data for people and machines: what is in force, defaults included.

Rule 1: a secret appears as *** and nowhere else.
"""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urlsplit

from headgate.config.caps import told
from headgate.config.model import Config, Events, Oidc, Reconcile, Route, Rung
from headgate.policy.cap import Limits
from headgate.providers import Provider

HIDDEN = "***"


def describe(config: Config) -> dict[str, object]:
    """Everything that is in force, secrets hidden."""
    server = asdict(config.server)
    server["admin_token"] = HIDDEN if config.server.admin_token else ""
    return {
        "source": config.source or "no file: defaults and the environment",
        "server": server,
        "retry": asdict(config.retry),
        "ledger": asdict(config.ledger),
        "store": {
            name: HIDDEN if getattr(config.store, name) else "" for name in ("url", "redis")
        }
        | {"config": config.store.config},
        "prices": asdict(config.prices)
        | {"overrides": {name: dict(classes) for name, classes in config.prices.overrides}},
        "providers": {provider.name: _provider(provider) for provider in config.providers},
        "models": {
            route.pattern: _route(route) for route in config.routes if not route.by_default
        },
        "models_by_default": {
            route.pattern: _route(route) for route in config.routes if route.by_default
        },
        "tags": {tag.name: tag.prefer for tag in config.tags},
        "capabilities": {each.pattern: dict(each.stated) for each in config.capabilities},
        "oidc": _oidc(config.oidc) if config.oidc is not None else None,
        "caps": told(config.caps),
        "loops": asdict(config.loops),
        "loops_of_tags": {name: asdict(loops) for name, loops in config.loops_of_tags},
        "events": _events(config.events),
        "cache": asdict(config.cache),
        "recording": asdict(config.recording),
        "archive": asdict(config.archive),
        "reconcile": _reconcile(config.reconcile),
        "sandbox": asdict(config.sandbox),
        "purposes": [asdict(it) for it in config.purposes],
        "commitments": [asdict(it) for it in config.commitments],
        "notes": list(config.notes),
    }


def spell(rung: Rung) -> str:
    """A rung as it is written in headgate.toml."""
    target = f"{rung.provider}:{rung.model}" if rung.model else rung.provider
    return f"{target} x{rung.tries}"


def _limits(limits: Limits) -> dict[str, int]:
    return {what: most for what, most in limits._asdict().items() if most}


def _rung(rung: Rung) -> str | dict[str, object]:
    """As it is written: a table where it says more than a target."""
    told: dict[str, object] = {"target": spell(rung)}
    if rung.weight != 1:
        told["weight"] = rung.weight
    if rung.quality is not None:
        told["quality"] = rung.quality
    return told if len(told) > 1 else spell(rung)


def _events(events: Events) -> dict[str, object]:
    """The address may hold a secret, but never in its host."""
    hidden = HIDDEN if events.secret else ""
    host = urlsplit(events.webhook).netloc
    return asdict(events) | {"webhook": f"{host}/…" if host else "", "secret": hidden}


def _reconcile(reconcile: Reconcile) -> dict[str, object]:
    keys = ("anthropic_admin_key", "openai_admin_key")
    return asdict(reconcile) | {
        name: HIDDEN if getattr(reconcile, name) else "" for name in keys
    }


def _oidc(oidc: Oidc) -> dict[str, object]:
    return asdict(oidc) | {"client_secret": HIDDEN if oidc.client_secret else ""}


def _provider(provider: Provider) -> dict[str, object]:
    described = asdict(provider)
    described["api_key"] = HIDDEN if provider.api_key else ""
    described["api_keys"] = {account.variable: HIDDEN for account in provider.api_keys}
    described["limits"] = _limits(provider.limits)
    own = {it.variable: _limits(it.limits) for it in provider.api_keys if it.limits is not None}
    if own:
        described["limits_of"] = own
    described["headers"] = {name: HIDDEN for name, _ in provider.headers}
    return described


_OWN = ("canned", "hold_ms", "call_s", "silence_s")


def _route(route: Route) -> dict[str, object]:
    described: dict[str, object] = {"ladder": [_rung(rung) for rung in route.ladder]}
    if route.policy != "ordered":
        described["policy"] = route.policy
    if not route.hints:
        described["hints"] = False
    for name in (*_OWN, "prompt_cache", "reply_cache", "join", "vendor_tools"):
        value = getattr(route, name)
        if value not in (None, ""):
            described[name] = value
    return described
