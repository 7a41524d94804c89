"""Prices staged drafts by the prices of their day, in SQL, to the same nano-dollar as the
gateway prices a reply.

Rule 1: prices are asked once per model, terms and half hour, and laid down as spans of time
with whole numbers; no row passes through Python.
Rule 2: a long prompt's prices are chosen by one call's input: where a row stands for several
calls, by their average, and by no less than what each of them had.
Rule 3: a row without tokens, and one of a model that nobody lists a price for, costs what its
source states, if it states anything: all of it in the line of what is not charged by tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from headgate.ledger.book.duck import Duck
from headgate.money.catalog import Catalog
from headgate.money.pricing import ATTO_PER_NANO, HALF, Rates
from headgate.wire.model import Terms

SLOT_US = 1_800_000_000
"""no price changes more often than that"""

RATES = ("fresh", "read", "w5m", "w1h", "w30m", "w12h", "output")
_PRICE = f"""
CREATE OR REPLACE TABLE price (
  provider VARCHAR, model VARCHAR, tier VARCHAR, speed VARCHAR, geo VARCHAR,
  first BIGINT, last BIGINT, version VARCHAR, priced_by VARCHAR, above BIGINT, upto BIGINT,
  {", ".join(f"r_{name} HUGEINT" for name in RATES)}, r_search HUGEINT, r_call HUGEINT)
"""
_TOP = 2**62
_BATCH = 500

_NANO = (
    f"CREATE OR REPLACE MACRO nano(a) AS CAST(a // {ATTO_PER_NANO} + CASE"
    f" WHEN a % {ATTO_PER_NANO} > {HALF} OR (a % {ATTO_PER_NANO} = {HALF}"
    f" AND (a // {ATTO_PER_NANO}) % 2 = 1) THEN 1 ELSE 0 END AS BIGINT)"
)
_INPUTS = (
    "(d.input_fresh + d.cache_read + d.cache_write_5m + d.cache_write_1h + d.cache_write_30m"
    " + d.cache_write_12h)"
)
_EACH = (
    f"CASE WHEN d.calls = 1 AND d.span_us = 0 THEN {_INPUTS} WHEN d.calls > 0"
    f" THEN greatest(d.each_input, {_INPUTS} // d.calls) ELSE d.each_input END"
)
_COSTS = """
  nano(d.input_fresh * p.r_fresh) AS input_nusd,
  nano(d.cache_read * p.r_read) AS cache_read_nusd,
  nano(d.cache_write_5m * p.r_w5m + d.cache_write_1h * p.r_w1h + d.cache_write_30m * p.r_w30m
    + d.cache_write_12h * p.r_w12h) AS cache_write_nusd,
  nano(d.output * p.r_output) AS output_nusd,
  nano(d.web_searches * p.r_search + greatest(d.calls, 1) * p.r_call) AS search_nusd,
"""

STATED = "stated"
"""what a row is priced by that costs what its source says"""
VERSION = "the source"

_BY_SOURCE = (
    f"(d.stated_nusd > 0 AND ({_INPUTS} + d.output + d.web_searches = 0"
    " OR p.priced_by IN ('ceiling', 'none')))"
)
_NOT_BY_TOKENS = ", ".join(
    f"CASE WHEN by_source THEN {instead} ELSE {name} END AS {name}"
    for name, instead in (
        *((f"{line}_nusd", "0") for line in ("input", "cache_read", "cache_write", "output")),
        ("search_nusd", "stated_nusd"),
        ("uncached_nusd", "0"),
        ("price_version", f"'{VERSION}'"),
        ("priced_by", f"'{STATED}'"),
    )
)


class Asked(NamedTuple):
    """What prices are asked for."""

    provider: str
    model: str
    tier: str
    speed: str
    geo: str
    slot: int


class Span(NamedTuple):
    """The same rates, from one half hour to another."""

    asked: Asked
    last: int
    rates: Rates


def price(duck: Duck, staged: str, target: str, catalog: Catalog) -> None:
    """Make a table of all staged rows with what each of them cost."""
    rows = duck.execute(
        "SELECT DISTINCT provider, model, tier, speed, geo,"  # noqa: S608 - our own names
        f" at_us // {SLOT_US} FROM {staged} ORDER BY ALL"
    ).fetchall()
    duck.execute(_NANO)
    duck.execute(_PRICE)
    lines = [line for span in spans(map(Asked._make, rows), catalog) for line in _lines(span)]
    for first in range(0, len(lines), _BATCH):
        batch = lines[first : first + _BATCH]
        marks = ", ".join(["(" + ", ".join("?" * len(batch[0])) + ")"] * len(batch))
        values = [value for line in batch for value in line]
        duck.execute(f"INSERT INTO price VALUES {marks}", values).fetchall()  # noqa: S608 - marks
    duck.execute(
        f"CREATE OR REPLACE TABLE {target} AS SELECT * EXCLUDE (by_source)"  # noqa: S608 - our own names
        f" REPLACE ({_NOT_BY_TOKENS}) FROM (SELECT d.*, {_BY_SOURCE} AS by_source, {_COSTS}"
        f" nano({_INPUTS} * p.r_fresh) AS uncached_nusd, p.version AS price_version,"
        f" p.priced_by FROM {staged} d JOIN price p ON d.provider = p.provider"
        " AND d.model = p.model AND d.tier = p.tier AND d.speed = p.speed AND d.geo = p.geo"
        f" AND d.at_us // {SLOT_US} BETWEEN p.first AND p.last"
        f" AND {_EACH} > p.above AND {_EACH} <= p.upto)"
    )


def spans(asked: Iterable[Asked], catalog: Catalog) -> Iterator[Span]:
    """The rates of each model and its terms, in spans of time; asked for in order."""
    open_span: Span | None = None
    for it in asked:
        at = datetime.fromtimestamp(it.slot * SLOT_US / 1e6, UTC)
        rates = catalog.rates(it.provider, it.model, at)
        if open_span is not None:
            same = open_span.asked[:5] == it[:5] and open_span.rates is rates
            if same:
                open_span = open_span._replace(last=it.slot)
                continue
            yield open_span
        open_span = Span(it, it.slot, rates)
    if open_span is not None:
        yield open_span


def _lines(span: Span) -> Iterator[list[Any]]:
    """One line for each band of prompt lengths."""
    asked, rates = span.asked, span.rates
    table = rates.table(Terms(asked.tier, asked.speed, asked.geo))
    upto = _TOP
    for band in table.bands:
        yield [
            *(*asked, span.last, rates.version, rates.priced_by, band.above, upto),
            *(*band.rates, table.search, table.call),
        ]
        upto = band.above
