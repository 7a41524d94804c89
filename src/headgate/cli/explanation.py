"""What a call would meet, as plain data: its route, its ladder, its limits and its prices.

Rule 1: it asks the same functions the gateway asks; it never guesses in their place.
Rule 2: nothing is sent anywhere, and no secret is in the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate.cli.ranking import Hints, Request, nothing_is_short, rank, recall
from headgate.config import Config, Route, Rung, abilities, resolve, unknown_model
from headgate.engine.standing import Scene
from headgate.money.catalog import Catalog
from headgate.money.pricing import Rates
from headgate.policy.estimate import CHARS_PER_TOKEN, tokens
from headgate.providers import SPOKEN, Provider, meeting_surface
from headgate.store.place import Place
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.model import Usage
from headgate.wire.stated import differing

NANO = 1_000_000_000

HEADERS = {
    "anthropic": "x-api-key, or authorization: Bearer from API version 2026-10-21 on",
    "bearer": "authorization: Bearer",
}

NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class Asked:
    """The call to explain."""

    model: str
    surface: str
    is_stream: bool = False
    body_bytes: int = 0
    """0: there is no body"""
    max_output: int = 0
    envelope: Envelope | None = None
    hints: Hints = NO_HINTS


class Unroutable(Exception):
    """The gateway would refuse this call; the text is what its caller would read."""


def explain(
    config: Config, asked: Asked, at: datetime, ledger: Place | None = None
) -> dict[str, object]:
    """Everything the gateway would decide about the call before sending it."""
    route = resolve(config, asked.model)
    if route is None:
        raise Unroutable(unknown_model(config, asked.model))
    providers = {provider.name: provider for provider in config.providers}
    catalog = Catalog.load(config.prices.rules)
    rungs = [
        _rung(config, rung, providers[rung.provider], asked)
        | _priced(catalog, rung.model or asked.model, providers[rung.provider], asked, at)
        for rung in route.ladder
    ]
    names = [(rung.provider, rung.model or asked.model) for rung in route.ladder]
    memory = recall(ledger, names, at)
    scene = Scene(catalog, memory, at.timestamp(), at, nothing_is_short)
    surface = SURFACES[asked.surface]
    request = Request(asked.model, surface, asked.envelope, asked.is_stream, asked.hints)
    return {
        "model": asked.model,
        "surface": asked.surface,
        "stream": asked.is_stream,
        "route": {"matched": route.pattern, "because": _because(route, asked.model)},
        "ladder": rungs,
        "order": rank(config, route, request, scene),
        "then": route.canned or None,
        "limits": _limits(config, route, [providers[rung.provider] for rung in route.ladder]),
        "caches": _caches(config, route),
        "input": _input(asked),
    }


def _because(route: Route, model: str) -> str:
    if route.by_default:
        owner = route.ladder[0].provider
        return f"no [models] entry matches, and {owner} serves {route.pattern}"
    if route.pattern == model:
        return "an exact name in [models]"
    return "the most specific pattern of [models] that matches"


def _rung(config: Config, rung: Rung, provider: Provider, asked: Asked) -> dict[str, object]:
    """One target; `skipped` says why the gateway would pass it over."""
    model = rung.model or asked.model
    can = abilities(config, provider, model) if asked.surface in SPOKEN else None
    surface = meeting_surface(provider, asked.surface, can.surface if can else "")
    return {
        "provider": provider.name,
        "model": model,
        "tries": rung.tries,
        "waits_s": _waits(config.retry.waits_s, rung.tries),
        "url": provider.base_url + provider.paths[surface] if surface else None,
        "translated_to": surface if surface not in ("", asked.surface) else None,
        "abilities": differing(can) if can else {},
        "skipped": None if surface else f"{provider.name} does not speak {asked.surface}",
        "key": _key(provider),
    }


def _waits(waits: Sequence[float], tries: int) -> list[float]:
    """Between tries; the last wait repeats, and none follows the last try."""
    return [waits[min(at, len(waits) - 1)] for at in range(tries - 1)]


def _key(provider: Provider) -> dict[str, object]:
    """Whose key is sent, and in which header field; of several, a conversation keeps to one."""
    if provider.credentials == "client":
        return {"from": "the caller", "as": "it came", "accounts": []}
    names = [account.variable for account in provider.accounts]
    if not names:
        return {"from": "nobody", "as": "none is sent", "accounts": []}
    held = HEADERS.get(provider.auth, provider.auth)
    return {"from": " or ".join(names), "as": held, "accounts": names}


def _priced(
    catalog: Catalog, model: str, provider: Provider, asked: Asked, at: datetime
) -> dict[str, object]:
    rates = catalog.rates(provider.prices, model, at, free=provider.free, seller=provider.name)
    return {
        "prices": {
            "priced_by": rates.priced_by,
            "version": rates.version,
            "lines": [
                {"class": line.name, "above_input_tokens": line.above, "usd": str(line.usd)}
                for line in rates.lines()
                if line.usd or rates.priced_by == "free"
            ],
        },
        "context_window": rates.context_window,
        "max_output": rates.max_output,
        "estimate": _estimate(rates, asked),
    }


def _estimate(rates: Rates, asked: Asked) -> dict[str, object] | None:
    """Dollars for the body, without cache, and at most for the answer it allows."""
    if not asked.body_bytes:
        return None
    sent = tokens(asked.body_bytes)
    cost = rates.cost(Usage(input_fresh=sent))
    most = rates.cost(Usage(input_fresh=sent, output=asked.max_output))
    return {
        "input_usd": _usd(cost.total_nusd),
        "at_most_usd": _usd(most.total_nusd) if asked.max_output else None,
    }


def _input(asked: Asked) -> dict[str, object] | None:
    if not asked.body_bytes:
        return None
    return {
        "bytes": asked.body_bytes,
        "tokens": tokens(asked.body_bytes),
        "counted": f"estimated at {CHARS_PER_TOKEN:g} bytes a token, none of it cached",
        "max_output": asked.max_output or None,
    }


def _limits(config: Config, route: Route, providers: Sequence[Provider]) -> dict[str, object]:
    """The route's own limits, else those of the first provider on its ladder."""
    first = providers[0]
    hold_ms = route.hold_ms if route.hold_ms is not None else config.retry.hold_ms
    return {
        "body_bytes": config.server.max_body_bytes,
        "connect_s": first.connect_s,
        "call_s": route.call_s or first.call_s,
        "silence_s": route.silence_s or first.silence_s,
        "hold_ms": hold_ms,
        "ping_s": config.server.ping_s,
        "connections": first.max_connections,
        "max_retry_after_s": config.retry.max_retry_after_s,
        "jitter": config.retry.jitter,
    }


def _caches(config: Config, route: Route) -> dict[str, str]:
    """What the route says of caches, else the house; of prompts a key may say otherwise."""
    cache = config.cache
    return {
        "prompt": route.prompt_cache or cache.prompt,
        "reply": route.reply_cache or cache.reply,
        "join": route.join or cache.join,
    }


def _usd(nano: int) -> str:
    return f"{nano / NANO:.9f}".rstrip("0").rstrip(".") or "0"
