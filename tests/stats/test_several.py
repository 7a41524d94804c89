"""What is said of several answers to each question holds as often as it is said to."""

from __future__ import annotations

import random
from itertools import combinations, product
from math import sqrt
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.stats.several import (
    Said,
    clustered,
    difference,
    fewest,
    independent,
    mean,
    needed,
    pass_at,
    questions_needed,
    sign_flips,
    spread_of,
)
from headgate.stats.share import wilson

SAIDS = st.integers(1, 6).flatmap(lambda n: st.builds(Said, st.integers(0, n), st.just(n)))


@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(
    asked: int, k: int, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, asked))
    if k > asked:
        with pytest.raises(ValueError, match="at least"):
            pass_at(Said(right, asked), k)
        return
    answers = [True] * right + [False] * (asked - right)
    draws = list(combinations(answers, k))
    assert pass_at(Said(right, asked), k) == pytest.approx(fmean(any(it) for it in draws))


def test_pass_at_5_of_ten_with_three_right_is_the_published_one() -> None:
    assert pass_at(Said(3, 10), 5) == pytest.approx(0.9167, abs=1e-4)


@given(st.lists(SAIDS, min_size=2, max_size=30))
def test_intervals_hold_their_mean_and_stay_within_reason(answers: list[Said]) -> None:
    low, high = clustered(answers)
    assert 0 <= low <= mean(answers) + 1e-12
    assert mean(answers) - 1e-12 <= high <= 1
    assert low < high


@given(st.lists(SAIDS, min_size=2, max_size=30), st.lists(SAIDS, min_size=2, max_size=30))
def test_a_difference_turns_round_with_its_models(one: list[Said], other: list[Said]) -> None:
    count = min(len(one), len(other))
    low, high = difference(one[:count], other[:count])
    back = difference(other[:count], one[:count])
    assert (low, high) == pytest.approx((-back.high, -back.low))
    assert -1 <= low <= high <= 1


def test_answers_that_are_all_alike_are_worth_one_a_question() -> None:
    assert independent([1.0, 0.0] * 50, 500) == pytest.approx(100, rel=0.02)
    assert clustered([Said(5, 5), Said(0, 5)] * 50) == pytest.approx(wilson(50, 100), abs=0.005)


def beta(dice: random.Random, share: float, alike: float) -> float:
    rest = 1 / alike - 1
    return dice.betavariate(share * rest, (1 - share) * rest)


def answered(dice: random.Random, chances: list[float], samples: int) -> list[Said]:
    return [Said(sum(dice.random() < p for _ in range(samples)), samples) for p in chances]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "samples", "share", "alike"),
    [
        (100, 5, 0.94, 0.6),
        *(
            pytest.param(*it, marks=pytest.mark.soak)
            for it in ((100, 5, 0.8, 0.3), (30, 5, 0.5, 0.6), (164, 1, 0.9, 0.5))
        ),
    ],
)
def test_over_two_thousand_benchmarks_the_interval_covers_as_promised(
    tasks: int, samples: int, share: float, alike: float
) -> None:
    dice = random.Random(f"{tasks}{samples}{share}")  # noqa: S311
    covered = 0
    for _ in range(2000):
        chances = [beta(dice, share, alike) for _ in range(tasks)]
        low, high = clustered(answered(dice, chances, samples))
        covered += low <= share <= high
    assert 0.93 <= covered / 2000 <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shares", "both"),
    [
        ((0.9, 0.9), 0.5),
        *(
            pytest.param(*it, marks=pytest.mark.soak)
            for it in (((0.78, 0.94), 0.7), ((0.5, 0.45), 0.9))
        ),
    ],
)
def test_over_two_thousand_comparisons_the_difference_is_covered(
    shares: tuple[float, float], both: float
) -> None:
    dice = random.Random(str(shares))  # noqa: S311
    covered = found = 0
    for _ in range(2000):
        hard = [dice.random() for _ in range(100)]
        chances = [
            [min(1.0, max(0.0, s + 0.4 * min(s, 1 - s) * (2 * h - 1) * both)) for h in hard]
            for s in shares
        ]
        one, other = (answered(dice, it, 5) for it in chances)
        low, high = difference(one, other)
        covered += low <= shares[1] - shares[0] <= high
        if shares[0] == shares[1]:
            found += sign_flips(one, other).both <= 0.05
    assert 0.93 <= covered / 2000 <= 0.98
    if shares[0] == shares[1]:
        assert found / 2000 <= 0.06


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SAIDS, SAIDS), min_size=1, max_size=9))
def test_turned_signs_are_counted_one_by_one(pairs: list[tuple[Said, Said]]) -> None:
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    steps = [b.share - a.share for a, b in pairs]
    total = sum(steps)
    sums = [
        sum(s * d for s, d in zip(signs, steps, strict=True))
        for signs in product((1, -1), repeat=len(steps))
    ]
    flips = sign_flips(one, other)
    assert flips.both == pytest.approx(fmean(abs(it) >= abs(total) - 1e-9 for it in sums))
    assert flips.worse == pytest.approx(fmean(it <= total + 1e-9 for it in sums))
    assert flips.better == pytest.approx(fmean(it >= total - 1e-9 for it in sums))


def test_one_answer_each_is_mcnemars_test() -> None:
    one = [Said(1, 1)] * 9 + [Said(0, 1)] * 24 + [Said(1, 1)] * 50
    other = [Said(0, 1)] * 9 + [Said(1, 1)] * 24 + [Said(1, 1)] * 50
    assert sign_flips(one, other).both == pytest.approx(0.0135, abs=1e-4)


@pytest.mark.slow
def test_as_many_questions_as_are_needed_show_it_as_often_as_was_promised() -> None:
    dice = random.Random(5)  # noqa: S311
    spread = spread_of(0.8, 5, 0.3, both=0.0)
    count = needed(spread, 0.08, asked=5)
    shown = 0
    for _ in range(400):
        chances = [[beta(dice, s, 0.3) for _ in range(count)] for s in (0.76, 0.84)]
        one, other = (answered(dice, it, 5) for it in chances)
        shown += sign_flips(one, other).both <= 0.05
    assert 0.8 - 0.06 <= shown / 400 <= 0.8 + 3 * sqrt(0.16 / 400)


@pytest.mark.parametrize(("asked", "least"), [(1, 0.05), (2, 0.05), (5, 0.05)])
def test_answers_that_never_differed_still_need_questions_enough_to_show_it(
    asked: int, least: float
) -> None:
    """A sixth question that differs is the first with which chance is below one in twenty."""
    same = [Said(asked, asked)] * 12
    differing = questions_needed(same, same, least) * min(1.0, least * asked)
    assert differing >= 5.5
    assert sign_flips([Said(0, 1)] * 6, [Said(1, 1)] * 6).both <= 0.05
    assert sign_flips([Said(0, 1)] * 5, [Said(1, 1)] * 5).both > 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("samples", "one", "other"), [(1, 0.7, 0.3), (5, 0.9, 0.2)])
def test_of_a_large_difference_as_many_questions_as_are_needed_show_it_as_often(
    samples: int, one: float, other: float
) -> None:
    dice = random.Random(f"{samples} {one}")  # noqa: S311
    spread = spread_of(one, samples, 0.3, both=0.0, other=other)
    count = needed(spread, one - other, asked=samples)
    shown = 0
    for _ in range(400):
        chances = [[beta(dice, s, 0.3) for _ in range(count)] for s in (one, other)]
        first, second = (answered(dice, it, samples) for it in chances)
        shown += sign_flips(first, second).both <= 0.05
    assert shown / 400 >= 0.8 - 0.06


@pytest.mark.parametrize("level", [0.1, 0.05, 0.025, 0.01, 0.001])
def test_on_fewer_questions_than_the_fewest_nothing_is_shown(level: float) -> None:
    count = fewest(level)
    assert sign_flips([Said(0, 1)] * count, [Said(1, 1)] * count).better <= level
    few = count - 1
    assert sign_flips([Said(0, 1)] * few, [Said(1, 1)] * few).better > level
    assert needed(0.0, 1.0, sureness=1 - 2 * level) >= count


def test_a_stricter_level_needs_more_questions() -> None:
    one, other = [Said(3, 5)] * 10 + [Said(2, 5)] * 10, [Said(4, 5)] * 15 + [Said(1, 5)] * 5
    assert questions_needed(one, other, 0.1, sureness=0.99) > questions_needed(one, other, 0.1)
