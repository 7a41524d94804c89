"""GET /v1/models: the names a caller may use, in the shape of whichever vendor it speaks.

Both vendors' lists live on one path: the Anthropic shape goes to callers that name an
anthropic-version or bring x-api-key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from headgate.config import Config, unknown_model
from headgate.money.catalog import Catalog
from headgate.wire import headers as fields
from headgate.wire.model import Fault, Headers, Kind

PAGE = 20
LARGEST_PAGE = 1000
_UNKNOWN_AGE = "1970-01-01T00:00:00Z"
"""neither vendor lets the field be empty"""


def wants_anthropic(headers: Headers) -> bool:
    return bool(
        fields.first(headers, b"anthropic-version") or fields.first(headers, b"x-api-key")
    )


def names(config: Config, catalog: Catalog) -> list[tuple[str, str]]:
    """(model, provider) of everything that can be asked for by name, without repeats."""
    found: dict[str, str] = {}
    providers = {provider.name: provider for provider in config.providers}
    for route in config.routes:
        provider = providers[route.ladder[0].provider]
        if "*" not in route.pattern and "?" not in route.pattern:
            found.setdefault(route.pattern, provider.name)
            continue
        for model in catalog.models(provider.prices):
            if fnmatchcase(model, route.pattern):
                found.setdefault(model, provider.name)
    return list(found.items())


class Models:
    def __init__(self, config: Config, catalog: Catalog) -> None:
        self._config = config
        self._catalog = catalog
        self._names: list[tuple[str, str]] | None = None

    def listing(
        self, headers: Headers, query: bytes, allows: Callable[[str], bool]
    ) -> dict[str, Any]:
        """Every model the caller may ask for."""
        known = [each for each in self._known() if allows(each[0])]
        if not wants_anthropic(headers):
            return {"object": "list", "data": [self._openai(*one) for one in known]}
        asked = parse_qs(query.decode("latin-1"))
        ids = [name for name, _ in known]
        page = self._page(known, ids, asked)
        data = [self._anthropic(*one) for one in page]
        backwards = "before_id" in asked and "after_id" not in asked
        end = ids[0 if backwards else -1] if ids else ""
        return {
            "data": data,
            "has_more": bool(data) and data[0 if backwards else -1]["id"] != end,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }

    def one(self, name: str, headers: Headers, known: Callable[[str], str | None]) -> Any:
        """A single model; `known` names the provider that serves a name, if any does."""
        provider = known(name)
        if provider is None:
            raise Fault(Kind.NOT_FOUND, unknown_model(self._config, name))
        show = self._anthropic if wants_anthropic(headers) else self._openai
        return show(name, provider)

    def _known(self) -> list[tuple[str, str]]:
        if self._names is None:
            self._names = names(self._config, self._catalog)
        return self._names

    def _page(
        self, known: list[tuple[str, str]], ids: list[str], asked: dict[str, list[str]]
    ) -> list[tuple[str, str]]:
        try:
            size = int(asked.get("limit", [str(PAGE)])[0])
        except ValueError:
            raise Fault(Kind.INVALID, "limit: must be a whole number") from None
        if not 1 <= size <= LARGEST_PAGE:
            raise Fault(Kind.INVALID, f"limit: must be between 1 and {LARGEST_PAGE}")
        after, before = asked.get("after_id", [""])[0], asked.get("before_id", [""])[0]
        if after:
            start = ids.index(after) + 1 if after in ids else len(ids)
            return known[start : start + size]
        if before:
            end = ids.index(before) if before in ids else 0
            return known[max(0, end - size) : end]
        return known[:size]

    def _openai(self, name: str, provider: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 0, "owned_by": provider}

    def _anthropic(self, name: str, provider: str) -> dict[str, Any]:
        prices = next(p.prices for p in self._config.providers if p.name == provider)
        rates = self._catalog.rates(prices, name, datetime.now(UTC))
        return {
            "id": name,
            "type": "model",
            "display_name": name,
            "created_at": _UNKNOWN_AGE,
            "max_input_tokens": rates.context_window,
            "max_tokens": rates.max_output,
        }
