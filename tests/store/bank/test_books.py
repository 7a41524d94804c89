"""What one process is granted follows from what is said of all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.bucket import Bucket
from headgate.policy.cap import FOREVER, Span
from headgate.store.bank import ALWAYS, Answer, Flow, Stock
from headgate.store.bank.books import (
    DAY_US,
    LATE_US,
    Books,
    Held,
    decide,
    flows_of,
    leases_of,
    spends_of,
)

DAY = Span(20_000, 20_000)
amounts = st.integers(0, 10**12)
people = st.dictionaries(st.integers(0, 5), amounts, max_size=6)


def stock(hold: int, least: int = 1, cap: int = 100, span: Span = DAY) -> Stock:
    return Stock("key:k day", "key:k", span, cap, hold, least)


@given(hold=amounts, least=amounts, cap=amounts, leases=people, spends=people)
def test_a_grant_never_goes_beyond_what_the_others_leave(
    hold: int, least: int, cap: int, leases: dict[int, int], spends: dict[int, int]
) -> None:
    ask = stock(hold, least, cap)
    before, others = leases.get(1, 0), 0
    for n in (leases.keys() | spends.keys()) - {1}:
        others += max(leases.get(n, 0), spends.get(n, 0))
    books = Books(0, {("key:k day", 20_000): dict(leases)}, {("key:k", *DAY): spends}, {})
    (answer,) = decide([ask], 1, books).answers
    assert answer.granted <= max(cap - others, min(before, hold))
    assert answer.granted <= max(hold, 0)
    assert answer.granted >= min(before, hold)
    assert answer.spent == sum(spends.values())
    assert answer.free == cap - others - max(answer.granted, spends.get(1, 0))


def test_only_what_has_changed_is_to_be_written() -> None:
    books = Books(
        10**15,
        {("key:k day", 20_000): {1: 7}},
        {},
        {"a": Bucket(5_000, 10**15), "b": Bucket(0, 10**15)},
    )
    asks: list[Stock | Flow] = [stock(7), Flow("a", 60, 10, 1, 1), Flow("b", 60, 10, 1, 1)]
    decision = decide(asks, 1, books)
    assert decision.leases == {}
    assert decision.flows == {"a": Bucket(4_000, 10**15)}


def test_everybody_names_things_in_one_order_and_once() -> None:
    asks: list[Stock | Flow] = [
        stock(1),
        stock(2),
        Flow("b", 1, 1, 1, 1),
        Flow("a", 1, 1, 1, 1),
    ]
    asks.append(Stock("a pot", "", ALWAYS, 1, 1, 1))
    assert leases_of(asks) == [("a pot", -1), ("key:k day", 20_000)]
    assert spends_of(asks) == [("key:k", 20_000, 20_000)]
    assert flows_of(asks) == ["a", "b"]


def test_a_share_is_over_an_hour_after_its_span_if_the_next_is_asked_for() -> None:
    held = Held()
    held.note([stock(5)], [Answer(5, 0)])
    tomorrow = stock(1, span=Span(20_001, 20_001))
    midnight = 20_001 * DAY_US
    assert held.over([tomorrow], midnight + LATE_US) == []
    assert held.over([tomorrow], midnight + LATE_US + 1) == [("key:k day", 20_000)]
    assert held.over([tomorrow, stock(5)], midnight + LATE_US + 1) == []
    assert held.over([], midnight + 10 * LATE_US) == []
    held.drop([("key:k day", 20_000)])
    assert held.granted == {}


def test_a_total_and_calls_at_once_are_never_over() -> None:
    held = Held()
    asks = [stock(5, span=Span(0, FOREVER)), Stock("c", "", ALWAYS, 9, 5, 1)]
    held.note(asks, [Answer(5, 0), Answer(5, 0)])
    assert held.over(asks, 10**18) == []


def test_of_a_grant_that_is_in_doubt_the_smaller_counts() -> None:
    held = Held()
    held.note([stock(50)], [Answer(50, 0)])
    held.doubt([stock(80)])
    assert list(held.granted.values()) == [50]
    held.doubt([stock(20)])
    assert list(held.granted.values()) == [20]
    held.doubt([stock(0)])
    assert held.granted == {}
