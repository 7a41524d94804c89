"""What the catalogue lists: which row a model name means, and its prices at one moment.

Rule 1: names resolve as genai-prices resolves them: a provider's own rows first, then those of
the providers whose models it resells, then both again with a compact date spelled out.
Rule 2: of several dated prices the last one in force counts; days and hours are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from headgate.money.facts import Correction
from headgate.money.genai.types import (
    ConditionalPrice,
    Constraint,
    ModelInfo,
    ModelPrice,
    Provider,
    TieredPrices,
)
from headgate.money.sheet import Steps, Variant, fraction

COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=$|[-:])")
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """The row that a model name means."""

    provider: str
    model: ModelInfo
    resold: bool
    """the row is another provider's: its standard prices hold, its special terms do not"""


class Listing:
    """All providers' rows."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.providers = {provider.id: provider for provider in providers}

    def find(self, provider: str, model: str) -> Found | None:
        """The row for this model at this provider; an empty provider: at whoever makes it."""
        name = model.lower()
        if provider:
            return self._row(self._provider(provider.lower().strip()), name)
        vendor, slash, rest = name.partition("/")
        if slash and (found := self._row(self._provider(vendor), rest)):
            return found
        return self._row(self._maker(name), name)

    def models(self, provider: str) -> list[str]:
        """The ids of the models that a provider's own rows give a price per token for."""
        owner = self._provider(provider.lower().strip())
        return [row.id for row in owner.models if _has_tokens(row)] if owner else []

    def _provider(self, name: str) -> Provider | None:
        if name in self.providers:
            return self.providers[name]
        for provider in self.providers.values():
            if provider.provider_match is not None and provider.provider_match.is_match(name):
                return provider
        return None

    def _maker(self, name: str) -> Provider | None:
        for provider in self.providers.values():
            if provider.model_match is not None and provider.model_match.is_match(name):
                return provider
        return None

    def _row(self, owner: Provider | None, name: str) -> Found | None:
        if owner is None:
            return None
        dashed = COMPACT_DATE.sub(r"-\1-\2-\3", name)
        return self._match(owner, name) or (
            self._match(owner, dashed) if dashed != name else None
        )

    def _match(self, owner: Provider, name: str) -> Found | None:
        for model in owner.models:
            if model.match.is_match(name):
                return Found(owner.id, model, resold=False)
        for other in owner.fallback_model_providers or ():
            for model in self.providers[other].models if other in self.providers else ():
                if model.match.is_match(name):
                    return Found(owner.id, model, resold=True)
        return None


def standard(model: ModelInfo, at: datetime) -> dict[str, Steps]:
    """The row's standard prices at a moment, by catalogue key."""
    dated = _dated(model)
    held = dated[0].prices if dated else ModelPrice()
    for price in reversed(dated):
        if holds(price.constraint, at):
            held = price.prices
            break
    return prices_of(held)


def variants(model: ModelInfo, at: datetime) -> tuple[Variant, ...]:
    """The row's prices for certain terms that are in force at a moment."""
    return tuple(
        Variant(tuple(variant.when.items()), prices_of(variant.prices))
        for variant in model.price_variants or ()
        if holds(variant.constraint, at)
    )


def window(
    model: ModelInfo, corrections: Iterable[Correction], at: datetime
) -> tuple[datetime, datetime]:
    """From when, and until when, the prices of this moment hold."""
    edges: set[datetime] = set()
    for row in (*_dated(model), *(model.price_variants or ())):
        edges |= _edges(row.constraint, at)
    for correction in corrections:
        edges |= {_midnight(correction.since), _midnight(correction.until)}
    return (
        max((edge for edge in edges if edge <= at), default=FIRST),
        min((edge for edge in edges if edge > at), default=LAST),
    )


def holds(constraint: Constraint, at: datetime) -> bool:
    """Whether a constraint is met at a moment."""
    if constraint is None:
        return True
    start_date: date | None = getattr(constraint, "start_date", None)
    if start_date is not None:
        return at.astimezone(UTC).date() >= start_date
    start, end = _hours(constraint)
    now = at.astimezone(UTC).time()
    return start <= now < end if start <= end else now >= start or now < end


def prices_of(price: ModelPrice) -> dict[str, Steps]:
    """A row's prices by key, exact."""
    return {key: _steps(usd) for key, usd in vars(price).items() if usd is not None}


def _dated(model: ModelInfo) -> list[ConditionalPrice]:
    if isinstance(model.prices, list):
        return model.prices
    return [ConditionalPrice(prices=model.prices)]


def _has_tokens(model: ModelInfo) -> bool:
    return any("input_mtok" in vars(price.prices) for price in _dated(model))


def _steps(usd: Decimal | TieredPrices) -> Steps:
    if isinstance(usd, Decimal):
        return ((-1, fraction(usd)),)
    # By field, not by class: the package's own rows are read here too (genai/rows.py, rule 3).
    fields = vars(usd)
    tiers = sorted(fields["tiers"], key=lambda tier: tier.start)
    return (
        (-1, fraction(fields["base"])),
        *((tier.start, fraction(tier.price)) for tier in tiers),
    )


def _edges(constraint: Constraint, at: datetime) -> set[datetime]:
    """The moments around `at` at which a constraint begins or ceases to be met."""
    if constraint is None:
        return set()
    start_date = getattr(constraint, "start_date", None)
    if start_date is not None:
        return {_midnight(start_date)}
    today = at.astimezone(UTC).date()
    days = [today + timedelta(days=shift) for shift in (-1, 0, 1)]
    return {
        datetime.combine(day, hour, tzinfo=UTC) for day in days for hour in _hours(constraint)
    }


def _hours(constraint: Constraint) -> tuple[time, time]:
    """The daily start and end of a constraint, in UTC."""
    return _utc(getattr(constraint, "start_time", time.min)), _utc(
        getattr(constraint, "end_time", time.max)
    )


def _utc(hour: time) -> time:
    if hour.tzinfo is None:
        return hour
    return datetime.combine(date(2000, 1, 1), hour).astimezone(UTC).time()


def _midnight(day: date) -> datetime:
    if day == date.min:
        return FIRST
    return LAST if day == date.max else datetime.combine(day, time.min, tzinfo=UTC)
