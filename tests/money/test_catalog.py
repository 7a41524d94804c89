"""The catalogue answers with the vendors' own prices: tables, a client's bill, the package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
import genai_prices.data_snapshot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.money.catalog import KEPT_MODELS, UNPRICED, Catalog, PriceRules
from headgate.money.pricing import Rates
from headgate.wire.model import STANDARD, Terms, Usage

CATALOG = Catalog.load(PriceRules())
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = 1_000_000


def usd(rates: Rates, name: str, above: int = -1, terms: Terms = STANDARD) -> Decimal:
    [line] = [one for one in rates.lines(terms) if (one.name, one.above) == (name, above)]
    return line.usd


# Model: input, output, cache read, 5-minute write, 1-hour write, context, max output.
# Anthropic's pricing and models pages, and Claude Code's own table; checked 2026-11-20.
CLAUDE = """
claude-fable-5-2   8    40   0.20  10    16   1000000 128000
claude-fable-5-1   10   50   0.25  12.5  20   1000000 128000
claude-fable-5     10   50   1     12.5  20   1000000 128000
claude-opus-5-5    4    20   0.20  5     8    1000000 128000
claude-opus-5      5    25   0.50  6.25  10   1000000 128000
claude-opus-4-8    5    25   0.50  6.25  10   1000000 128000
claude-opus-4-7    5    25   0.50  6.25  10   1000000 128000
claude-opus-4-6    5    25   0.50  6.25  10   1000000 128000
claude-opus-4-5    5    25   0.50  6.25  10   200000  64000
claude-opus-4-1    15   75   1.50  18.75 30   200000  32000
claude-opus-4-0    15   75   1.50  18.75 30   200000  32000
claude-sonnet-5-5  2    10   0.10  2.5   4    1000000 128000
claude-sonnet-5    2    10   0.20  2.5   4    1000000 128000
claude-sonnet-4-6  3    15   0.30  3.75  6    1000000 128000
claude-sonnet-4-5  3    15   0.30  3.75  6    200000  64000
claude-sonnet-4-0  3    15   0.30  3.75  6    200000  64000
claude-haiku-5-5   0.10 0.50 0.01  0.125 0.20 1000000 128000
claude-haiku-4-5   1    5    0.10  1.25  2    200000  64000
claude-3-5-haiku   0.8  4    0.08  1     1.6  200000  8192
claude-3-5-sonnet  3    15   0.30  3.75  6    200000  8192
"""

# Model: input, output, cache read, cache write, context. Where no read or write price is
# listed, those tokens cost what input costs. OpenAI's pricing page; checked 2026-11-20.
GPT = """
gpt-6-astra   10    50   1     12.5  1050000
gpt-6.1-sol   2     10   0.10  2.5   1050000
gpt-6-sol     2     10   0.20  2.5   1050000
gpt-6.1-terra 1     5    0.05  1.25  1050000
gpt-6-luna    0.10  0.50 0.01  0.125 1050000
gpt-5.6-sol   4     20   0.4   5     1050000
gpt-5.6-terra 2     12   0.2   2.5   1050000
gpt-5.6-luna  0.2   1.2  0.02  0.25  1050000
gpt-5.5       5     30   0.5   5     1000000
gpt-5.4       2.5   15   0.25  2.5   1050000
gpt-5.4-mini  0.75  4.5  0.075 0.75  400000
gpt-5.4-nano  0.2   1.25 0.02  0.2   400000
gpt-5         1.25  10   0.125 1.25  400000
gpt-4.1       2     8    0.5   2     1000000
gpt-4o        2.5   10   1.25  2.5   128000
gpt-4o-mini   0.15  0.6  0.075 0.15  128000
gpt-4-turbo   10    30   10    10    128000
"""


@pytest.mark.parametrize("row", CLAUDE.strip().splitlines(), ids=lambda row: row.split()[0])
def test_a_claude_model_costs_what_its_makers_page_says(row: str) -> None:
    model, fresh, out, read, write, hour, context, most = row.split()
    for provider in ("anthropic", ""):
        rates = CATALOG.rates(provider, model, AT)
        assert (rates.priced_by, rates.version) == ("catalog", CATALOG.version)
        assert usd(rates, "input") == Decimal(fresh)
        assert usd(rates, "output") == Decimal(out)
        assert usd(rates, "cache_read") == Decimal(read)
        assert usd(rates, "cache_write_5m") == Decimal(write)
        assert usd(rates, "cache_write_1h") == Decimal(hour)
        assert usd(rates, "search") == 10
        assert (rates.context_window, rates.max_output) == (int(context), int(most))
        assert rates.cache_minimum is not None


@pytest.mark.parametrize("row", GPT.strip().splitlines(), ids=lambda row: row.split()[0])
def test_an_openai_model_costs_what_its_makers_page_says(row: str) -> None:
    model, fresh, out, read, write, context = row.split()
    for provider in ("openai", ""):
        rates = CATALOG.rates(provider, model, AT)
        assert usd(rates, "input") == Decimal(fresh)
        assert usd(rates, "output") == Decimal(out)
        assert usd(rates, "cache_read") == Decimal(read)
        assert usd(rates, "cache_write_30m") == Decimal(write)
        assert usd(rates, "cache_write_12h") == Decimal(write)
        assert rates.context_window == int(context)


LONG = [row.split()[0] for row in GPT.strip().splitlines() if int(row.split()[-1]) >= MILLION]
LONG.remove("gpt-4.1")  # one price at any length


@pytest.mark.parametrize("model", LONG)
def test_a_long_prompt_doubles_openais_input_and_raises_its_output_by_half(
    model: str,
) -> None:
    rates = CATALOG.rates("openai", model, AT)
    for name, factor in (("input", "2"), ("cache_read", "2"), ("output", "1.5")):
        assert usd(rates, name, 272_000) == usd(rates, name) * Decimal(factor)
    at_start, above = Usage(input_fresh=272_000), Usage(input_fresh=272_000, cache_read=1)
    assert rates.cost(above).input_nusd == 2 * rates.cost(at_start).input_nusd


def test_sonnet_4_5_has_its_band_and_sonnet_4_6_lost_it() -> None:
    rates = CATALOG.rates("anthropic", "claude-sonnet-4-5", AT)
    assert usd(rates, "input", 200_000) == 6
    assert usd(rates, "output", 200_000) == Decimal("22.5")
    newer = CATALOG.rates("anthropic", "claude-sonnet-4-6", AT)
    assert {line.above for line in newer.lines()} == {-1}


@pytest.mark.parametrize(("model", "price"), [("small", "0.02"), ("large", "0.13")])
def test_embeddings_cost_their_input(model: str, price: str) -> None:
    rates = CATALOG.rates("openai", f"text-embedding-3-{model}", AT)
    assert rates.cost(Usage(input_fresh=MILLION)).total_nusd == Decimal(price) * 10**9


# What Claude Code 2.1.329 computed as total_cost_usd for these usages, from its own table.
ORACLE = [
    ("claude-haiku-5-5", Usage(100_000, output=1_000), STANDARD, "0.0105"),
    ("claude-haiku-5-5", Usage(100_001, output=1_000), STANDARD, "0.0525005"),
    ("claude-haiku-5-5", Usage(10_000, 140_000, output=1_000), STANDARD, "0.0145"),
    ("claude-opus-5-5", Usage(1_000, 0, 1_000, 2_000), STANDARD, "0.025"),
    ("claude-opus-5-5", Usage(300_000, output=1_000), STANDARD, "1.22"),
    ("claude-opus-5-5", Usage(1_000, output=1_000), Terms(speed="fast"), "0.048"),
    ("claude-opus-5-5", Usage(1_000, output=1_000), Terms(geo="us"), "0.0264"),
    ("claude-opus-5-5", Usage(web_searches=3), STANDARD, "0.03"),
]
AGREED = {
    "claude-fable-5-2": "0.006357",
    "claude-fable-5-1": "0.00794625",
    "claude-opus-5-5": "0.003184",
    "claude-opus-5": "0.00399375",
    "claude-opus-4-6": "0.00399375",
    "claude-sonnet-5-5": "0.001592",
    "claude-sonnet-5": "0.0015975",
    "claude-haiku-5-5": "0.000079875",
    "claude-haiku-4-5": "0.00079875",
}


@pytest.mark.parametrize(("model", "usage", "terms", "bill"), ORACLE)
def test_the_bill_is_the_one_an_independent_client_computes(
    model: str, usage: Usage, terms: Terms, bill: str
) -> None:
    cost = CATALOG.rates("anthropic", model, AT).cost(usage, terms)
    assert Decimal(cost.total_nusd) / 10**9 == Decimal(bill)


@pytest.mark.parametrize("model", AGREED)
def test_nine_models_agree_with_an_independent_client_to_the_last_digit(model: str) -> None:
    usage = Usage(input_fresh=777, cache_read=55, cache_write_5m=5, output=2)
    cost = CATALOG.rates("anthropic", model, AT).cost(usage)
    assert Decimal(cost.total_nusd) / 10**9 == Decimal(AGREED[model])


@pytest.mark.parametrize(
    ("provider", "model", "terms", "input_usd", "output_usd"),
    [
        ("anthropic", "claude-fable-5-2", Terms(speed="fast"), "16", "80"),
        ("anthropic", "claude-opus-5", Terms(speed="fast"), "10", "50"),
        ("anthropic", "claude-opus-4-8", Terms(speed="fast"), "10", "50"),
        ("anthropic", "claude-opus-5-5", Terms(tier="batch"), "2", "10"),
        ("anthropic", "claude-opus-5-5", Terms(tier="batch", geo="us"), "2.2", "11"),
        ("anthropic", "claude-opus-5-5", Terms(speed="fast", geo="us"), "8.8", "44"),
        ("anthropic", "claude-opus-4-1", Terms(tier="batch"), "7.5", "37.5"),
        ("openai", "gpt-5.4", Terms(tier="batch"), "1.25", "7.5"),
        ("openai", "gpt-5.4", Terms(tier="flex"), "1.25", "7.5"),
        ("openai", "gpt-6-sol", Terms(tier="priority"), "4", "20"),
        ("openai", "gpt-6-sol", Terms(tier="fast"), "4", "20"),
        ("openai", "gpt-4.1", Terms(tier="priority"), "3.5", "14"),
        ("azure", "gpt-6-sol", Terms(tier="batch"), "1", "5"),
    ],
)
def test_terms_change_prices_as_the_vendors_list_them(
    provider: str, model: str, terms: Terms, input_usd: str, output_usd: str
) -> None:
    rates = CATALOG.rates(provider, model, AT)
    assert usd(rates, "input", terms=terms) == Decimal(input_usd)
    assert usd(rates, "output", terms=terms) == Decimal(output_usd)
    assert rates.unpriced(terms) == ()


def test_a_batch_keeps_the_prompt_length_cliff() -> None:
    rates, batch = CATALOG.rates("anthropic", "claude-haiku-5-5", AT), Terms(tier="batch")
    for usage in (Usage(100_000, output=1_000), Usage(100_001, output=1_000)):
        assert 2 * rates.cost(usage, batch).total_nusd == rates.cost(usage).total_nusd


CONTEXTS = [
    (Terms(), {}),
    (Terms(tier="batch"), {"processing": "batch"}),
    (Terms(tier="flex"), {"service_tier": "flex"}),
    (Terms(tier="priority"), {"service_tier": "priority"}),
    (Terms(speed="fast"), {"speed": "fast"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("terms", "context"), CONTEXTS, ids=lambda value: str(value)[:40])
def test_every_listed_price_of_every_model_is_charged_as_the_package_charges_it(
    terms: Terms, context: dict[str, str]
) -> None:
    """All providers, both sides of every cliff; unlisted classes follow rules of our own."""
    compared = 0
    for owner in genai_prices.data_snapshot.get_snapshot().providers:
        for row in owner.models:
            wanted = context.items()
            if context and not any(v.when.items() == wanted for v in row.price_variants or ()):
                continue
            found = package_row(owner.id, row.id)
            if found is not row or row.id not in CATALOG.models(owner.id):
                continue
            listed = {
                key for key, price in vars(row.get_prices(AT)).items() if price is not None
            }
            for tokens in (800, 300_000, 900_000):
                usage = usage_of(tokens, listed)
                theirs = package_price(owner.id, row.id, usage, context)
                rates = CATALOG.rates(owner.id, row.id, AT)
                ours = Decimal(rates.cost(usage, terms).total_nusd)
                # Each line is rounded once, and four have tokens.
                assert abs(ours - theirs * 10**9) <= 2, (owner.id, row.id, usage)
                compared += 1
    assert compared > (3 if context else 3_000)


def usage_of(tokens: int, listed: set[str]) -> Usage:
    """A usage with tokens in the classes a model lists a price for."""
    return Usage(
        input_fresh=tokens,
        cache_read=777 if "cache_read_mtok" in listed else 0,
        cache_write_5m=55 if "cache_write_mtok" in listed else 0,
        cache_write_1h=33 if "cache_write_1h_mtok" in listed else 0,
        output=222 if "output_mtok" in listed else 0,
    )


def package_row(provider: str, model: str) -> object:
    snapshot = genai_prices.data_snapshot.get_snapshot()
    try:
        return snapshot.find_provider_model(model, None, provider, None)[1]
    except LookupError:
        return None


def package_price(provider: str, model: str, usage: Usage, context: dict[str, str]) -> Decimal:
    given = {
        "input_tokens": usage.input_total,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "output_tokens": usage.output,
    }
    return genai_prices.calc_price(
        genai_prices.Usage(**given),
        model,
        provider_id=provider,
        genai_request_timestamp=AT,
        price_context=context,
    ).total_price


def test_a_price_changes_at_midnight_of_its_day_and_the_version_tells() -> None:
    """Sonnet 5.5's cache reads were halved on 2026-10-07; the catalogue has the new price."""
    change = datetime(2026, 10, 7, tzinfo=UTC)
    before = CATALOG.rates("anthropic", "claude-sonnet-5-5", change - timedelta(seconds=1))
    after = CATALOG.rates("anthropic", "claude-sonnet-5-5", change)
    assert usd(before, "cache_read") == Decimal("0.2")
    assert usd(after, "cache_read") == Decimal("0.1")
    assert usd(before, "input") == usd(after, "input") == 2
    assert (before.version, before.priced_by) == (f"{CATALOG.version} corrected", "catalog")
    assert after.version == CATALOG.version


def test_history_of_the_catalogue_is_kept() -> None:
    day = datetime(2026, 8, 21, tzinfo=UTC)
    dearer = CATALOG.rates("openai", "gpt-5.6-sol", day - timedelta(microseconds=1))
    assert usd(dearer, "output") == 30
    assert usd(CATALOG.rates("openai", "gpt-5.6-sol", day), "output") == 20


def test_a_dated_name_or_alias_costs_what_the_model_costs() -> None:
    for name in ("claude-haiku-4-5-20251001", "Claude-Haiku-4.5", "claude-haiku-4-5"):
        rates = CATALOG.rates("anthropic", name, AT)
        assert usd(rates, "output") == 5
        assert rates.cache_minimum == 4_096


@given(st.text(max_size=40), st.text(max_size=20), st.integers(0, 3_000))
def test_any_name_at_any_provider_has_a_price(model: str, provider: str, day: int) -> None:
    rates = CATALOG.rates(provider, model, AT + timedelta(days=day - 1_500))
    assert rates.priced_by in ("catalog", "ceiling")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-quokka-9"),
        ("nobody", "gpt-4o"),
        ("", "my-own-model"),
        ("openai", "whisper-1"),
    ],
)
def test_an_unknown_model_is_priced_at_the_ceiling_never_at_zero(
    provider: str, model: str
) -> None:
    rates = CATALOG.rates(provider, model, AT)
    assert (rates.priced_by, rates.version) == ("ceiling", "ceiling")
    dear = {line.name: line.usd for line in rates.lines()}
    assert [dear[name] for name in ("input", "output", "cache_write_1h")] == [15, 75, 30]
    assert min(dear.values()) > 0
    one = Usage(1, 1, 1, 1, 1, 1, 1, web_searches=1)
    assert min(vars_of(rates, one)) > 0


def vars_of(rates: Rates, usage: Usage) -> list[int]:
    cost = rates.cost(usage)
    return [
        cost.input_nusd,
        cost.cache_read_nusd,
        cost.cache_write_nusd,
        cost.output_nusd,
        cost.search_nusd,
    ]


def test_an_override_sets_the_classes_it_names_and_keeps_the_others() -> None:
    catalog = Catalog.load(
        PriceRules(
            overrides=(
                ("anthropic:claude-opus-5-5", (("input", "3"), ("search", "0"))),
                ("my-own-model", (("input", "0.4"),)),
            )
        )
    )
    rates = catalog.rates("anthropic", "claude-opus-5-5-20260901", AT)
    assert (rates.priced_by, rates.version) == ("override", "override")
    assert [usd(rates, name) for name in ("input", "output", "search")] == [3, 20, 0]
    assert usd(rates, "input", terms=Terms(tier="batch")) == Decimal("1.5")
    assert rates.context_window == MILLION
    own = catalog.rates("", "my-own-model", AT)
    assert (usd(own, "input"), usd(own, "cache_read")) == (Decimal("0.4"), Decimal("0.4"))
    assert usd(own, "output") == 75, "what nobody named stays at the ceiling"


def test_an_override_may_go_by_the_operators_name_for_the_provider() -> None:
    """Two accounts with one vendor can have two contracts."""
    catalog = Catalog.load(
        PriceRules(
            overrides=(
                ("team-a:gpt-4o", (("input", "1"),)),
                ("openai:gpt-4o", (("input", "2"),)),
            )
        )
    )
    paid = {
        seller: usd(catalog.rates("openai", "gpt-4o", AT, seller=seller), "input")
        for seller in ("team-a", "team-b", "")
    }
    assert paid == {"team-a": 1, "team-b": 2, "": 2}


def test_a_free_provider_costs_nothing_and_says_so() -> None:
    rates = CATALOG.rates("", "claude-opus-5-5", AT, free=True)
    assert (rates.priced_by, rates.version) == ("free", "free")
    assert rates.cost(Usage(*range(1, 10)), Terms(tier="priority")).total_nusd == 0
    assert rates.max_output == 128_000
    assert CATALOG.rates("", "claude-opus-5-5", AT).priced_by == "catalog"


def test_rates_are_compiled_once_for_as_long_as_they_hold() -> None:
    rates = CATALOG.rates("anthropic", "claude-opus-5-5", AT)
    assert CATALOG.rates("anthropic", "claude-opus-5-5", AT + timedelta(days=400)) is rates
    before = AT - timedelta(days=90)
    older = CATALOG.rates("anthropic", "claude-opus-5-5", before)
    assert older is not rates
    assert CATALOG.rates("anthropic", "claude-opus-5-5", before) is older
    assert CATALOG.rates("anthropic", "claude-opus-5-5", AT) is rates


def test_model_names_made_up_by_callers_do_not_fill_the_memory() -> None:
    catalog = Catalog(CATALOG.version, (), CATALOG._facts, PriceRules())
    for number in range(KEPT_MODELS + 10):
        catalog.rates("", f"m{number}", AT)
    assert len(catalog._cache) <= KEPT_MODELS


def test_what_the_documentation_needs_is_exposed() -> None:
    assert {"anthropic", "openai", "groq", "google"} <= set(CATALOG.providers)
    assert "claude-opus-5-5" in CATALOG.models("anthropic")
    assert CATALOG.version.startswith("genai-prices ")


def test_bad_rules_stop_the_start_with_all_their_mistakes() -> None:
    with pytest.raises(ValueError, match="ceiling_input_mtok"):
        Catalog.load(PriceRules(ceiling_input_mtok="free"))


def test_without_a_ceiling_an_unknown_model_has_no_price_and_says_so() -> None:
    rules = PriceRules(
        ceiling=False,
        overrides=(("mine", (("input", "1"),)), ("half", (("output", "1"),))),
    )
    catalog = Catalog(CATALOG.version, (), CATALOG._facts, rules)
    usage = Usage(input_fresh=1000, output=1000)
    for model in ("nobody-knows", "half"):
        rates = catalog.rates("", model, datetime(2026, 11, 20, tzinfo=UTC))
        assert (rates.priced_by, rates.version) == (UNPRICED, UNPRICED)
        assert rates.cost(usage).total_nusd == 0
    assert catalog.rates("", "mine", datetime(2026, 11, 20, tzinfo=UTC)).priced_by == "override"


def test_a_model_is_known_by_whoever_makes_it_and_not_by_who_resells_it() -> None:
    catalog = Catalog.load(PriceRules())
    assert catalog.maker("gpt-6-luna") == "openai"
    assert catalog.maker("claude-sonnet-5-5") == "anthropic"
    assert catalog.maker("llama-of-ours") == ""
