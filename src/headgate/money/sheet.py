"""One model's price sheet at one moment, and its compilation into rates for given terms.

Rule 1: a price the provider lists for certain terms is used as listed; where it lists none, the
documented multiplier of the model's family applies; where there is none, the standard price.
Rule 2: terms stack: half for batch times 1.1 for one region is 0.55.
Rule 3: what is not listed is never free: cache reads, cache writes and output fall back to the
input price (Claude's writes to 1.25 and 2 times it), a web search to one cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from headgate.money.pricing import ATTO_PER_USD_MTOK, Band, Table
from headgate.wire.model import Terms

Steps = tuple[tuple[int, Fraction], ...]
"""A price by total input: ((-1, base), (start, price above it), …), ascending."""
Prices = Mapping[str, Steps]
"""catalogue key, such as input_mtok -> dollars per million tokens or per 1,000 uses"""

ATTO_PER_USD_KCOUNT = 10**15
SEARCH_KCOUNT: Steps = ((-1, Fraction(10)),)
"""both vendors: $10 per 1,000 searches (pricing pages, as of 2026-11-20)"""

CLAUDE, OPENAI, UNKNOWN = "claude", "openai", "unknown"
PER_USE = ("web_searches_kcount", "requests_kcount")
"""charged per use: no terms change it (Anthropic's batch page, checked 2026-10-14)"""


@dataclass(frozen=True, slots=True)
class Variant:
    """Prices a provider lists for certain terms."""

    when: tuple[tuple[str, str], ...]
    prices: Prices


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is listed for one model at one moment."""

    prices: Prices
    """standard, with the operator's own in place"""
    listed: Prices
    """standard, as the provider lists them"""
    variants: tuple[Variant, ...]
    family: str
    """claude, openai, unknown (priced at the ceiling) or empty: whose rules hold"""


@dataclass(frozen=True, slots=True)
class Modifier:
    """One of the terms: how variants name it, and what it multiplies prices by."""

    when: tuple[tuple[str, str], ...]
    factors: Mapping[str, Fraction]


BATCH = Modifier((("processing", "batch"),), {CLAUDE: Fraction(1, 2), OPENAI: Fraction(1, 2)})
FLEX = Modifier((("service_tier", "flex"),), {OPENAI: Fraction(1, 2)})
PRIORITY = Modifier(
    (("service_tier", "priority"),), {OPENAI: Fraction(2), UNKNOWN: Fraction(2)}
)
FAST = Modifier(
    (("speed", "fast"), ("service_tier", "fast")),
    {CLAUDE: Fraction(2), OPENAI: Fraction(2), UNKNOWN: Fraction(2)},
)
US = Modifier((), {CLAUDE: Fraction(11, 10), UNKNOWN: Fraction(11, 10)})
# Discounts are absent from UNKNOWN on purpose: a ceiling that can be halved is none.
# Anthropic's priority tier is absent because its price is a contract's.

MODIFIERS: Mapping[tuple[str, str], Modifier | None] = {
    ("tier", ""): None,
    ("tier", "auto"): None,
    ("tier", "default"): None,
    ("tier", "standard"): None,
    ("tier", "batch"): BATCH,
    ("tier", "flex"): FLEX,
    ("tier", "priority"): PRIORITY,
    ("tier", "fast"): FAST,
    ("speed", ""): None,
    ("speed", "standard"): None,
    ("speed", "fast"): FAST,
    ("geo", ""): None,
    ("geo", "global"): None,
    ("geo", "not_available"): None,
    ("geo", "us"): US,
}


def compile_table(sheet: Sheet, terms: Terms) -> Table:
    """The sheet's rates on these terms."""
    prices = dict(sheet.prices)
    ignored: list[str] = []
    done: list[Modifier] = []
    for word in (("tier", terms.tier), ("speed", terms.speed), ("geo", terms.geo)):
        modifier = MODIFIERS.get(word)
        if (modifier is None and word in MODIFIERS) or modifier in done:
            continue
        if modifier is None or not _apply(modifier, sheet, prices):
            ignored.append(" ".join(word))
        else:
            done.append(modifier)
    classes = _classes(sheet, prices)
    per_call = prices.get("requests_kcount")
    # Where every call is charged for its search, a search is not charged again.
    search = prices.get(
        "web_searches_kcount", ((-1, Fraction(0)),) if per_call else SEARCH_KCOUNT
    )
    return Table(
        _bands(classes),
        _atto(at(search, -1), ATTO_PER_USD_KCOUNT),
        _atto(at(per_call, -1), ATTO_PER_USD_KCOUNT) if per_call else 0,
        tuple(ignored),
    )


def at(steps: Steps, total: int) -> Fraction:
    """The price that holds just above this much total input."""
    return next(price for start, price in reversed(steps) if start <= total)


def flat(usd: Fraction) -> Steps:
    """A price that is the same at any length."""
    return ((-1, usd),)


def fraction(usd: Decimal) -> Fraction:
    """The same number, ready for exact multiplication."""
    return Fraction(*usd.as_integer_ratio())


def _apply(modifier: Modifier, sheet: Sheet, prices: dict[str, Steps]) -> bool:
    variant = _listed_for(modifier, sheet)
    factor = modifier.factors.get(sheet.family)
    if variant is not None:
        for key, price in variant.items():
            prices[key] = _varied(prices.get(key), sheet.listed.get(key), price)
    elif factor is not None:
        for key in prices.keys() - set(PER_USE):
            prices[key] = tuple((start, price * factor) for start, price in prices[key])
    return variant is not None or factor is not None


def _listed_for(modifier: Modifier, sheet: Sheet) -> dict[str, Steps] | None:
    """What the provider lists for a modifier: for each key, the first row that has it.

    A row without keys says that the standard price holds; no row at all is None.
    """
    rows = [
        variant.prices
        for variant in sheet.variants
        if all(pair in modifier.when for pair in variant.when)
    ]
    return (
        {key: usd for prices in reversed(rows) for key, usd in prices.items()} if rows else None
    )


def _varied(price: Steps | None, listed: Steps | None, variant: Steps) -> Steps:
    """The variant's price; a price of the operator's, or one modified before, by its ratio."""
    if price is None or listed is None or price == listed:
        return variant
    return _join(
        (price, listed, variant),
        lambda own, standard, varied: own * varied / standard if standard else own,
    )


def _classes(sheet: Sheet, prices: Prices) -> tuple[Steps, ...]:
    """The seven token classes, in the order of pricing.CLASSES."""
    premium = sheet.family in (CLAUDE, UNKNOWN)
    fresh = prices["input_mtok"]
    write = prices.get("cache_write_mtok") or (_times(fresh, "1.25") if premium else fresh)
    hour = prices.get("cache_write_1h_mtok") or (_times(fresh, "2") if premium else write)
    return (
        fresh,
        prices.get("cache_read_mtok", fresh),
        prices.get("cache_write_5m_mtok", write),
        hour,
        prices.get("cache_write_30m_mtok", write),
        prices.get("cache_write_12h_mtok", write),
        prices.get("output_mtok", fresh),
    )


def _bands(classes: tuple[Steps, ...]) -> tuple[Band, ...]:
    starts = sorted({start for steps in classes for start, _ in steps}, reverse=True)
    bands = []
    for start in starts:
        fresh, read, w5m, w1h, w30m, w12h, output = (
            _atto(at(steps, start), ATTO_PER_USD_MTOK) for steps in classes
        )
        bands.append(Band(start, (fresh, read, w5m, w1h, w30m, w12h, output)))
    return tuple(bands)


def _times(steps: Steps, factor: str) -> Steps:
    return tuple((start, price * Fraction(factor)) for start, price in steps)


def _join(many: tuple[Steps, ...], combine: Callable[..., Fraction]) -> Steps:
    starts = sorted({start for steps in many for start, _ in steps})
    return tuple((start, combine(*(at(steps, start) for steps in many))) for start in starts)


def _atto(usd: Fraction, unit: int) -> int:
    # Exact for a price of up to ten decimals; a longer one is a float's residue in the data.
    return round(usd * unit)
