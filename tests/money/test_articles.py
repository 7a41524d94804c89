"""Every figure of the five source articles that can be computed, as they state it and as it is.

What they say is in their own numbers; `docs/concepts/the-articles.md` tells the differences.
"""

from __future__ import annotations

from fractions import Fraction
from math import exp, sqrt
from typing import Any

import pytest

from headgate.cli.workload import Asked, asked, gathered
from headgate.money.forecast import Forecast, forecast
from headgate.money.pattern import poisson
from headgate.money.ratelimit import Fit, fit
from headgate.money.roi import roi

F = Fraction
USD = 10**9


def wanted(**words: Any) -> Asked:
    return asked(gathered(words))


def month(model: str = "", **words: Any) -> Forecast:
    """A preset's workload, or words, on one model."""
    found = wanted(**words, **({"model": (model,)} if model else {}))
    return forecast(found.pattern, found.offers[0])


def dollars(found: Forecast) -> float:
    return found.monthly_nusd / USD


def points(before: float, after: float) -> float:
    """A change, in percent of what was before."""
    return round((after - before) / before * 100, 1)


# --- article 000: from one vendor to another -------------------------------------------------


def test_000_the_calculators_example_saves_57_percent_and_not_42_or_50() -> None:
    old = month("gpt-4-turbo", preset="000-code-generation")
    new = month("claude-3-5-sonnet", preset="000-code-generation")
    lines = [[line.nusd // USD for line in it.lines] for it in (old, new)]
    assert lines == [[5_400, 10_080], [1_620, 5_040]]
    assert (dollars(old), dollars(new)) == (15_480, 6_660)
    saving = old.monthly_nusd - new.monthly_nusd
    assert saving == 8_820 * USD
    assert round(saving / old.monthly_nusd * 100, 2) == 56.98
    assert points(28_000, 16_200) == -42.1  # what its prose says of the same move


def test_000_no_limit_is_exceeded_at_the_peak() -> None:
    found = wanted(preset="000-code-generation")
    fits: dict[str, Fit] = {
        offer.model: fit(forecast(found.pattern, offer), found.limits[offer.model])
        for offer in found.offers
    }
    assert {name: it.excesses for name, it in fits.items()} == {
        "gpt-4-turbo": (),
        "claude-3-5-sonnet": (),
    }
    assert fits["gpt-4-turbo"].used == F(85, 100)
    assert fits["claude-3-5-sonnet"].used == F(425, 1_000)


def test_000_of_500_answers_391_and_471_were_correct() -> None:
    assert round(391 / 500 * 100, 1) == 78.2
    assert round(471 / 500 * 100, 1) == 94.2  # it says 94.1
    assert round(471 / 500 * 100 - 391 / 500 * 100, 1) == 16.0  # it says 15.9
    assert round(100 - 78.2, 1) == 21.8  # it says 12.4 + 9.6
    assert round(12.4 + 9.6, 1) == 22.0
    assert points(12.4, 3.1) == -75.0
    naive = sqrt(0.782 * 0.218 / 500)
    assert round(naive * 100, 1) == 1.8
    clustered = sqrt(0.782 * 0.218 / 100)  # were all five samples of a task alike
    assert round(clustered * 100, 1) == 4.1


def test_000_times_fell_as_stated_but_are_no_times_of_whole_answers() -> None:
    assert points(335, 210) == -37.3
    assert points(140, 85) == -39.3
    assert points(210, 145) == -31.0
    assert round(280 / 120, 2) == 2.33  # seconds to write 280 tokens at 120 a second
    assert round(280 / 90, 2) == 3.11


def test_000_the_migration_is_repaid_after_six_weeks_but_returns_293_percent() -> None:
    found = roi(F(120), 150 * USD, F(11_800 * USD))
    assert found.cost_nusd == 18_000 * USD
    assert found.months_to_recoup == pytest.approx(1.53, abs=0.005)
    assert found.net_percent(6) == pytest.approx(293.3, abs=0.05)  # it says 340
    assert found.gross_percent(6) == pytest.approx(393.3, abs=0.05)
    assert found.net_nusd(12) == 123_600 * USD
    assert 28_000 - 16_200 == 11_800  # what it calls net is gross
    labour = roi(F(120), 150 * USD, F(11_800 * USD) + F(24_000 * USD) * F(7, 10))
    assert labour.net_percent(6) == pytest.approx(853.3, abs=0.05)


def test_000_a_bill_of_5000_is_recouped_in_less_than_12_months() -> None:
    saved = F(11_800, 28_000)
    found = roi(F(120), 150 * USD, 5_000 * USD * saved)
    assert found.months_to_recoup == pytest.approx(8.54, abs=0.005)  # it says 12 and more
    needed = found.spend_needed_nusd(saved, F(12))
    assert needed is not None
    assert round(needed / USD) == 3_559


def test_000_caching_cannot_have_saved_1200_of_an_input_bill_of_1620() -> None:
    new = month("claude-3-5-sonnet", preset="000-code-generation")
    assert new.of("input") == 1_620 * USD
    assert new.of("input") * 28 // 100 == 453_600_000_000  # 28 % of input, its own share
    assert 1_200 / 1_620 > 0.74


def test_000_four_engineers_for_two_weeks_are_more_than_120_hours() -> None:
    assert 4 * 2 * 40 == 320


def test_000_what_it_saves_in_review_and_fees_follows_from_its_figures() -> None:
    found = wanted(
        preset="000-code-generation",
        model=("claude-3-5-sonnet",),
        review="2400,6,100",
        cache_infra="1200",
    )
    whole = forecast(found.pattern, found.offers[0], found.extras)
    assert dollars(whole) == 6_660 + 24_000 + 1_200


# --- article 001: a decision framework -------------------------------------------------------


def test_001_the_calculator_forgets_what_writing_costs() -> None:
    formula = {"preset": "001-retrieval", "min_prefix": "0"}
    as_printed = month(**formula, price=("input=3,output=15,cache_read=0.3,cache_write=3",))
    assert dollars(as_printed) == 1_976.40
    assert round(dollars(as_printed) / 30, 2) == 65.88
    assert as_printed.uncached_nusd == 2_430 * USD
    as_billed = month(**formula)
    assert dollars(as_billed) == 2_030.40


def test_001_its_prefix_is_too_short_to_be_cached_at_all() -> None:
    found = month(preset="001-retrieval")
    assert dollars(found) == 2_430
    assert "800 tokens are below the minimum of 1,024" in found.notes[0]


def test_001_the_other_model_of_the_comparison() -> None:
    assert dollars(month("gpt-4o", preset="001-retrieval")) == 1_800
    assert dollars(month("gpt-4o", preset="001-retrieval", min_prefix="0")) == 1_590


def test_001_sixty_percent_are_saved_on_the_input_of_a_hit_and_27_on_its_bill() -> None:
    always = month(preset="001-retrieval", min_prefix="0", hit="1")
    never = always.uncached_nusd - always.of("output")
    assert always.of("input") / never == 0.4
    assert round(always.saved_by_cache_nusd / always.uncached_nusd * 100, 1) == 26.7


# --- article 002: five production facts ------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "ttl", "each", "reads", "share"),
    [
        ("claude-sonnet-4-6", "5m", 0.278, 1, 21.7),
        ("claude-sonnet-4-6", "1h", 1.111, 2, 52.6),
        ("claude-sonnet-5-5", "5m", 0.263, 1, 20.8),
        ("claude-sonnet-5-5", "1h", 1.053, 2, 51.3),
    ],
)
def test_002_how_many_reads_repay_a_write(
    model: str, ttl: str, each: float, reads: int, share: float
) -> None:
    found = month(model, requests="9", input="5k", output="0", prefix="5k", hit="0.9", ttl=ttl)
    assert found.hit_needed is not None
    assert round(float(found.hit_needed) * 100, 1) == share  # it says 50 for all
    exact = found.hit_needed / (1 - found.hit_needed)
    assert round(float(exact), 3) == each
    assert -int(-exact // 1) == reads  # it says about two


def test_002_ten_tokens_written_for_one_read_cost_14_percent_more_than_no_cache() -> None:
    found = month(preset="002-rare-reads")
    per_token = 3_000
    assert found.monthly_nusd / per_token == 63_000
    assert found.uncached_nusd / per_token == 55_000
    assert points(55_000, 63_000) == 14.5
    assert any("caching loses money" in note for note in found.notes)


def test_002_ten_million_tickets_cost_what_it_says_at_prices_of_then() -> None:
    assert dollars(month("claude-3-5-sonnet", preset="002-tickets")) == 30_000
    assert dollars(month("claude-3-haiku", preset="002-tickets")) == 2_500
    assert dollars(month("claude-haiku-4-5", preset="002-tickets")) == 10_000
    assert dollars(month("claude-haiku-5-5", preset="002-tickets", on="2026-11-21")) == 1_000


def cascade(small: str, large: str, share: Fraction, **words: str) -> float:
    """All tickets on the small model, and a share of them on the large one too."""
    first = month(small, preset="002-tickets", **words)
    second = month(
        large, preset="002-tickets", **{**words, "requests": str(int(10_000_000 * share))}
    )
    return dollars(first) + dollars(second)


def test_002_two_stages_save_72_percent_and_not_85() -> None:
    both = cascade("claude-3-haiku", "claude-3-5-sonnet", F(1, 5))
    assert both == 8_500
    assert points(30_000, both) == -71.7
    needed = (30_000 * F(15, 100) - 2_500) / 30_000
    assert round(float(needed) * 100, 2) == 6.67  # 85 % takes so few second looks
    assert points(30_000, cascade("claude-haiku-4-5", "claude-3-5-sonnet", F(1, 5))) == -46.7
    today = cascade("claude-haiku-5-5", "claude-sonnet-5-5", F(1, 5), on="2026-11-21")
    assert points(20_000, today) == -75.0


# --- article 003: code interpreters ----------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "cheaper", "dearer", "a_year"),
    [
        (1, 200, 375, 2_100),
        (2, 3_200, 6_000, 33_600),
        (3, 20_000, 37_500, 210_000),
        (4, 128_000, 240_000, 1_344_000),
    ],
)
def test_003_all_four_rows_of_its_table_are_right(
    row: int, cheaper: int, dearer: int, a_year: int
) -> None:
    one = month("gpt-4.1", preset=f"003-interpreter-{row}")
    other = month("claude-sonnet-4-5", preset=f"003-interpreter-{row}")
    assert (dollars(one), dollars(other)) == (cheaper, dearer)
    assert other.yearly_nusd - one.yearly_nusd == a_year * USD
    assert other.monthly_nusd / one.monthly_nusd == 1.875


def test_003_its_controller_shows_a_hundredth_of_the_cost() -> None:
    right = month("gpt-4.1", preset="003-controller")
    assert dollars(right) == 1.60
    shown = month("gpt-4.1", preset="003-controller", price=("input=0,output=0.08",))
    assert dollars(shown) == 0.016
    monthly = month("gpt-4.1", preset="003-controller", requests="100k")
    assert dollars(monthly) == 1_600  # it extrapolates to $16
    assert 100 * 2_000 < 1_000_000  # and all hundred fit the first vendor's limit


def test_003_its_limits_take_that_minute() -> None:
    found = month("gpt-4.1", preset="003-controller", peak="100/min", limit=("rpm=500,tpm=1M",))
    room = wanted(preset="003-controller", limit=("rpm=500,tpm=1M",)).limits["gpt-4.1"]
    assert fit(found, room).fits is True
    assert fit(found, room).used == F(1, 5)


def test_003_accuracy_rose_by_four_percent_and_errors_fell_by_62() -> None:
    assert round(97.8 - 94.2, 1) == 3.6
    assert points(94.2, 97.8) == 3.8  # it says 23
    assert points(100 - 94.2, 100 - 97.8) == -62.1
    assert points(2.3, 1.8) == -21.7
    assert points(8.7, 6.2) == -28.7


def test_003_a_yuan_for_a_dollar_saves_what_it_says() -> None:
    assert round((1 - 1 / 7.3) * 100, 1) == 86.3


def test_003_the_primes_below_ten_thousand() -> None:
    primes = [n for n in range(2, 10_000) if all(n % d for d in range(2, int(sqrt(n)) + 1))]
    assert (len(primes), sum(primes)) == (1_229, 5_736_396)


# --- article 004: a bill of $4,200 -----------------------------------------------------------

VALUE = 890 + 410
CACHED, OVERSIZED, SERIAL = 1_810, 680, 410


def test_004_its_buckets_add_up_and_most_of_them_is_waste() -> None:
    assert VALUE + CACHED + OVERSIZED + SERIAL == 4_200
    assert VALUE == 1_300
    waste = CACHED + OVERSIZED + SERIAL
    assert waste == 2_900
    assert round(waste / 4_200 * 100, 1) == 69.0
    assert round(4_200 / VALUE, 2) == 3.23


def test_004_twenty_thousand_tokens_eight_times_a_minute_cost_691_a_day() -> None:
    found = month(preset="004-system-prompt")
    assert found.pattern.requests * 20_000 / 30 == 230_400_000
    assert found.uncached_nusd / 30 == 691.20 * USD
    assert found.saved_by_cache_nusd / 30 == 224.64 * USD  # it says about 80
    free = month(preset="004-system-prompt", price=("input=3,cache_read=0.3,cache_write=3",))
    assert free.saved_by_cache_nusd / 30 == 311.04 * USD
    assert found.uncached_nusd == 20_736 * USD
    assert round(80 / 311.04 * 24, 1) == 6.2  # hours of such traffic that save 80
    assert 80 * 30 == 2_400 > CACHED  # more than the whole bucket


def bucket(hit: Fraction | None = None) -> float:
    """What the bucket of repeated prompts costs, cached."""
    calls = F(CACHED) / (F(20_000) * 3 / 1_000_000)
    words = {} if hit is None else {"hit": str(hit)}
    found = gathered({"preset": "004-repeated-prompts", **words}) | {"requests": calls}
    it = asked(found)
    one = forecast(it.pattern, it.offers[0])
    assert one.uncached_nusd == CACHED * USD
    return one.vendor_nusd / USD


def test_004_its_bucket_is_a_thousand_calls_a_day_of_which_97_percent_would_hit() -> None:
    a_day = F(CACHED) / 30 / F(6, 100)
    assert round(a_day) == 1_006
    assert round(float(a_day) / 1_440, 2) == 0.70
    assert round(86_400 / float(a_day)) == 86
    assert round(float(poisson(a_day / 24, 300).reads) * 100, 1) == 97.0
    assert round((1 - exp(-8 * 5)) * 100, 6) == 100  # at its eight a minute, all of them
    assert bucket() == pytest.approx(245, abs=1)


@pytest.mark.parametrize(
    ("hit", "costs", "saves", "bill", "at_list_price"),
    [
        (F(1, 2), 1_221.75, 588, 2_866.75, 3_134.75),
        (F(9, 10), 389, 1_421, 2_034, 2_302),
        (F(1), 181, 1_629, 1_826, 2_094),
    ],
)
def test_004_what_the_bill_is_at_each_share_of_hits(
    hit: Fraction, costs: float, saves: float, bill: float, at_list_price: float
) -> None:
    cached = bucket(hit)
    assert cached == pytest.approx(costs, abs=0.5)
    assert CACHED - cached == pytest.approx(saves, abs=0.5)
    assert VALUE + cached + 140 + 205 == pytest.approx(bill, abs=0.5)
    assert VALUE + cached + 408 + 205 == pytest.approx(at_list_price, abs=0.5)


def test_004_at_the_buckets_own_rate_the_bill_is_1890() -> None:
    assert VALUE + bucket() + 140 + 205 == pytest.approx(1_890, abs=1)
    assert CACHED - bucket() == pytest.approx(1_565, abs=1)
    assert VALUE + bucket() + 408 + 205 == pytest.approx(2_158, abs=1)


def test_004_its_pieces_do_not_give_its_result() -> None:
    assert 4_200 - (2_400 + 540 + 205) == 1_055
    assert 1_540 - VALUE - 140 - 205 == -105  # what would be left for the cached bucket
    assert 4_200 - 1_540 == 2_660  # of a waste of 2,900
    assert VALUE + 140 + 205 == 1_645
    assert VALUE + 140 + 205 + CACHED * (0.5 + 0.5 * 0.1) == 2_640.50


def test_004_a_cheaper_model_saves_less_than_at_the_prices_of_old() -> None:
    work: dict[str, Any] = {"requests": "1M", "input": "5k", "output": "500"}
    opus, sonnet = (month(it, **work) for it in ("claude-opus-4-7", "claude-sonnet-4-6"))
    share = F(sonnet.monthly_nusd, opus.monthly_nusd)
    assert share == F(3, 5)
    assert OVERSIZED * share == 408  # it says 140
    assert round(float(1 / share), 2) == 1.67
    old = F(month("claude-3-5-sonnet", **work).monthly_nusd)
    assert OVERSIZED * old / month("claude-opus-4-1", **work).monthly_nusd == 136
    fewer = month("claude-sonnet-4-6", **work, counted_with="claude-opus-4-7")
    assert round(OVERSIZED * fewer.monthly_nusd / opus.monthly_nusd) == 314
    newest = [month(it, **work) for it in ("claude-opus-5-5", "claude-sonnet-5-5")]
    assert OVERSIZED * F(newest[1].monthly_nusd, newest[0].monthly_nusd) == 340
    assert opus.monthly_nusd / month("claude-haiku-4-5", **work).monthly_nusd == 5  # not 13


def test_004_small_models_lose_more_than_two_to_five_points_in_its_own_table() -> None:
    large = (99.2, 74, 51, 89, 92)
    middle = (98.7, 74, 48, 76, 89)
    small = (96.4, 61, 32, 54, 81)
    below = [
        [round(a - b, 1) for a, b in zip(it, small, strict=True)] for it in (large, middle)
    ]
    assert below == [[2.8, 13, 19, 35, 11], [2.3, 13, 16, 22, 8]]


def test_004_a_batch_halves_what_was_not_cached() -> None:
    work: dict[str, Any] = {"requests": "1M", "input": "5k", "output": "500"}
    now, later = (month("claude-sonnet-4-6", **work, batch=it) for it in ("0", "1"))
    assert SERIAL * F(later.monthly_nusd, now.monthly_nusd) == 205


def test_004_a_long_prompt_over_fifty_turns_saves_88_percent() -> None:
    found = month(preset="004-agent-session")
    per_token = 3_000
    assert found.monthly_nusd / per_token == 153_750
    assert found.uncached_nusd / per_token == 1_250_000
    assert round(found.saved_by_cache_nusd / found.uncached_nusd * 100, 1) == 87.7


@pytest.mark.parametrize(
    ("an_hour", "for_5m", "for_1h"),
    [
        (42.0, 0.135, 0.100),
        (9.0, 0.640, 0.100),
        (3.0, 0.988, 0.191),
        (1.2, 1.145, 0.672),
        (0.4, 1.211, 1.373),
    ],
)
def test_004_marking_always_costs_what_traffic_played_out_has_cost(
    an_hour: float, for_5m: float, for_1h: float
) -> None:
    """Of plain input, per token of a prefix that comes at random times: 1.37 is 37 % more."""
    work: dict[str, Any] = {"requests": "9", "input": "5k", "output": "0", "prefix": "5k"}
    factors = [
        dollars(month("claude-sonnet-4-6", **work, arrivals=f"{an_hour}/h", ttl=ttl)) / 0.135
        for ttl in ("5m", "1h")
    ]
    assert factors == pytest.approx([for_5m, for_1h], abs=0.01)
