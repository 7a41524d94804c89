"""What a model's prompt cache costs, as the shipped price list says.

Rule 1: the ledger names providers as the operator does; a name that the list does not know is
looked up by the model's maker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Rates
from headgate.policy import cacheprice
from headgate.wire.model import STANDARD

LIVES_S = {"5m": 300.0, "1h": 3_600.0, "30m": 1_800.0, "12h": 43_200.0}
_PLACES = {"5m": 2, "1h": 3, "30m": 4, "12h": 5}
"""of each class among a band's rates"""


class Factors(NamedTuple):
    """A lifetime's prices as multiples of the input's."""

    ttl: str
    write: float
    read: float

    @property
    def reads_needed(self) -> float:
        return cacheprice.reads_needed(self.write, self.read)

    @property
    def share_needed(self) -> float:
        return cacheprice.share_needed(self.write, self.read)

    @property
    def longest_pause_s(self) -> float:
        return cacheprice.longest_pause_s(self.write, self.read, LIVES_S[self.ttl])


@lru_cache(1)
def _catalog() -> Catalog:
    return Catalog.load(PriceRules(ceiling=False))


def rates_of(provider: str, model: str, at: datetime | None = None) -> Rates | None:
    """None: the list does not know the model."""
    at = at or datetime.now(UTC)
    maker = "anthropic" if "claude" in model else "openai"
    for name in dict.fromkeys((provider, maker)):
        rates = _catalog().rates(name, model, at)
        if rates.priced_by == "catalog":
            return rates
    return None


def factors(model: str, provider: str = "", at: datetime | None = None) -> list[Factors]:
    """Of the lifetimes that its vendor offers; none: nothing is known of it."""
    rates = rates_of(provider, model, at)
    if rates is None:
        return []
    prices = rates.table(STANDARD).bands[-1].rates
    plain, read = prices[0], prices[1]
    if not plain:
        return []
    ttls = ("5m", "1h") if "claude" in model else ("30m", "12h")
    return [Factors(ttl, prices[_PLACES[ttl]] / plain, read / plain) for ttl in ttls]
