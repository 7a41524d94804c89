"""Tells cents from dollars: by what the same tokens cost at list prices.

Rule 1: it refuses, and never converts: the one who imports says what the column holds.
Rule 2: a factor is believed when most of many rows have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from statistics import median

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Reading, Refused
from headgate.ledger.importers.reading.items import Cells, drafts
from headgate.ledger.importers.reading.source import Source
from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Rates
from headgate.wire.model import Terms, Usage

LEAST_ROWS = 10
LOOKED_AT = 1_000
MOST_OF = 0.8
WITHIN = 3.0
"""discounts, and prices that changed, lie within such a factor of the list price"""

_FACTORS = (
    (100.0, "cents", "100 times"),
    (1_000_000.0, "microdollars", "a million times"),
    (0.01, "", "a hundredth of"),
)

Opened = tuple[Source, Callable[[Cells], Draft]]


def check_first(reading: Reading, opened: Callable[[Reading], Opened], column: str) -> None:
    """The same of a file's first rows, which are read aside and counted nowhere; not where
    whoever imports has said what the column holds."""
    if not reading.options.money:
        check_money(_first(reading, opened), column)


def _first(reading: Reading, opened: Callable[[Reading], Opened]) -> Iterator[Draft]:
    aside = Reading(reading.path, reading.options)
    source, draft = opened(aside)
    for batch in drafts(aside, islice(source.items, LOOKED_AT), draft):
        yield from batch


def check_money(drafts: Iterable[Draft], column: str) -> None:
    """Refused: the stated costs are by some round factor not what the tokens cost."""
    ratios = [ratio for draft in drafts if (ratio := _ratio(draft)) > 0]
    if len(ratios) < LEAST_ROWS:
        return
    middle = median(ratios)
    for factor, unit, words in _FACTORS:
        near = sum(factor / WITHIN < ratio < factor * WITHIN for ratio in ratios)
        if factor / WITHIN < middle < factor * WITHIN and near >= MOST_OF * len(ratios):
            raise Refused(
                f"its {column} is about {words} what these tokens cost at list prices"
                f" (median {middle:,.3g} times, {near:,} of {len(ratios):,} rows compared)",
                f"if it holds {unit}, say --money {unit}; if it holds dollars, --money dollars"
                if unit
                else "if it holds dollars all the same, say --money dollars; else leave the"
                " column out, and the tokens are priced",
            )


def _ratio(draft: Draft) -> float:
    """Of the stated cost to that at list prices; 0: it cannot be told."""
    if not draft.stated_nusd:
        return 0.0
    rates = _rates(draft.provider, draft.model, draft.at_us // 86_400_000_000)
    if rates.priced_by == "ceiling":
        return 0.0
    used = {name: getattr(draft, name) for name in Usage._fields if hasattr(draft, name)}
    cost = rates.cost(Usage(**used), Terms(draft.tier, draft.speed, draft.geo))
    return draft.stated_nusd / cost.total_nusd if cost.total_nusd else 0.0


@lru_cache(maxsize=1)
def _catalog() -> Catalog:
    return Catalog.load(PriceRules())


@lru_cache(maxsize=4_096)
def _rates(provider: str, model: str, day: int) -> Rates:
    return _catalog().rates(provider, model, datetime.fromtimestamp(day * 86_400, UTC))
