"""Usage x Rates x Terms -> Cost: what one reply cost, line by line, in integer nano-dollars.

Rule 1: a rate is an integer number of atto-dollars per token, so every discount and surcharge
of a listed price is exact; each line is rounded once, half to even, to nano-dollars.
Rule 2: a band is a cliff: when a request's total input, cache included, is above its start,
every token of the request is charged at the band's rates.
Rule 3: terms nobody knows a price for are charged as standard, and named by `unpriced`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from headgate.wire.model import STANDARD, Terms, Usage

ATTO_PER_NANO = 10**9
HALF = ATTO_PER_NANO // 2
ATTO_PER_USD_MTOK = 10**12
"""one dollar per million tokens, as a rate"""

KEPT_TABLES = 64

CLASSES = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_30m",
    "cache_write_12h",
    "output",
)
"""the token classes that have a rate, in the order of a Band's rates"""


class Cost(NamedTuple):
    """What one reply cost, in nano-dollars."""

    input_nusd: int
    cache_read_nusd: int
    cache_write_nusd: int
    output_nusd: int
    search_nusd: int

    @property
    def total_nusd(self) -> int:
        return sum(self)


class Band(NamedTuple):
    """The rates of requests whose total input is above `above` tokens."""

    above: int
    """-1: the lowest band, which holds every request"""
    rates: tuple[int, int, int, int, int, int, int]
    """atto-dollars per token, in the order of CLASSES"""


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that is charged on certain terms."""

    bands: tuple[Band, ...]
    """from the highest start to the lowest; never empty"""
    search: int = 0
    """atto-dollars per web search"""
    call: int = 0
    """atto-dollars per call, where a provider charges one; part of the search line"""
    ignored: tuple[str, ...] = ()
    """terms that were asked for and have no known price, such as "tier scale" """

    def rates(self, total_input: int) -> Sequence[int]:
        """Those of a request with so much input."""
        for above, rates in self.bands:  # noqa: B007 - the lowest band holds every request
            if total_input > above:
                break
        return rates


@dataclass(frozen=True, slots=True)
class Line:
    """One price as a person reads it."""

    name: str
    """a token class, search (per 1,000) or call (per 1,000)"""
    above: int
    """applies to requests with more total input than this; -1: to every request"""
    usd: Decimal
    """dollars per million tokens, or per 1,000 searches or calls"""


@dataclass(frozen=True, slots=True)
class About:
    """Where rates come from, and what else is known of the model."""

    version: str
    """the catalogue and its version, override, ceiling or free"""
    priced_by: str
    """catalog, override, ceiling or free"""
    context_window: int | None = None
    max_output: int | None = None
    cache_minimum: int | None = None
    """a shorter prefix, in tokens, is silently not cached"""


class Rates:
    """The prices of one model at one provider at one time, compiled to integers."""

    __slots__ = (
        "_build",
        "_standard",
        "_tables",
        "cache_minimum",
        "context_window",
        "max_output",
        "priced_by",
        "version",
    )

    def __init__(self, about: About, build: Callable[[Terms], Table]) -> None:
        self.version = about.version
        self.priced_by = about.priced_by
        self.context_window = about.context_window
        self.max_output = about.max_output
        self.cache_minimum = about.cache_minimum
        self._build = build
        self._standard = build(STANDARD)
        self._tables: dict[tuple[str, str, str], Table] = {}

    def cost(self, usage: Usage, terms: Terms = STANDARD) -> Cost:
        """What this usage costs on these terms."""
        table = self._standard if terms is STANDARD else self.table(terms)
        rates = table.rates(usage.input_total)
        fresh, read, write_5m, write_1h, write_30m, write_12h, output = rates
        searches = usage.web_searches * table.search + table.call
        return Cost(
            _nano(usage.input_fresh * fresh),
            _nano(usage.cache_read * read),
            _nano(
                usage.cache_write_5m * write_5m
                + usage.cache_write_1h * write_1h
                + usage.cache_write_30m * write_30m
                + usage.cache_write_12h * write_12h
            ),
            _nano(usage.output * output),
            _nano(searches),
        )

    def uncached_nusd(self, total_input: int, terms: Terms = STANDARD) -> int:
        """What so much input costs where no cache has a part in it."""
        table = self._standard if terms is STANDARD else self.table(terms)
        return _nano(total_input * table.rates(total_input)[0])

    def unpriced(self, terms: Terms) -> tuple[str, ...]:
        """The terms, such as "tier scale", that have no price and are charged as standard."""
        return self.table(terms).ignored

    def lines(self, terms: Terms = STANDARD) -> tuple[Line, ...]:
        """Every price on these terms, the lowest band first, for a person to read."""
        table = self.table(terms)
        lines = [
            Line(name, band.above, _usd(rate, ATTO_PER_USD_MTOK))
            for band in reversed(table.bands)
            for name, rate in zip(CLASSES, band.rates, strict=True)
        ]
        lines.append(Line("search", -1, _usd(table.search, 10**15)))
        if table.call:
            lines.append(Line("call", -1, _usd(table.call, 10**15)))
        return tuple(lines)

    def table(self, terms: Terms) -> Table:
        """All prices on these terms, as integers."""
        key = (terms.tier, terms.speed, terms.geo)
        table = self._tables.get(key)
        if table is None:
            table = self._build(terms)
            # What a reply calls its terms is the upstream's text: the bound keeps anybody
            # from filling the memory with new words.
            if len(self._tables) < KEPT_TABLES:
                self._tables[key] = table
        return table


def _nano(atto: int) -> int:
    if not atto:
        return 0
    nano, rest = divmod(atto, ATTO_PER_NANO)
    if rest > HALF or (rest == HALF and nano & 1):
        nano += 1
    return nano


def _usd(rate: int, unit: int) -> Decimal:
    usd = Decimal(rate) / unit
    return usd.quantize(Decimal(1)) if usd == usd.to_integral() else usd.normalize()
