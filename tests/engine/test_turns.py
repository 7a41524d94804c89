"""The line: bounded, in turn among keys, and it forgets who leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.purse import Hold, Need, Purse, Wish
from headgate.engine.turns import Turns, Waiter
from headgate.wire.model import Fault, Kind

PURSE = Purse(1, lambda purse: None)


def waiter(key: str) -> Waiter:
    return Waiter(Wish(PURSE, Need(), key), 1.0)


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(0, 30))
async def test_every_key_is_served_before_any_is_served_twice(
    keys: list[str], places: int
) -> None:
    turns, order = Turns(), []
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


async def test_the_line_is_bounded_in_all_and_for_each_key() -> None:
    turns = Turns(3, 2)
    turns.join(waiter("a"))
    turns.join(waiter("a"))
    assert not turns.has_room("a")
    assert turns.has_room("b")
    turns.join(waiter("b"))
    assert not turns.has_room("c")
    turns.bound(4, 2)
    assert turns.has_room("c")


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
