"""Costs are exact: integers that equal a Decimal computed the long way round."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.pricing import CLASSES, About, Band, Cost, Line, Rates, Table
from headgate.wire.model import STANDARD, Terms, Usage

COUNTED = (
    "input_fresh",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_30m",
    "cache_write_12h",
    "output",
)
counts = st.integers(0, 3_000_000)
usages = st.builds(Usage, **dict.fromkeys((*COUNTED, "web_searches"), counts))
atto = st.integers(0, 10**14)
seven = st.tuples(atto, atto, atto, atto, atto, atto, atto)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    starts = draw(st.lists(st.integers(0, 4_000_000), max_size=3, unique=True))
    bands = [Band(start, draw(seven)) for start in sorted(starts, reverse=True)]
    return Table((*bands, Band(-1, draw(seven))), draw(atto), draw(atto))


def rates_of(table: Table) -> Rates:
    return Rates(About("test 1", "catalog"), lambda terms: table)


def nano(atto_usd: Decimal) -> int:
    return int((atto_usd / 10**9).to_integral_value(ROUND_HALF_EVEN))


@given(tables(), usages)
def test_every_line_equals_a_decimal_computed_independently(table: Table, usage: Usage) -> None:
    held = [band for band in table.bands if band.above < usage.input_total]
    chosen = max(held, key=lambda band: band.above)
    by_class = {
        name: Decimal(getattr(usage, name)) * rate
        for name, rate in zip(COUNTED, chosen.rates, strict=True)
    }
    writes = sum((usd for name, usd in by_class.items() if "write" in name), Decimal(0))
    cost = rates_of(table).cost(usage)
    assert cost.input_nusd == nano(by_class["input_fresh"])
    assert cost.cache_read_nusd == nano(by_class["cache_read"])
    assert cost.cache_write_nusd == nano(writes)
    assert cost.output_nusd == nano(by_class["output"])
    searches = Decimal(usage.web_searches) * table.search + table.call
    assert cost.search_nusd == nano(searches)


@given(tables(), usages)
def test_the_total_is_the_sum_of_the_lines_and_no_line_is_negative(
    table: Table, usage: Usage
) -> None:
    cost = rates_of(table).cost(usage)
    lines = [getattr(cost, name) for name in Cost._fields]
    assert cost.total_nusd == sum(lines)
    assert min(lines) >= 0


@given(seven, st.integers(0, 10**6), usages, usages)
def test_cost_is_linear_in_usage_within_a_band(
    seven_nano: tuple[int, int, int, int, int, int, int], search: int, one: Usage, two: Usage
) -> None:
    """With whole nano-dollars per token nothing is rounded, so costs add up exactly."""
    f, r, a, b, c, d, o = (rate // 10**5 * 10**9 for rate in seven_nano)
    rates = rates_of(Table((Band(-1, (f, r, a, b, c, d, o)),), search * 10**9))
    both = Usage(
        **{name: getattr(one, name) + getattr(two, name) for name in (*COUNTED, "web_searches")}
    )
    sums = rates.cost(one).total_nusd + rates.cost(two).total_nusd
    assert rates.cost(both).total_nusd == sums


@given(usages, counts)
def test_reasoning_is_inside_output_and_never_charged_again(usage: Usage, part: int) -> None:
    rates = rates_of(Table((Band(-1, (1, 2, 3, 4, 5, 6, 7 * 10**9)),)))
    told = Usage(output=usage.output, reasoning_of_output=min(part, usage.output))
    assert rates.cost(told) == rates.cost(Usage(output=usage.output))


@pytest.mark.parametrize(("tokens", "nusd"), [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4)], ids=str)
def test_half_a_nano_dollar_goes_to_the_even_side(tokens: int, nusd: int) -> None:
    half = rates_of(Table((Band(-1, (5 * 10**8, 0, 0, 0, 0, 0, 0)),)))
    assert half.cost(Usage(input_fresh=tokens)).input_nusd == nusd


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_band_is_a_cliff_strictly_above_its_start_on_all_input(start: int, read: int) -> None:
    low, high = (10**9,) * 7, (5 * 10**9,) * 7
    rates = rates_of(Table((Band(start, high), Band(-1, low))))
    read = min(read, start)
    at_start = Usage(input_fresh=start - read, cache_read=read, output=10)
    above = Usage(input_fresh=start - read + 1, cache_read=read, output=10)
    assert rates.cost(at_start).total_nusd == start + 10
    assert rates.cost(above).total_nusd == 5 * (start + 1 + 10)


def test_terms_are_compiled_once_and_those_without_a_price_are_named() -> None:
    asked: list[Terms] = []

    def build(terms: Terms) -> Table:
        asked.append(terms)
        ignored = ("tier scale",) if terms.tier == "scale" else ()
        return Table((Band(-1, (10**9,) * 7),), ignored=ignored)

    rates = Rates(About("test 1", "catalog"), build)
    for _ in range(3):
        rates.cost(Usage(), STANDARD)
        rates.cost(Usage(), Terms(tier="scale"))
    assert asked == [STANDARD, Terms(tier="scale")]
    assert rates.unpriced(Terms(tier="scale")) == ("tier scale",)
    assert rates.unpriced(STANDARD) == ()


def test_words_an_upstream_makes_up_do_not_fill_the_memory() -> None:
    rates = rates_of(Table((Band(-1, (0,) * 7),)))
    for number in range(1000):
        rates.cost(Usage(), Terms(tier=f"tier-{number}"))
    assert len(rates._tables) <= 64


def test_lines_show_dollars_per_million_the_lowest_band_first() -> None:
    low = tuple(10**12 * n // 10 for n in range(1, 8))
    high = tuple(5 * rate for rate in low)
    table = Table((Band(100, high), Band(-1, low)), 10**16, 5 * 10**15)  # type: ignore[arg-type] # seven rates each
    lines = rates_of(table).lines()
    assert lines[0] == Line("input", -1, Decimal("0.1"))
    assert [line.name for line in lines] == [*CLASSES, *CLASSES, "search", "call"]
    assert lines[7] == Line("input", 100, Decimal("0.5"))
    assert lines[-2:] == (Line("search", -1, Decimal(10)), Line("call", -1, Decimal(5)))
