"""Where a call goes: it stays where its cache is, and never where no room is known to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.choice import (
    EMPTIEST,
    LONGEST_WORTH_S,
    TOKENS_PER_S,
    Option,
    Pick,
    choose,
    grade,
    worth_s,
)

WAITS = st.one_of(st.just(0.0), st.just(float("inf")), st.floats(0.001, 500))
OPTIONS = st.builds(Option, WAITS, st.floats(-3, 1))
PLACES = [0, 1, 2, 3]
MANY = st.lists(OPTIONS, min_size=4, max_size=4)
ORDER = st.permutations(PLACES)
WORTH = st.floats(0, LONGEST_WORTH_S)
REFUSED = st.sets(st.sampled_from(PLACES))


@given(ORDER, MANY, st.sampled_from(PLACES), WORTH)
def test_a_warm_conversation_stays_while_its_account_can_take_it(
    order: list[int], options: list[Option], warm_at: int, worth: float
) -> None:
    options[warm_at] = Option(0.0, options[warm_at].share)
    assert choose(order, options, warm_at, worth) == Pick(warm_at)


@given(ORDER, st.floats(0.001, 1), st.sampled_from(PLACES))
def test_at_equal_headroom_nothing_moves(order: list[int], share: float, warm_at: int) -> None:
    equal = [Option(0.0, share)] * 4
    assert choose(order, equal).at == order[0]
    assert choose(order, equal, warm_at).at == warm_at


@given(ORDER, MANY, st.sampled_from([-1, *PLACES]), WORTH, REFUSED)
def test_nobody_is_asked_beyond_what_is_left_while_another_has_room(
    order: list[int], options: list[Option], warm_at: int, worth: float, refused: set[int]
) -> None:
    at, wait_s, worthwhile = choose(order, options, warm_at, worth, refused)
    assert wait_s == options[at].wait_s
    left = [each for each in order if each not in refused] or order
    assert at in left
    if wait_s and any(options[each].wait_s <= 0 for each in left):
        assert (at, wait_s <= worth, worthwhile) == (warm_at, True, True)
    elif wait_s and at != warm_at:
        assert wait_s == min(options[each].wait_s for each in left)


@given(ORDER, MANY, WORTH)
def test_a_short_account_sheds_cold_conversations_before_warm_ones(
    order: list[int], options: list[Option], worth: float
) -> None:
    short = order[0]
    options[short] = Option(worth, -0.5)
    options[order[1]] = Option(0.0, 0.5)
    if worth:
        assert choose(order, options).at != short
    assert choose(order, options, short, worth)[:2] == (short, worth)


@given(ORDER, MANY, WORTH)
def test_a_warm_conversation_moves_when_waiting_costs_more_than_its_cache(
    order: list[int], options: list[Option], worth: float
) -> None:
    options[order[0]] = Option(worth + 0.1)
    options[order[1]] = Option(0.0)
    assert choose(order, options, order[0], worth).at != order[0]


def test_a_cold_conversation_goes_where_twice_as_much_is_left() -> None:
    assert choose([0, 1], [Option(0.0, 0.6), Option(0.0, 0.9)]).at == 0
    assert choose([0, 1], [Option(0.0, 0.3), Option(0.0, 0.9)]).at == 1
    assert choose([0, 1], [Option(0.0, 0.01), Option(0.0, 0.03)]).at == 1


@pytest.mark.parametrize(
    ("share", "halved"),
    [(1.0, 0), (0.5, 0), (0.49, 1), (0.25, 1), (0.2, 2), (0.0, EMPTIEST), (-1.0, EMPTIEST)],
)
def test_what_is_left_is_graded_by_halves(share: float, halved: int) -> None:
    assert grade(share) == halved


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_more_left_is_never_a_worse_grade(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert grade(high) <= grade(low)


def test_a_cache_is_worth_a_second_for_every_ten_thousand_tokens() -> None:
    assert worth_s(0) == 0
    assert worth_s(3 * TOKENS_PER_S) == 3
    assert worth_s(10**9) == LONGEST_WORTH_S
