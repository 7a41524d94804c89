"""The cheapest that fits is taken, with its reasons, and with what would turn the choice."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from headgate.money.decision.mistake import Measured
from headgate.money.decision.pace import Budget, Times, keep
from headgate.money.decision.room import Prompt, fit
from headgate.money.decision.verdict import Candidate, Load, Need, choose, turned

USD = 1_000_000_000
FREE = Load(fits=True, why="")
PROMPT = Prompt(longest=1000, output=100)


def one(
    name: str,
    usd: int,
    *,
    window: int = 200_000,
    ttft: float = 0.5,
    load: Load = FREE,
    right: float | None = None,
) -> Candidate:
    pace = keep(Times(ttft_slow_s=ttft), Budget(ttft_s=1.0), 100)
    measured = Measured(Fraction(right).limit_denominator(1000), 500) if right else None
    return Candidate(name, usd * USD, fit(PROMPT, window, None), pace, load, measured)


def test_the_cheapest_is_taken_and_told_beside_the_next() -> None:
    verdict = choose([one("a", 300), one("b", 200)], Need(Fraction(1000)))
    assert verdict.choice == "b"
    assert "the next, a, costs $100.00 more" in verdict.reasons
    assert "until its price rises by 50%" in " ".join(verdict.reasons)


def test_a_late_one_a_small_one_and_a_limited_one_are_out_with_their_reasons() -> None:
    verdict = choose(
        [
            one("late", 1, ttft=3),
            one("small", 2, window=900),
            one("limited", 3, load=Load(fits=False, why="peak 9,000 a minute, limit 4,000")),
            one("good", 50),
        ],
        Need(Fraction(1000)),
    )
    assert verdict.choice == "good"
    out = {it.candidate.name: it.out for it in verdict.weighed if it.out}
    assert out.keys() == {"late", "small", "limited"}
    assert "late would be cheaper, but the first token comes after 3.00 s" in " ".join(
        verdict.reasons
    )


def test_background_work_waits_and_is_not_limited_by_its_bursts() -> None:
    limited = one("limited", 3, load=Load(fits=False, why="too sharp a burst"))
    assert choose([limited, one("dear", 50)], Need(Fraction(9), background=True)).choice == (
        "limited"
    )


def test_a_dear_mistake_pays_for_the_dearer_model() -> None:
    both = [one("cheap", 100, right=0.90), one("dear", 400, right=0.95)]
    below = choose(both, Need(Fraction(10_000), wrong_nusd=int(0.5 * USD)))
    above = choose(both, Need(Fraction(10_000), wrong_nusd=1 * USD))
    assert (below.choice, above.choice) == ("cheap", "dear")
    (step,) = above.steps
    assert (step.cheaper, step.dearer, step.pays_from_nusd) == ("cheap", "dear", int(0.6 * USD))


def test_a_model_nobody_measured_does_not_win_by_that() -> None:
    verdict = choose(
        [one("unknown", 1), one("known", 100, right=0.9)],
        Need(Fraction(1000), wrong_nusd=1 * USD),
    )
    assert verdict.choice == "known"


def test_one_that_is_right_too_seldom_is_out() -> None:
    verdict = choose(
        [one("cheap", 1, right=0.8), one("dear", 100, right=0.95)],
        Need(Fraction(1000), least_right=Fraction(9, 10)),
    )
    assert verdict.choice == "dear"


def test_nothing_that_fits_is_said() -> None:
    verdict = choose([one("late", 1, ttft=3)], Need(Fraction(1)))
    assert verdict.choice == ""
    assert "none of them can be taken" in verdict.reasons[0]


def test_changes_that_turn_the_choice_are_told_and_the_others_counted() -> None:
    need = Need(Fraction(1000))
    verdict = turned(
        choose([one("a", 300), one("b", 200)], need),
        {
            "twice the calls": lambda: ([one("a", 600), one("b", 400)], need),
            "b at twice the price": lambda: ([one("a", 300), one("b", 400)], need),
        },
    )
    assert [(it.change, it.choice) for it in verdict.turns] == [("b at twice the price", "a")]
    assert len(verdict.tried) == 2


def test_of_two_that_cost_the_same_the_one_of_which_more_is_known_goes_first() -> None:
    limits = Load(fits=None, why="its rate limits are not known")
    verdict = choose([one("a", 5, load=limits), one("b", 5)], Need(Fraction(1)))
    assert verdict.choice == "b"
    assert "a costs the same; of that one, its rate limits are not known" in verdict.reasons
    slow = Candidate("a", 5 * USD, fit(PROMPT, 9_000, None), keep(Times(), Budget(), 1), FREE)
    assert choose([slow, one("b", 5)], Need(Fraction(1))).choice == "b"  # unknown is not fast
    twins = choose([one("a", 5), one("b", 5)], Need(Fraction(1)))
    assert "b costs the same; nothing that was said tells the two apart" in twins.reasons


def test_what_is_not_known_of_the_choice_stands_among_its_reasons() -> None:
    limits = Load(fits=None, why="its rate limits are not known")
    verdict = choose([one("a", 5, load=limits), one("b", 50)], Need(Fraction(1)))
    assert "not certain: its rate limits are not known" in verdict.reasons


def test_a_limit_of_spend_holds_for_background_work_too() -> None:
    limited = one("a", 3, load=Load(fits=False, why="spend", spent="$9 are more than $5"))
    verdict = choose([limited, one("b", 50)], Need(Fraction(9), background=True))
    assert verdict.choice == "b"
    assert verdict.weighed[-1].out == ("$9 are more than $5",)


COSTS = st.lists(st.tuples(st.integers(1, 10_000), st.booleans()), min_size=1, max_size=6)


@given(COSTS)
def test_no_model_that_fits_is_cheaper_than_the_choice(many: list[tuple[int, bool]]) -> None:
    models = [
        one(f"m{at}", usd, ttft=0.5 if fits else 9.0) for at, (usd, fits) in enumerate(many)
    ]
    verdict = choose(models, Need(Fraction(100)))
    able = [usd for usd, fits in many if fits]
    chosen = {it.name: it.monthly_nusd for it in models}.get(verdict.choice)
    assert chosen == (min(able) * USD if able else None)
