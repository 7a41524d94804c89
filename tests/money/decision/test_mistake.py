"""From which cost of one wrong answer on the dearer model is the better buy."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from headgate.money.decision.mistake import Measured, bounds, exchanges, wrong_nusd

MODELS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.integers(0, 10**12), st.fractions(0, 1, max_denominator=1000)),
    min_size=1,
)


def best(models: dict[str, tuple[int, Fraction]], calls: Fraction, wrong: int) -> set[str]:
    totals = {n: cost + (1 - right) * calls * wrong for n, (cost, right) in models.items()}
    return {name for name, total in totals.items() if total == min(totals.values())}


@given(MODELS, st.integers(1, 10**6))
def test_each_step_pays_from_its_price_on_and_not_below(
    models: dict[str, tuple[int, Fraction]], count: int
) -> None:
    calls = Fraction(count)
    costs = {name: cost for name, (cost, _) in models.items()}
    right = {name: accuracy for name, (_, accuracy) in models.items()}
    for step in exchanges(costs, right, calls):
        pair = {name: models[name] for name in (step.cheaper, step.dearer)}
        assert step.dearer in best(pair, calls, step.pays_from_nusd)
        if step.pays_from_nusd:
            assert step.cheaper in best(pair, calls, step.pays_from_nusd - 1)


@given(MODELS, st.integers(1, 1000), st.integers(0, 10**12))
def test_whatever_a_wrong_answer_costs_a_best_model_stands_on_the_way(
    models: dict[str, tuple[int, Fraction]], count: int, wrong: int
) -> None:
    calls = Fraction(count)
    costs = {name: cost for name, (cost, _) in models.items()}
    right = {name: accuracy for name, (_, accuracy) in models.items()}
    steps = exchanges(costs, right, calls)
    named = {step.cheaper for step in steps} | {step.dearer for step in steps}
    values = {models[name] for name in named}
    if steps:
        assert any(models[name] in values for name in best(models, calls, wrong))


def test_what_wrong_answers_cost() -> None:
    assert wrong_nusd(Fraction(942, 1000), Fraction(1000), 2_000_000_000) == 116_000_000_000


def test_few_tasks_leave_much_open_and_many_little() -> None:
    assert [round(float(it), 4) for it in bounds(Measured(Fraction(471, 500), 500))] == [
        0.9179,
        0.9593,
    ]
    assert [float(it) for it in bounds(Measured(Fraction(1), 10))] == [0.722467, 1.0]
    assert bounds(Measured(Fraction(0), 3))[0] == 0
