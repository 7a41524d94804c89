"""The row shapes that genai-prices' data file is written in, holding only what pricing reads.

Rule 1: the names and fields are genai-prices' own, because its data file calls them; the
package's real rows are accepted wherever these are.
Rule 2: fields that pricing does not read are taken and dropped: texts, links, usage paths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Protocol

__all__ = (
    "ArrayMatch",
    "ClauseAnd",
    "ClauseContains",
    "ClauseEndsWith",
    "ClauseEquals",
    "ClauseOr",
    "ClauseRegex",
    "ClauseStartsWith",
    "ConditionalPrice",
    "ModelInfo",
    "ModelPrice",
    "PriceVariant",
    "Provider",
    "StartDateConstraint",
    "Tier",
    "TieredPrices",
    "TimeOfDateConstraint",
    "UsageExtractor",
    "UsageExtractorMapping",
)


class Clause(Protocol):
    """Says whether a name, in lower case, is meant."""

    def is_match(self, text: str) -> bool: ...


class ClauseEquals:
    __slots__ = ("equals",)

    def __init__(self, equals: str) -> None:
        self.equals = equals.lower()

    def is_match(self, text: str) -> bool:
        return text == self.equals


class ClauseStartsWith:
    __slots__ = ("starts_with",)

    def __init__(self, starts_with: str) -> None:
        self.starts_with = starts_with.lower()

    def is_match(self, text: str) -> bool:
        return text.startswith(self.starts_with)


class ClauseEndsWith:
    __slots__ = ("ends_with",)

    def __init__(self, ends_with: str) -> None:
        self.ends_with = ends_with.lower()

    def is_match(self, text: str) -> bool:
        return text.endswith(self.ends_with)


class ClauseContains:
    __slots__ = ("contains",)

    def __init__(self, contains: str) -> None:
        self.contains = contains.lower()

    def is_match(self, text: str) -> bool:
        return self.contains in text


class ClauseRegex:
    __slots__ = ("regex",)

    def __init__(self, regex: str) -> None:
        self.regex = regex

    def is_match(self, text: str) -> bool:
        return re.search(self.regex, text) is not None


class ClauseOr:
    __slots__ = ("or_",)

    def __init__(self, or_: list[Clause]) -> None:
        self.or_ = or_

    def is_match(self, text: str) -> bool:
        return any(clause.is_match(text) for clause in self.or_)


class ClauseAnd:
    __slots__ = ("and_",)

    def __init__(self, and_: list[Clause]) -> None:
        self.and_ = and_

    def is_match(self, text: str) -> bool:
        return all(clause.is_match(text) for clause in self.and_)


class Tier:
    __slots__ = ("price", "start")

    def __init__(self, start: int, price: Decimal) -> None:
        self.start = start
        self.price = price


class TieredPrices:
    """A price (`base`) that changes with a request's total input: above a tier's start, the
    tier's price holds for all of it.
    """

    def __init__(self, **prices: Decimal | list[Tier]) -> None:
        self.__dict__.update(prices)


class ModelPrice:
    """Prices by key (input_mtok, output_mtok, …), each one an attribute."""

    def __init__(self, **prices: Decimal | TieredPrices | None) -> None:
        self.__dict__.update(prices)


class StartDateConstraint:
    __slots__ = ("start_date",)

    def __init__(self, start_date: date) -> None:
        self.start_date = start_date


class TimeOfDateConstraint:
    __slots__ = ("end_time", "start_time")

    def __init__(self, start_time: time, end_time: time) -> None:
        self.start_time = start_time
        self.end_time = end_time


Constraint = StartDateConstraint | TimeOfDateConstraint | None


class ConditionalPrice:
    __slots__ = ("constraint", "prices")

    def __init__(self, constraint: Constraint = None, *, prices: ModelPrice) -> None:
        self.constraint = constraint
        self.prices = prices


class PriceVariant:
    """Prices that replace the standard ones, key by key, on certain terms."""

    __slots__ = ("constraint", "prices", "when")

    def __init__(
        self, when: dict[str, str], prices: ModelPrice, constraint: Constraint = None
    ) -> None:
        self.when = when
        self.prices = prices
        self.constraint = constraint


class ModelInfo:
    __slots__ = ("context_window", "id", "match", "price_variants", "prices")

    def __init__(
        self,
        id: str,
        match: Clause,
        context_window: int | None = None,
        *,
        prices: ModelPrice | list[ConditionalPrice] | None = None,
        price_variants: list[PriceVariant] | None = None,
        **unread: object,
    ) -> None:
        self.id = id
        self.match = match
        self.context_window = context_window
        self.prices = [] if prices is None else prices
        self.price_variants = price_variants


class Provider:
    __slots__ = ("fallback_model_providers", "id", "model_match", "models", "provider_match")

    def __init__(
        self,
        id: str,
        models: list[ModelInfo],
        *,
        model_match: Clause | None = None,
        provider_match: Clause | None = None,
        fallback_model_providers: Sequence[str] | None = None,
        **unread: object,
    ) -> None:
        self.id = id
        self.models = models
        self.model_match = model_match
        self.provider_match = provider_match
        self.fallback_model_providers = fallback_model_providers


class Unread:
    """A row that says how to read a provider's usage: wire/ does that by rules of its own."""

    __slots__ = ()

    def __init__(self, *values: object, **unread: object) -> None:
        pass


UsageExtractor = UsageExtractorMapping = ArrayMatch = Unread
