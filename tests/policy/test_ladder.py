"""A ladder is ordered, never widened: what fits comes first; no warm cache is lost for free."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.pricing import Rates
from headgate.policy.ladder import (
    EXPLORED,
    LEAVES_FOR,
    Candidate,
    Errand,
    Grade,
    Order,
    draw,
    order,
    output_tokens,
    price_nusd,
    scored,
    usd,
)
from headgate.policy.memory import Memory
from headgate.policy.router import Target
from headgate.policy.wish import NO_WISH, POLICIES, Policy, Wish
from headgate.wire.model import Usage

AT = datetime(2026, 11, 20, tzinfo=UTC)
CATALOG = Catalog.load(PriceRules())


def rates(provider: str, model: str) -> Rates:
    return CATALOG.rates(provider, model, AT)


MODELS = (
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-4o"),
    ("openai", "gpt-6.1-sol"),
    ("openai", "gpt-6-luna"),
)
BY_NAME = {name: Candidate(Target(*name), rates(*name), output_tokens=500) for name in MODELS}
OPUS, HAIKU, OLD_HAIKU, GPT_4O, SOL, LUNA = BY_NAME.values()
PLAIN = Errand(1_000, 300)


@st.composite
def ladders(draw_: st.DrawFn) -> list[Candidate]:
    names = draw_(st.lists(st.sampled_from(MODELS), min_size=1, max_size=6, unique=True))
    return [
        replace(
            BY_NAME[name],
            weight=draw_(st.sampled_from([0.0, 0.5, 1.0, 3.0])),
            score=draw_(st.none() | st.integers(0, 5)),
            pace_s=draw_(st.none() | st.floats(0.01, 9)),
            output_tokens=draw_(st.integers(0, 5_000)),
            writes=draw_(st.sampled_from(["", "cache_write_5m", "cache_write_30m"])),
            lacks=draw_(st.sampled_from([(), (), ("images",)])),
            short=draw_(st.booleans()),
        )
        for name in names
    ]


ERRANDS = st.builds(
    Errand,
    st.integers(0, 2_000_000),
    st.integers(0, 1_500_000),
    max_output=st.integers(0, 200_000),
    conversation=st.binary(max_size=8),
    home=st.none() | st.sampled_from(MODELS),
    cached_tokens=st.integers(0, 100_000),
    in_loop=st.booleans(),
)
WISHES = st.builds(
    Wish,
    st.none() | st.sampled_from(POLICIES),
    st.sampled_from(["", "header", "tag a"]),
    st.sampled_from([0.0, 0.5, 5.0]),
)
POLICY = st.sampled_from(POLICIES)
ROLL = st.floats(0, 1, exclude_max=True)


def names(found: Order) -> list[tuple[str, str]]:
    return [(it.provider, it.model) for it in found.targets]


@given(ladders(), ERRANDS, WISHES, POLICY, ROLL)
def test_an_order_is_a_permutation_of_what_can_take_the_call_and_adds_nothing(
    ladder: list[Candidate], errand: Errand, wish: Wish, policy: Policy, roll: float
) -> None:
    found = order(ladder, errand, wish, policy, roll)
    tried = [id(place.target) for place in found.places]
    passed = [id(place.target) for place in found.skipped]
    assert sorted(tried + passed) == sorted(id(it.target) for it in ladder)
    assert tried, "a call always has somewhere to go"
    if found.skipped:
        assert all(place.grade is not Grade.CANNOT for place in found.places)
    for place in found.skipped:
        window = place.candidate.rates.context_window
        assert window is not None
        assert window < errand.least_tokens


@given(ladders(), ERRANDS, WISHES, POLICY)
def test_what_fits_comes_before_what_is_slow_short_or_unfit_whatever_the_policy(
    ladder: list[Candidate], errand: Errand, wish: Wish, policy: Policy
) -> None:
    grades = [place.grade for place in order(ladder, errand, wish, policy).places]
    assert grades == sorted(grades)


@given(ladders(), ERRANDS)
def test_ordered_is_the_ladder_as_it_was_written(
    ladder: list[Candidate], errand: Errand
) -> None:
    fitting = [replace(it, lacks=(), short=False) for it in ladder]
    small = replace(errand, input_tokens=100, least_tokens=30, max_output=100)
    found = order(fitting, small, NO_WISH, "ordered")
    assert found.targets == tuple(it.target for it in fitting)
    assert (found.chosen_by, found.skipped) == ("", ())


@given(ladders(), ERRANDS, POLICY)
def test_the_same_question_has_the_same_answer(
    ladder: list[Candidate], errand: Errand, policy: Policy
) -> None:
    assert names(order(ladder, errand, NO_WISH, policy)) == names(
        order(ladder, errand, NO_WISH, policy)
    )


# --- cheapest


@given(ladders(), ERRANDS)
def test_cheapest_never_puts_a_dearer_target_before_a_cheaper_one_that_fits_as_well(
    ladder: list[Candidate], errand: Errand
) -> None:
    found = order(ladder, replace(errand, in_loop=False), NO_WISH, "cheapest")
    prices = [(place.grade, place.nusd) for place in found.places]
    assert prices == sorted(prices)


@given(st.sampled_from(list(BY_NAME.values())), ERRANDS, st.integers(0, 10_000))
def test_a_price_rises_with_the_input_and_with_the_answer_and_falls_with_the_cache(
    candidate: Candidate, errand: Errand, more: int
) -> None:
    home = replace(errand, home=(candidate.target.provider, candidate.target.model))
    longer = replace(home, input_tokens=home.input_tokens + more)
    wordier = replace(candidate, output_tokens=candidate.output_tokens + more)
    colder = replace(home, cached_tokens=0)
    price = price_nusd(candidate, home)
    assert price <= price_nusd(candidate, longer)
    assert price <= price_nusd(wordier, home)
    assert price <= price_nusd(candidate, colder)


def test_the_expected_answer_is_bounded_by_the_caller_and_the_model() -> None:
    chatty = replace(HAIKU, output_tokens=9_000, max_output=4_000)
    assert output_tokens(chatty, PLAIN) == 4_000
    assert output_tokens(chatty, replace(PLAIN, max_output=64)) == 64
    assert output_tokens(replace(chatty, max_output=None), PLAIN) == 9_000


@given(
    st.sampled_from(MODELS),
    st.sampled_from(MODELS),
    st.integers(1, 200_000),
    st.integers(0, 50_000),
    st.integers(0, 8_000),
)
def test_a_warm_conversation_moves_only_when_it_saves_more_than_its_cache_is_worth(
    home: tuple[str, str], other: tuple[str, str], cached: int, fresh: int, answer: int
) -> None:
    """The arithmetic said again, from the price list alone."""
    if home == other:
        return
    here = replace(BY_NAME[home], output_tokens=answer, writes="cache_write_5m")
    there = replace(BY_NAME[other], output_tokens=answer, writes="cache_write_5m")
    errand = Errand(cached + fresh, 1, home=home, cached_tokens=cached)
    stay = here.rates.cost(Usage(cache_read=cached, cache_write_5m=fresh, output=answer))
    move = there.rates.cost(Usage(cache_write_5m=cached + fresh, output=answer))
    found = order([there, here], errand, NO_WISH, "cheapest")
    if names(found)[0] == other and found.places[0].grade is found.places[1].grade:
        assert move.total_nusd < stay.total_nusd
    elif found.places[0].grade is found.places[1].grade:
        assert stay.total_nusd <= move.total_nusd


def test_a_cheaper_model_is_left_aside_while_the_cache_is_worth_more_and_taken_when_cold() -> (
    None
):
    """Opus reads 100,000 cached tokens for $0.02; gpt-4o would read them anew for $0.25."""
    opus, gpt = replace(OPUS, writes="cache_write_5m"), GPT_4O
    warm = Errand(101_000, 1, home=MODELS[0], cached_tokens=100_000)
    found = order([gpt, opus], warm, NO_WISH, "cheapest")
    assert names(found)[0] == MODELS[0]
    assert found.places[0].nusd == 100_000 * 200 + 1_000 * 5_000 + 500 * 20_000
    assert found.places[1].nusd == 101_000 * 2_500 + 500 * 10_000
    assert found.chosen_by == "cheapest: $0.035 warm, next $0.26"
    cold = replace(warm, cached_tokens=0)
    assert names(order([opus, gpt], cold, NO_WISH, "cheapest"))[0] == MODELS[3]


def test_at_the_same_price_what_is_warm_comes_first() -> None:
    free = Catalog.load(PriceRules()).rates("x", "y", AT, free=True)
    ladder = [Candidate(Target("x", name), free) for name in "ab"]
    errand = replace(PLAIN, home=("x", "b"), cached_tokens=10)
    assert names(order(ladder, errand, NO_WISH, "cheapest")) == [("x", "b"), ("x", "a")]


# --- weighted

TALKS = [f"talk {number}".encode() for number in range(10_000)]


def first(ladder: list[Candidate], talk: bytes) -> str:
    errand = replace(PLAIN, conversation=talk)
    return order(ladder, errand, NO_WISH, "weighted").targets[0].model


def weighed(*weights: float) -> list[Candidate]:
    return [replace(it, weight=w) for it, w in zip(BY_NAME.values(), weights, strict=False)]


def test_weights_share_ten_thousand_conversations_as_they_say() -> None:
    ladder = weighed(1, 2, 7)
    drawn = [first(ladder, talk) for talk in TALKS]
    for candidate in ladder:
        share = drawn.count(candidate.target.model) / len(TALKS)
        assert abs(share - candidate.weight / 10) < 0.01


def test_a_conversation_keeps_to_its_target_and_a_raised_weight_moves_only_towards_it() -> None:
    before = [first(weighed(1, 1, 1), talk) for talk in TALKS[:3_000]]
    assert before == [first(weighed(1, 1, 1)[::-1], talk) for talk in TALKS[:3_000]]
    after = [first(weighed(1, 1, 2), talk) for talk in TALKS[:3_000]]
    moved = {new for old, new in zip(before, after, strict=True) if new != old}
    assert moved == {"claude-haiku-4-5"}


@given(st.binary(max_size=20), st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_pull_grows_with_the_weight_and_nothing_pulls_towards_a_weight_of_nothing(
    talk: bytes, one: float, more: float
) -> None:
    assert draw(talk, replace(HAIKU, weight=one)) < draw(
        talk, replace(HAIKU, weight=one + more)
    )
    assert draw(talk, replace(HAIKU, weight=0)) < draw(talk, replace(OPUS, weight=1e-6))


def test_a_warm_conversation_stays_when_weights_change() -> None:
    ladder = weighed(0, 1_000)
    at_opus = replace(PLAIN, home=MODELS[0], cached_tokens=5_000)
    found = order(ladder, at_opus, NO_WISH, "weighted")
    assert (names(found)[0], found.chosen_by) == (MODELS[0], "weighted: stays while warm")
    cold = replace(at_opus, cached_tokens=0)
    found = order(ladder, cold, NO_WISH, "weighted")
    assert (names(found)[0], found.chosen_by) == (MODELS[1], "weighted: weight 1000")


# --- fastest


def timed(candidate: Candidate, memory: Memory, now: float) -> Candidate:
    name = (candidate.target.provider, candidate.target.model)
    pace, samples = memory.pace(name, now, stream=True)
    return replace(candidate, pace_s=pace, samples=samples)


@pytest.mark.parametrize("seed", range(5))
def test_fastest_converges_to_the_faster_of_two_noisy_targets_and_explores_a_little(
    seed: int,
) -> None:
    dice, memory, now = random.Random(seed), Memory(), 0.0  # noqa: S311 - noise, not a secret
    taken: list[str] = []
    for _ in range(4_000):
        now += 0.2
        ladder = [timed(it, memory, now) for it in (OPUS, HAIKU)]
        target = order(ladder, PLAIN, NO_WISH, "fastest", dice.random()).targets[0]
        mean = 0.4 if target.model == "claude-haiku-5-5" else 0.8
        memory.took(target[:2], mean * dice.lognormvariate(0, 0.3), now, stream=True)
        taken.append(target.model)
    late = taken[1_000:]
    share = late.count("claude-haiku-5-5") / len(late)
    assert 1 - EXPLORED - 0.03 < share < 1 - EXPLORED + 0.03


def test_unmeasured_targets_stand_as_written_and_the_least_measured_is_explored() -> None:
    ladder = [OPUS, replace(HAIKU, samples=2), SOL]
    found = order(ladder, PLAIN, NO_WISH, "fastest", EXPLORED)
    assert names(found) == [MODELS[0], MODELS[1], MODELS[4]]
    found = order(ladder, PLAIN, NO_WISH, "fastest", 0.0)
    assert (names(found)[0], found.chosen_by) == (MODELS[4], "fastest: measuring")


@given(ladders(), ERRANDS)
def test_only_a_cold_call_without_a_deadline_is_used_to_measure(
    ladder: list[Candidate], errand: Errand
) -> None:
    held = replace(errand, home=MODELS[0], cached_tokens=max(1, errand.cached_tokens))
    for asked, wish in ((held, NO_WISH), (errand, Wish(deadline_s=1.0))):
        told = order(ladder, asked, wish, "fastest", 0.0).chosen_by
        assert "measuring" not in told


def test_a_warm_conversation_leaves_only_for_half_the_time() -> None:
    ladder = [replace(OPUS, pace_s=1.0), replace(HAIKU, pace_s=LEAVES_FOR + 0.01)]
    warm = replace(PLAIN, home=MODELS[0], cached_tokens=9_000)
    assert names(order(ladder, warm, NO_WISH, "fastest"))[0] == MODELS[0]
    assert names(order(ladder, PLAIN, NO_WISH, "fastest"))[0] == MODELS[1]
    ladder[1] = replace(HAIKU, pace_s=LEAVES_FOR - 0.01)
    assert names(order(ladder, warm, NO_WISH, "fastest"))[0] == MODELS[1]


# --- best, and what goes before every policy


def test_best_ranks_by_score_and_what_has_none_comes_last() -> None:
    ladder = [OPUS, replace(HAIKU, score=3.0), replace(SOL, score=9.0)]
    found = order(ladder, PLAIN, Wish("best", "header"), "ordered")
    assert names(found) == [MODELS[4], MODELS[1], MODELS[0]]
    assert found.chosen_by == "best by header: score 9, next score 3"


def test_stored_results_decide_once_every_target_has_one() -> None:
    assert scored([1.0, None], [None, 9.0]) == [1.0, None]
    assert scored([1.0, None], [2.0, 9.0]) == [2.0, 9.0]
    assert scored([], []) == []


@given(st.sampled_from([p for p in POLICIES if p != "ordered"]), ladders())
def test_in_a_tool_loop_a_conversation_stays_while_its_target_fits_as_well_as_any(
    policy: Policy, ladder: list[Candidate]
) -> None:
    home = ladder[-1].target
    errand = replace(PLAIN, home=(home.provider, home.model), in_loop=True)
    found = order(ladder, errand, NO_WISH, policy, 0.0)
    place = next(it for it in found.places if it.is_home)
    if place.grade is found.places[0].grade:
        assert found.targets[0] is home


def test_a_deadline_puts_last_what_is_known_to_be_slower() -> None:
    ladder = [replace(OPUS, pace_s=3.0), HAIKU, replace(SOL, pace_s=1.0)]
    found = order(ladder, PLAIN, Wish(deadline_s=2.0), "ordered")
    assert names(found) == [MODELS[1], MODELS[4], MODELS[0]]
    assert found.chosen_by == "ordered: the last takes 3 s of the 2 s it may"


def test_what_does_not_fit_says_why() -> None:
    ladder = [
        replace(OLD_HAIKU, lacks=("documents", "images")),
        replace(GPT_4O, short=True),
        OPUS,
    ]
    found = order(ladder, PLAIN, NO_WISH, "cheapest")
    assert [(place.target.model, place.why) for place in found.places] == [
        ("claude-opus-5-5", ""),
        ("gpt-4o", "cools or has no headroom now"),
        ("claude-haiku-4-5", "does not take documents, images"),
    ]
    assert found.chosen_by == "cheapest: the next cools or has no headroom now"


def test_a_window_that_is_surely_too_small_is_skipped_and_one_that_likely_is_comes_last() -> (
    None
):
    asked = Errand(150_000, 50_000, max_output=20_000)
    found = order([GPT_4O, OPUS], asked, NO_WISH, "ordered")
    assert [place.grade for place in found.places] == [Grade.FITS, Grade.UNFIT]
    assert found.chosen_by.endswith("its window of 128,000 tokens is likely too small")
    found = order([GPT_4O, OPUS], replace(asked, least_tokens=128_001), NO_WISH, "ordered")
    assert (names(found), found.chosen_by) == ([MODELS[0]], "ordered: no other fits")
    assert found.skipped[0].why == "its window of 128,000 tokens is too small"
    found = order([GPT_4O], replace(asked, least_tokens=128_001), NO_WISH, "ordered")
    assert (names(found), found.skipped) == ([MODELS[3]], ())


@pytest.mark.parametrize(
    ("nusd", "text"),
    [
        (0, "$0.00"),
        (34_400, "$0.000034"),
        (3_130_000, "$0.0031"),
        (99_400_000, "$0.099"),
        (100_000_000, "$0.10"),
        (12_345_000_000, "$12.35"),
    ],
)
def test_dollars_are_told_with_two_figures_that_say_something(nusd: int, text: str) -> None:
    assert usd(nusd) == text


def test_luna_is_cheaper_than_sol_and_the_difference_is_told() -> None:
    found = order([SOL, LUNA], PLAIN, NO_WISH, "cheapest")
    assert names(found) == [MODELS[5], MODELS[4]]
    assert found.chosen_by == "cheapest: $0.00035, next $0.0070"
