"""No call costs more than it was quoted at the worst: held over the whole catalogue."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Cost, Rates
from headgate.policy.demand import NOT_SAID, Demand, read
from headgate.policy.quote import (
    LEAST_OUTPUT,
    MODELS_KEPT,
    NOTHING,
    PROBABLE_OUTPUT,
    UNKNOWN_OUTPUT,
    UNKNOWN_WINDOW,
    Learned,
    Quote,
    Tariff,
    answer_bound,
    bounded,
    dearest,
    floor,
    input_bound,
    lowered,
    output_bound,
    quote,
)
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope
from headgate.wire.model import STANDARD, Terms, Usage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TERMS = [
    Terms(tier, speed, geo)
    for tier in ("", "batch", "flex", "priority", "fast", "scale")
    for speed in ("", "fast")
    for geo in ("", "us")
]


@cache
def catalog() -> Catalog:
    return Catalog.load(PriceRules())


@cache
def targets() -> list[tuple[str, str]]:
    return [(p, m) for p in catalog().providers for m in catalog().models(p)]


def rates(provider: str, model: str) -> Rates:
    return catalog().rates(provider, model, NOW)


def haiku(**more: bool) -> Tariff:
    return Tariff("anthropic:claude-haiku-5-5", rates("anthropic", "claude-haiku-5-5"), **more)


PRICES = st.one_of(
    st.integers(0, 10**9).map(lambda at: rates(*targets()[at % len(targets())])),
    st.just("nobody-knows").map(lambda model: rates("", model)),
)
DEMANDS = st.builds(
    Demand,
    st.sampled_from(["messages", "chat", "responses", "embeddings"]),
    st.integers(2, 3_000_000),
    st.integers(0, 60_000),
    st.integers(NOT_SAID, 200_000),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 20),
    st.integers(0, 5_000),
    st.sampled_from(TERMS),
)


@st.composite
def parts(draw: st.DrawFn, total: int, count: int) -> list[int]:
    """The total, cut anywhere; often all of it is of one kind."""
    if draw(st.booleans()):
        at = draw(st.integers(0, count - 1))
        return [total if number == at else 0 for number in range(count)]
    cuts = sorted(draw(st.lists(st.integers(0, total), min_size=count - 1, max_size=count - 1)))
    return [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]


@st.composite
def usages(draw: st.DrawFn, demand: Demand, quoted: Quote, writes_unasked: bool) -> Usage:
    """Anything that the call may turn out to have used."""
    most = draw(st.one_of(st.just(quoted.input_most), st.integers(0, quoted.input_most)))
    fresh, read, w5m, w1h, w30m, w12h = draw(parts(most, 6))
    marked = demand.marked or demand.for_hour
    if not demand.for_hour:
        fresh, w1h = fresh + w1h, 0
    if not (writes_unasked or marked):
        fresh, w5m, w30m, w12h = fresh + w5m + w30m + w12h, 0, 0, 0
    output = draw(st.one_of(st.just(quoted.output_most), st.integers(0, quoted.output_most)))
    searches = draw(st.integers(0, quoted.searches_most))
    return Usage(fresh, read, w5m, w1h, w30m, w12h, output, 0, searches)


@given(st.data())
def test_no_usage_within_a_quote_costs_more_than_its_worst(data: st.DataObject) -> None:
    prices, demand = data.draw(PRICES), data.draw(DEMANDS)
    writes_unasked = data.draw(st.booleans())
    tariff = Tariff("p:m", prices, writes_unasked=writes_unasked)
    quoted = quote(demand, tariff, Learned())
    usage = data.draw(usages(demand, quoted, writes_unasked))
    for terms in (demand.terms, STANDARD):
        assert prices.cost(usage, terms).total_nusd <= quoted.worst_nusd
    assert quoted.probable_nusd <= quoted.worst_nusd
    assert quoted.input_probable <= quoted.input_most
    assert quoted.output_probable <= quoted.output_most


@pytest.mark.slow
def test_every_target_of_the_catalogue_is_bounded_in_every_band_and_class() -> None:
    """Without chance: each price list, each terms, each class alone, at each band's edges."""
    for provider, model in targets():
        prices = rates(provider, model)
        tariff = Tariff("p:m", prices)
        for terms in TERMS[::5]:
            edges = {band.above + more for band in prices.table(terms).bands for more in (1, 2)}
            for size in sorted(edges | {1_000_000}):
                demand = Demand("embeddings", size, 0, 0, terms=terms, for_hour=True)
                worst = quote(demand, tariff, Learned()).worst_nusd
                for place in range(6):
                    usage = Usage(*(size if at == place else 0 for at in range(6)))
                    assert prices.cost(usage, terms).total_nusd <= worst, (provider, model)


@given(st.data())
def test_a_lowered_bound_is_the_largest_that_fits(data: st.DataObject) -> None:
    prices, demand = data.draw(PRICES), data.draw(DEMANDS)
    assume(demand.surface != "embeddings")
    tariff = Tariff("p:m", prices)
    worst = quote(demand, tariff, Learned()).worst_nusd
    left = data.draw(st.one_of(st.integers(0, 2 * worst + 10), st.just(worst)))
    found = lowered(left, demand, tariff, LEAST_OUTPUT)

    def costs(output: int) -> int:
        return quote(demand._replace(output=output), tariff, Learned()).worst_nusd

    asked = answer_bound(demand, tariff)
    if found is None:
        assert costs(min(asked, LEAST_OUTPUT)) > left
    else:
        assert min(asked, LEAST_OUTPUT) <= found <= asked
        assert costs(found) <= left
        assert found == asked or costs(found + 1) > left


def test_a_lowered_bound_never_rises_above_what_was_asked_for() -> None:
    demand = Demand("messages", 1000, 256, 100)
    assert lowered(10**15, demand, haiku(), LEAST_OUTPUT) == 100


def test_thinking_keeps_its_room_when_a_bound_is_lowered() -> None:
    def of(thinking: object) -> int:
        return floor(Envelope(json.dumps({"thinking": thinking}).encode()))

    assert of({"type": "enabled", "budget_tokens": 4000}) == LEAST_OUTPUT + 4000
    assert of({"type": "adaptive"}) == of(None) == of("odd") == LEAST_OUTPUT
    assert floor(Envelope(b"{}")) == LEAST_OUTPUT


@pytest.mark.parametrize(
    ("surface", "before", "field", "after"),
    [
        ("messages", b'{"max_tokens" : 9000, "x":1}', "", b'{"max_tokens" : 2048, "x":1}'),
        ("chat", b'{"x": 1 }', "max_tokens", b'{"x": 1 ,"max_tokens":2048}'),
        ("chat", b'{"x":1}', "", b'{"x":1,"max_completion_tokens":2048}'),
        ("chat", b'{"max_tokens":1,"a":0}', "", b'{"max_tokens":2048,"a":0}'),
        (
            "chat",
            b'{"max_tokens":1,"max_completion_tokens":1}',
            "",
            b'{"max_tokens":2048,"max_completion_tokens":2048}',
        ),
        (
            "chat",
            b'{"max_completion_tokens":1}',
            "max_tokens",
            b'{"max_completion_tokens":2048,"max_tokens":2048}',
        ),
        ("chat", b'{"max_tokens":1}', "max_completion_tokens", b'{"max_tokens":2048}'),
        ("responses", b'{"x":1}', "max_tokens", b'{"x":1,"max_output_tokens":2048}'),
    ],
)
def test_only_the_bound_on_output_changes_in_the_body(
    surface: str, before: bytes, field: str, after: bytes
) -> None:
    found = bounded(SURFACES[surface], Envelope(before), 2048, field)
    assert found.body == after
    assert read(SURFACES[surface], found).output == 2048


def test_input_is_bounded_by_the_bytes_or_by_the_window() -> None:
    tariff = haiku()
    assert input_bound(Demand("messages", 1000, 256, 9), tariff) == 1256
    assert input_bound(Demand("messages", 5_000_000, 256, 9), tariff) == 1_000_000
    assert input_bound(Demand("messages", 1000, 0, 9, elsewhere=True), tariff) == 1_000_000
    unknown = Tariff("p:m", rates("", "nobody-knows"))
    assert input_bound(Demand("chat", 10, 0, 9, elsewhere=True), unknown) == UNKNOWN_WINDOW
    assert input_bound(Demand("chat", 10**7, 0, 9, elsewhere=True), unknown) == 10**7


def test_texts_to_embed_are_not_bounded_by_the_window_of_one() -> None:
    prices = rates("openai", "text-embedding-3-small")
    tariff = Tariff("openai:text-embedding-3-small", prices)
    assert prices.context_window == 8192
    assert input_bound(Demand("embeddings", 500_000, 256, 0), tariff) == 500_256


def test_output_is_bounded_by_the_caller_or_the_model() -> None:
    tariff = haiku()
    assert output_bound(Demand("messages", 9, 0, 50), tariff) == 50
    assert output_bound(Demand("messages", 9, 0, NOT_SAID), tariff) == 128_000
    assert output_bound(Demand("messages", 9, 0, 10**9), tariff) == 128_000
    assert output_bound(Demand("chat", 9, 0, 50, choices=3, predicted=7), tariff) == 157
    assert output_bound(Demand("messages", 9, 0, 0), tariff) == 0
    unknown = Tariff("p:m", rates("", "nobody-knows"))
    assert output_bound(Demand("chat", 9, 0, NOT_SAID), unknown) == UNKNOWN_OUTPUT


def test_a_bound_that_the_server_does_not_read_is_none() -> None:
    older = Tariff("p:m", rates("anthropic", "claude-haiku-5-5"), reads_older=True)
    assert output_bound(Demand("chat", 9, 0, 50), older) == 128_000
    assert output_bound(Demand("chat", 9, 0, 50, older=70), older) == 70
    assert output_bound(Demand("chat", 9, 0, 50, older=70), haiku()) == 50
    assert output_bound(Demand("messages", 9, 0, 50), older) == 50


def test_counting_tokens_costs_nothing() -> None:
    assert quote(Demand("count_tokens", 10**6, 256, 0), haiku(), Learned()) == NOTHING


def test_cache_writes_are_reckoned_with_where_they_can_happen() -> None:
    def worst(tariff: Tariff, marked: bool = False, for_hour: bool = False) -> int:
        demand = Demand("messages", 10_000, 0, 0, marked=marked, for_hour=for_hour)
        return quote(demand, tariff, Learned()).worst_nusd

    plain = worst(haiku(writes_unasked=False))
    assert plain == 1_000_003
    assert worst(haiku(writes_unasked=True)) == 1_250_003
    assert worst(haiku(writes_unasked=False), marked=True) == 1_250_003
    assert worst(haiku(writes_unasked=False), marked=True, for_hour=True) == 2_000_003


def test_a_long_context_is_quoted_at_its_own_prices() -> None:
    def worst(size: int) -> int:
        tariff = haiku(writes_unasked=False)
        return quote(Demand("messages", size, 0, 0), tariff, Learned()).worst_nusd

    assert worst(100_000) == 10_000_003
    assert worst(100_001) > 49_000_000


def test_the_probable_is_learned_from_what_calls_cost() -> None:
    learned, tariff = Learned(), haiku(writes_unasked=False)
    demand = Demand("messages", 40_000, 0, 8000)
    before = quote(demand, tariff, learned)
    assert before.output_probable == PROBABLE_OUTPUT
    for _ in range(200):
        usage = Usage(input_fresh=1000, cache_read=9000, output=200)
        learned.learn(tariff, demand, usage, tariff.rates.cost(usage))
    after = quote(demand, tariff, learned)
    assert after.output_probable == 200
    assert abs(after.input_probable - 10_000) <= 1
    assert before.input_counted == before.input_probable
    assert abs(after.input_counted - 1_000) <= 1
    paid = tariff.rates.cost(Usage(input_fresh=1000, cache_read=9000, output=200)).total_nusd
    assert abs(after.probable_nusd - paid) < paid // 100


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**12)),
        max_size=20,
    )
)
def test_nothing_that_was_learned_makes_the_probable_exceed_the_worst(
    calls: list[tuple[int, int, int]],
) -> None:
    learned, tariff = Learned(), haiku()
    demand = Demand("messages", 1000, 0, 100)
    for total, output, cost in calls:
        usage = Usage(input_fresh=total, output=output)
        learned.learn(tariff, demand, usage, Cost(cost, 0, 0, 0, 0))
    quoted = quote(demand, tariff, learned)
    assert 0 <= quoted.probable_nusd <= quoted.worst_nusd
    assert 0 <= quoted.input_counted <= quoted.input_probable


def test_a_bounded_number_of_targets_is_remembered() -> None:
    learned, prices = Learned(), rates("anthropic", "claude-haiku-5-5")
    demand, usage = Demand("messages", 100, 0, 100), Usage(input_fresh=10, output=7)
    for number in range(MODELS_KEPT + 1):
        learned.learn(Tariff(f"p:{number}", prices), demand, usage, prices.cost(usage))
    kept = quote(demand, Tariff("p:0", prices), learned)
    late = quote(demand, Tariff(f"p:{MODELS_KEPT}", prices), learned)
    assert (kept.output_probable, late.output_probable) == (7, 100)


def test_a_target_without_a_price_says_so() -> None:
    none = Catalog.load(PriceRules(ceiling=False)).rates("", "nobody-knows", NOW)
    assert not Tariff("p:m", none).is_priced
    assert haiku().is_priced
    assert Tariff("p:m", rates("", "nobody-knows")).is_priced


def test_of_several_targets_the_dearest_is_enough_for_each() -> None:
    one, other = Quote(1, 2, 30, 4, 50, 6, 7, 8), Quote(10, 1, 3, 40, 5, 60, 0, 9)
    assert dearest([one, other]) == Quote(10, 2, 30, 40, 50, 60, 7, 9)
    assert dearest([one]) == one
