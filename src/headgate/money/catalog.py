"""Finds a model's rates on a date: the catalogue's prices, our own facts, the operator's rules.

Rule 1: an unknown model is priced at the ceiling, which is never zero; where the operator wants
no ceiling, it is unpriced and says so. `rates` never raises.
Rule 2: an override beats the catalogue for the classes it names; the others stay as listed.
Rule 3: rates hold from one change of price to the next, and are compiled once for that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from headgate.money import facts as own
from headgate.money.facts import Correction, Fact, Facts
from headgate.money.genai import rows
from headgate.money.genai.types import Provider
from headgate.money.listing import FIRST, LAST, Found, Listing, standard, variants, window
from headgate.money.pricing import About, Band, Rates, Table
from headgate.money.rules import PriceRules, check
from headgate.money.sheet import (
    CLAUDE,
    OPENAI,
    UNKNOWN,
    Prices,
    Sheet,
    Steps,
    compile_table,
    flat,
    fraction,
)

__all__ = ("Catalog", "PriceRules")

Asked = tuple[str, str, bool, str]
"""provider, model, free, seller: what `rates` was asked for"""

KEPT_MODELS = 4096
KEPT_WINDOWS = 32

UNPRICED = "none"
"""what prices a model that nobody knows where there is no ceiling"""

FREE = Table((Band(-1, (0, 0, 0, 0, 0, 0, 0)),))


class Catalog:
    """Every model's prices, as this process knows them until it is restarted or reloaded."""

    def __init__(
        self, version: str, providers: Iterable[Provider], facts: Facts, prices: PriceRules
    ) -> None:
        self.version = version
        """the catalogue and its version, as rows of the ledger keep it"""
        self._listing = Listing(providers)
        self._facts = facts
        self._rules = check(prices)
        self.fingerprint = repr((version, prices))
        """tells whether two catalogues say the same"""
        self._cache: dict[Asked, list[tuple[datetime, datetime, Rates]]] = {}

    @classmethod
    def load(cls, prices: PriceRules) -> Catalog:
        """Read the installed catalogue and our own facts; ValueError names every bad rule."""
        version, providers = rows.read()
        return cls(f"genai-prices {version}", providers, own.read(), prices)

    @property
    def providers(self) -> list[str]:
        """The provider ids that have prices: what Provider.prices may name."""
        return list(self._listing.providers)

    def models(self, provider: str) -> list[str]:
        """The models with a listed price per token at a provider; empty for an unknown one."""
        return self._listing.models(provider)

    def maker(self, model: str) -> str:
        """The provider id of whoever makes a model; empty: it is not known."""
        found = self._listing.find("", model)
        return found.provider if found is not None else ""

    def rates(
        self, provider: str, model: str, at: datetime, *, free: bool = False, seller: str = ""
    ) -> Rates:
        """The rates of a model at a provider's price list; provider "" asks its maker's.

        `seller` is the operator's own name for the provider, which an override may go by too.
        """
        key = (provider, model, free, seller)
        for since, until, rates in self._cache.get(key, ()):
            if since <= at < until:
                return rates
        return self._remember(key, at)

    def _remember(self, key: Asked, at: datetime) -> Rates:
        _, model, free, _ = key
        since, until, rates = self._free(model) if free else self._priced(key, at)
        # Model names are the callers' text: the bounds keep anybody from filling the memory.
        if len(self._cache) >= KEPT_MODELS:
            self._cache.clear()
        windows = self._cache.setdefault(key, [])
        windows.insert(0, (since, until, rates))
        del windows[KEPT_WINDOWS:]
        return rates

    def _free(self, model: str) -> tuple[datetime, datetime, Rates]:
        about = _about("free", "free", self._facts.about(model), None)
        return FIRST, LAST, Rates(about, lambda terms: FREE)

    def _priced(self, key: Asked, at: datetime) -> tuple[datetime, datetime, Rates]:
        provider, model, _, seller = key
        found = self._listing.find(provider, model)
        corrections = (
            self._facts.corrected(found.provider, found.model.id) if found is not None else []
        )
        listed = self._listed(found, corrections, at)
        names = (model,) if found is None else (model, found.model.id)
        override = self._rules.override((seller, provider), names)
        since, until = window(found.model, corrections, at) if found else (FIRST, LAST)
        own = self._own(listed, override)
        if "input_mtok" not in own:
            about = _about(UNPRICED, UNPRICED, self._fact(names), found)
            return since, until, Rates(about, lambda terms: FREE)
        version, priced_by = self._origin(listed, override, corrections, at)
        sheet = Sheet(
            prices=own,
            listed=listed,
            variants=variants(found.model, at) if found and not found.resold else (),
            family=_family(provider, model, found) if listed or override else UNKNOWN,
        )
        about = _about(version, priced_by, self._fact(names), found)
        return since, until, Rates(about, partial(compile_table, sheet))

    def _listed(
        self, found: Found | None, corrections: list[Correction], at: datetime
    ) -> dict[str, Steps]:
        """The standard prices in force, or nothing where no price per token is known."""
        listed = standard(found.model, at) if found is not None else {}
        if "input_mtok" not in listed:
            return {}
        for correction in _in_force(corrections, at):
            listed |= {key: flat(fraction(usd)) for key, usd in correction.prices}
        return listed

    def _own(self, listed: Prices, override: Prices | None) -> Prices:
        ceiling = {
            "input_mtok": self._rules.ceiling_input,
            "output_mtok": self._rules.ceiling_output,
        }
        known = listed or (ceiling if self._rules.has_ceiling else {})
        return {**known, **(override or {})}

    def _origin(
        self,
        listed: Prices,
        override: Prices | None,
        corrections: list[Correction],
        at: datetime,
    ) -> tuple[str, str]:
        """The price version, and which rule set the price."""
        if override is not None:
            return "override", "override"
        if not listed:
            return "ceiling", "ceiling"
        corrected = any(_in_force(corrections, at))
        return f"{self.version} corrected" if corrected else self.version, "catalog"

    def _fact(self, names: tuple[str, ...]) -> Fact | None:
        return next(filter(None, map(self._facts.about, names)), None)


def _in_force(corrections: list[Correction], at: datetime) -> list[Correction]:
    day = at.astimezone(UTC).date()
    return [c for c in corrections if c.since <= day < c.until]


def _family(provider: str, model: str, found: Found | None) -> str:
    """Whose documented rules hold where nothing is listed."""
    if "claude" in model.lower() or (found is not None and "claude" in found.model.id):
        return CLAUDE
    sold_by = found.provider if found is not None else provider
    return OPENAI if sold_by in ("openai", "azure") else ""


def _about(version: str, priced_by: str, fact: Fact | None, found: Found | None) -> About:
    return About(
        version,
        priced_by,
        context_window=found.model.context_window if found is not None else None,
        max_output=fact.max_output if fact is not None else None,
        cache_minimum=fact.cache_minimum if fact is not None else None,
    )
