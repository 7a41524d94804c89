"""A whole question: real price lists, real limits, and what would turn the verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.decision.mistake import Measured
from headgate.money.decision.pace import Budget, Times
from headgate.money.decision.question import Question, candidates, changes, decide
from headgate.money.decision.room import Prompt
from headgate.money.forecast import Offer
from headgate.money.pattern import Pattern, Peak
from headgate.money.tiers import Limit

DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
CATALOG = Catalog.load(PriceRules())
MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
PATTERN = Pattern(requests=Fraction(100_000), input=Fraction(2_000), output=Fraction(500))


def offer(model: str) -> Offer:
    return Offer(model, CATALOG.rates("anthropic", model, DAY), "anthropic")


QUESTION = Question(PATTERN, tuple(map(offer, MODELS)))


def test_of_models_that_all_fit_the_cheapest_is_chosen() -> None:
    assert decide(QUESTION).choice == "claude-haiku-5-5"


def test_a_first_token_that_comes_too_late_disqualifies() -> None:
    asked = replace(
        QUESTION,
        budget=Budget(ttft_s=0.8),
        times={
            "claude-haiku-5-5": Times(ttft_slow_s=1.4),
            "claude-sonnet-5-5": Times(ttft_slow_s=0.6),
        },
    )
    verdict = decide(asked)
    assert verdict.choice == "claude-sonnet-5-5"
    assert ("no budget of time", "claude-haiku-5-5") in verdict.turns


def test_a_peak_beyond_the_limits_disqualifies_with_a_remedy() -> None:
    pattern = replace(PATTERN, peak=Peak(rpm=Fraction(9_000)))
    limits = {
        "claude-haiku-5-5": (Limit("Start", rpm=1_000), Limit("Scale", rpm=10_000)),
        "claude-sonnet-5-5": (Limit("Start", rpm=20_000),),
    }
    verdict = decide(replace(QUESTION, pattern=pattern, limits=limits, tier="Start"))
    assert verdict.choice == "claude-sonnet-5-5"
    (haiku,) = [it for it in verdict.weighed if it.candidate.name == "claude-haiku-5-5"]
    assert "raise the tier to Scale" in haiku.candidate.load.remedies


def test_background_work_is_priced_as_a_batch() -> None:
    live = {it.name: it.monthly_nusd for it in candidates(QUESTION)}
    late = candidates(replace(QUESTION, budget=Budget(background=True)))
    assert all(it.monthly_nusd * 2 == live[it.name] for it in late)


def test_long_prompts_are_judged_at_their_size() -> None:
    small = offer("claude-haiku-4-5")
    asked = replace(QUESTION, offers=(*QUESTION.offers, small), prompt=Prompt(longest=300_000))
    (out,) = [it for it in decide(asked).weighed if it.candidate.name == small.model]
    assert "300,500 tokens" in out.out[0]


def test_a_mistake_that_is_dear_enough_buys_the_better_model() -> None:
    right = {
        "claude-haiku-5-5": Measured(Fraction(90, 100), 500),
        "claude-opus-5-5": Measured(Fraction(97, 100), 500),
    }
    cheap = decide(replace(QUESTION, right=right, wrong_nusd=10_000_000))
    dear = decide(replace(QUESTION, right=right, wrong_nusd=1_000_000_000))
    assert (cheap.choice, dear.choice) == ("claude-haiku-5-5", "claude-opus-5-5")
    (step,) = dear.steps
    assert 10_000_000 < step.pays_from_nusd < 1_000_000_000


def test_accuracies_of_few_tasks_are_tried_at_both_ends_of_what_they_leave_open() -> None:
    right = {
        "claude-haiku-5-5": Measured(Fraction(9, 10), 10),
        "claude-opus-5-5": Measured(Fraction(1), 10),
    }
    verdict = decide(replace(QUESTION, right=right, wrong_nusd=1_000_000_000))
    assert verdict.choice == "claude-opus-5-5"
    words = "claude-opus-5-5 right in 72.2% of cases, which 10 tasks leave open"
    assert (words, "claude-haiku-5-5") in verdict.turns
    entered = {name: it._replace(tasks=0) for name, it in right.items()}
    assert not any("leave open" in it for it in decide(replace(QUESTION, right=entered)).tried)


def test_a_longest_prompt_in_a_dearer_band_is_not_denied_among_the_assumptions() -> None:
    (haiku, *_) = candidates(replace(QUESTION, prompt=Prompt(longest=150_000)))
    assert any("the longest request has 150,000" in note for note in haiku.notes)
    (haiku, *_) = candidates(QUESTION)
    assert any("no request has more than 100,000" in note for note in haiku.notes)


def test_a_tokenizer_of_which_nothing_is_known_is_told() -> None:
    other = replace(QUESTION, pattern=replace(PATTERN, counted_with="gpt-4o"))
    assert all(
        "claude" in it.notes[0] and "not known" in it.notes[0] for it in candidates(other)
    )
    known = replace(QUESTION, pattern=replace(PATTERN, counted_with="claude-sonnet-4-6"))
    assert not any("not known" in note for it in candidates(known) for note in it.notes)


def test_a_month_that_costs_more_than_a_tier_allows_is_out_in_batches_too() -> None:
    limits = {"claude-haiku-5-5": (Limit("Start", rpm=1_000, spend_nusd=1_000_000_000),)}
    asked = replace(QUESTION, limits=limits, budget=Budget(background=True))
    assert decide(asked).choice == "claude-sonnet-5-5"


@pytest.mark.parametrize("words", [name for name, _ in changes(QUESTION)])
def test_every_change_is_a_question_that_can_be_asked(words: str) -> None:
    assert decide(dict(changes(QUESTION))[words]).choice
