"""The line: bounded, in turn among keys, and it forgets who leaves."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.purse import Hold, Need, Purse, Wish
from headgate.engine.turns import UNHEARD, Turns, Waiter
from headgate.wire.model import Fault, Kind

PURSE = Purse(1, lambda purse: None)


def waiter(key: str) -> Waiter:
    return Waiter(Wish(PURSE, Need(), key), 1.0)


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(0, 30))
async def test_every_key_is_served_before_any_is_served_twice(
    keys: list[str], places: int
) -> None:
    turns = Turns()
    order: list[str] = []
    for key in keys:
        turns.join(waiter(key))

    def take(it: Waiter) -> Hold | None:
        if len(order) == places:
            return None
        order.append(it.wish.key)
        return Hold(PURSE, it.wish.need)

    turns.serve(take)
    assert len(order) == min(places, len(keys))
    assert turns.count == len(keys) - len(order)
    for at in range(len(order)):
        waiting = set(keys) - {key for key in keys if order[:at].count(key) >= keys.count(key)}
        counts = {key: order[:at].count(key) for key in waiting}
        assert counts[order[at]] == min(counts.values())


async def test_within_a_key_the_first_is_first() -> None:
    turns, first, second = Turns(), waiter("a"), waiter("a")
    turns.join(first)
    turns.join(second)
    served: list[Waiter] = []

    def take(it: Waiter) -> Hold | None:
        served.append(it)
        return Hold(PURSE, Need()) if len(served) == 1 else None

    turns.serve(take)
    assert first.served.done()
    assert not second.served.done()
    assert list(turns.everyone()) == [second]


def told(turns: Turns, keys: str) -> list[Waiter]:
    """These have come, and the bank has told them to wait."""
    found = [waiter(key) for key in keys]
    for it in found:
        turns.join(it)
        it.asked = True
    turns.hear()
    return found


async def test_of_each_key_only_so_many_are_told_to_wait() -> None:
    turns = Turns(30, 2)
    *kept, last = told(turns, "aaba")
    assert turns.surplus() == [last]
    turns.leave(last)
    assert turns.surplus() == []
    assert not turns.has_room("a")
    assert turns.has_room("b")
    turns.leave(kept[0])
    assert turns.has_room("a")


@given(st.text("abcd", max_size=40), st.integers(0, 12), st.integers(0, 12))
async def test_the_last_ones_of_the_longest_lines_leave_a_line_that_is_full(
    keys: str, most: int, most_of_key: int
) -> None:
    turns = Turns(most, most_of_key)
    told(turns, keys)
    late = waiter("late")
    turns.join(late)
    for it in turns.surplus():
        turns.leave(it)
    left = [it.wish.key for it in turns.everyone() if it is not late]
    wanted = {key: min(keys.count(key), most_of_key) for key in set(keys)}
    assert len(left) == min(sum(wanted.values()), most)
    for key, count in wanted.items():
        if left.count(key) < count:  # somebody of this key had to go: nobody's line is longer
            assert left.count(key) >= max(left.count(each) for each in "abcd") - 1
    assert late in turns.everyone()  # it has not even heard yet whether it must wait


async def test_whoever_waits_for_the_banks_first_word_is_bounded_too() -> None:
    turns = Turns(3, 2)
    for _ in range(UNHEARD):
        assert turns.has_room("a")
        turns.join(waiter("a"))
    assert not turns.has_room("b")
    told(turns, "a")
    assert not turns.has_room("a")
    assert not turns.has_room("b")


async def test_ones_own_time_counts_from_the_banks_word_on() -> None:
    one = waiter("a")
    async with asyncio.timeout(100) as one.patience:
        patience = one.patience
        one.heard(0.75)
        when = patience.when()
        assert when is not None
        assert 0.2 < when - asyncio.get_running_loop().time() <= 0.25
        one.heard(0.0)  # once
        assert patience.when() == when
        await asyncio.sleep(0)


async def test_who_leaves_is_forgotten_and_leaving_twice_is_no_harm() -> None:
    turns, one = Turns(), waiter("a")
    turns.join(one)
    turns.leave(one)
    turns.leave(one)
    assert turns.count == 0
    assert list(turns.everyone()) == []


async def test_what_is_given_to_one_who_has_left_is_put_back() -> None:
    put_back: list[Purse] = []
    purse = Purse(1, put_back.append)
    one = waiter("a")
    one.served.cancel()
    one.serve(Hold(purse, Need()))
    assert put_back == [purse]
    other = waiter("a")
    other.serve(Hold(purse, Need()))
    other.give_back()
    assert put_back == [purse, purse]


async def test_a_refusal_reaches_who_waits_and_nobody_else() -> None:
    one, gone = waiter("a"), waiter("a")
    gone.served.cancel()
    fault = Fault(Kind.RATE_LIMITED, "no")
    for it in (one, gone):
        it.refuse(fault)
        it.give_back()
    assert one.served.exception() is fault
