"""What is to be decided, as one record; weighs every model on it, and tries what would turn it.

Rule 1: pure: the same question at the same prices has the same verdict.
Rule 2: every change is tried by asking the whole question again, never by extrapolating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from headgate.money.decision.mistake import Measured, bounds
from headgate.money.decision.pace import Budget, Times, keep
from headgate.money.decision.room import Prompt, fit
from headgate.money.decision.verdict import (
    Candidate,
    Load,
    Need,
    Verdict,
    choose,
    turned,
)
from headgate.money.forecast import Extra, Forecast, Offer, forecast
from headgate.money.pattern import Pattern
from headgate.money.ratelimit import fit as fit_limits
from headgate.money.tiers import Limit
from headgate.money.tokens import comparable

NOTHING, ANY_TIME = Prompt(), Budget()


@dataclass(frozen=True, slots=True)
class Question:
    """A workload, the models in question, and what is asked of them."""

    pattern: Pattern
    offers: tuple[Offer, ...]
    prompt: Prompt = NOTHING
    budget: Budget = ANY_TIME
    wrong_nusd: int = 0
    least_right: Fraction | None = None
    extras: tuple[Extra, ...] = ()
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    """of each model, lowest tier first; none: unknown"""
    tier: str = ""
    """the caller's own at the vendors; empty: the highest there is"""
    times: Mapping[str, Times] = field(default_factory=dict)
    """of each model; none: nobody measured"""
    right: Mapping[str, Measured] = field(default_factory=dict)
    """how often each is right"""

    @property
    def need(self) -> Need:
        return Need(
            self.pattern.requests, self.wrong_nusd, self.least_right, self.budget.background
        )


def decide(question: Question) -> Verdict:
    """The verdict, with what would turn it."""
    verdict = choose(candidates(question), question.need)
    return turned(verdict, {name: _asked(other) for name, other in changes(question)})


def candidates(question: Question) -> list[Candidate]:
    """Every model, weighed."""
    return [_candidate(question, offer) for offer in question.offers]


def forecast_of(question: Question, offer: Offer) -> Forecast:
    """What the workload costs on a model: in a batch, where nobody waits and it is cheaper."""
    longest = Fraction(max(question.prompt.longest, question.prompt.document))
    pattern = replace(question.pattern, at_most=longest)
    found = forecast(pattern, offer, question.extras)
    if not question.budget.background or pattern.batch:
        return found
    waiting = replace(pattern, batch=Fraction(1))
    batched = forecast(waiting, offer, question.extras)
    return batched if batched.monthly_nusd < found.monthly_nusd else found


def _candidate(question: Question, offer: Offer) -> Candidate:
    found = forecast_of(question, offer)
    name = offer.model
    output = float(question.pattern.output)
    return Candidate(
        name,
        found.monthly_nusd,
        fit(_longest(question), offer.rates.context_window, offer.rates.max_output),
        keep(question.times.get(name, Times()), question.budget, output),
        _load(question, found),
        question.right.get(name),
        (*_counted(question.pattern.counted_with, name), *found.notes),
    )


def _counted(counted_with: str, name: str) -> Iterator[str]:
    if not comparable(name, counted_with):
        yield f"tokens as {counted_with} counted them: how many {name} counts is not known"


def _longest(question: Question) -> Prompt:
    """The prompt, at least as long as the pattern's longest."""
    prompt, pattern = question.prompt, question.pattern
    return prompt._replace(
        longest=max(prompt.longest, ceil(pattern.longest)),
        output=max(prompt.output, ceil(pattern.output)),
    )


def _load(question: Question, found: Forecast) -> Load:
    tiers = question.limits.get(found.offer.model, ())
    has_it = question.tier.lower() in (it.tier.lower() for it in tiers)
    fits = fit_limits(found, tiers, question.tier if has_it else "")
    reasons = tuple(it.text for it in fits.excesses)
    if fits.fits is None and question.pattern.peak.rpm and not question.budget.background:
        reasons = (*reasons, "its rate limits are not known")
    remedies = tuple(remedy for it in fits.excesses for remedy in it.remedies)
    spent = (it.text for it in fits.excesses if it.demand.what == "spend")
    return Load(fits.fits, "; ".join(reasons), remedies, "; ".join(spent))


def _asked(question: Question) -> Callable[[], tuple[Sequence[Candidate], Need]]:
    return lambda: (candidates(question), question.need)


def changes(question: Question) -> Iterator[tuple[str, Question]]:
    """What could be otherwise, one thing at a time."""
    pattern = question.pattern
    many = (("half as many calls", Fraction(1, 2)), ("ten times the calls", Fraction(10)))
    for words, factor in many:
        at_once = pattern.peak
        peak = replace(at_once, rpm=at_once.rpm * factor, burst=at_once.burst * factor)
        more = replace(pattern, requests=pattern.requests * factor, peak=peak)
        yield words, replace(question, pattern=more)
    for words, factor in (
        ("answers half as long", Fraction(1, 2)),
        ("answers twice as long", Fraction(2)),
    ):
        longer = replace(pattern, output=pattern.output * factor)
        prompt = question.prompt._replace(output=ceil(question.prompt.output * factor))
        yield words, replace(question, pattern=longer, prompt=prompt)
    sizes = tuple(part._replace(value=part.value * 2) for part in pattern.sizes)
    yield (
        "prompts twice as long",
        replace(
            question,
            pattern=replace(pattern, input=pattern.input * 2, sizes=sizes),
            prompt=question.prompt._replace(longest=question.prompt.longest * 2),
        ),
    )
    if pattern.caching is not None:
        yield (
            "nothing read from a cache",
            replace(question, pattern=replace(pattern, caching=None)),
        )
    yield from _of_accuracy(question)
    if question.wrong_nusd:
        for words, factor in (("half", Fraction(1, 2)), ("twice", Fraction(2))):
            cost = round(question.wrong_nusd * factor)
            yield f"a wrong answer that costs {words}", replace(question, wrong_nusd=cost)
    if question.budget.ttft_s or question.budget.whole_s:
        waits = question.budget._replace(ttft_s=0.0, whole_s=0.0)
        yield "no budget of time", replace(question, budget=waits)
        half = question.budget._replace(
            ttft_s=question.budget.ttft_s / 2, whole_s=question.budget.whole_s / 2
        )
        yield "half the budget of time", replace(question, budget=half)
    if not question.budget.background:
        yield (
            "nobody waiting for it",
            replace(question, budget=question.budget._replace(background=True)),
        )


def _of_accuracy(question: Question) -> Iterator[tuple[str, Question]]:
    """Each model as seldom and as often right as the tasks it was measured on leave open."""
    if not question.wrong_nusd and question.least_right is None:
        return
    for name, measured in question.right.items():
        if not measured.tasks:
            continue
        for share in bounds(measured):
            words = (
                f"{name} right in {float(share):.1%} of cases, which {measured.tasks:,} tasks"
                " leave open"
            )
            other = measured._replace(right=share)
            yield words, replace(question, right={**question.right, name: other})
