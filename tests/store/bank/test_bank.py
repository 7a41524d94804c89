"""What a bank promises, whichever it is: each promise on SQLite, PostgreSQL and Redis."""

from __future__ import annotations

import pytest

from headgate.policy.cap import Span
from headgate.store.bank import ALWAYS, BankError, Flow, OwnerGone, Stock
from tests.store.bank.world import World

pytestmark = pytest.mark.slow

DAY = Span(20_000, 20_000)


def stock(hold: int, least: int = 1, cap: int = 100, span: Span = DAY) -> Stock:
    return Stock("key:k day", "key:k", span, cap, hold, least)


def at_once(hold: int, cap: int = 10) -> Stock:
    return Stock("key:k concurrent", "", ALWAYS, cap, hold, 1)


def flow(take: int, least: int = 1, per_minute: int = 600, burst: int = 10) -> Flow:
    return Flow("key:k requests", per_minute, burst, take, least)


def test_a_share_is_granted_and_nobody_else_gets_it(world: World) -> None:
    a, b = world.start(), world.start()
    assert a.bank.exchange([stock(70)])[0][:3] == (70, 30, 0)
    assert b.bank.exchange([stock(70)])[0][:3] == (30, 0, 0)
    assert a.bank.exchange([stock(80)])[0][:3] == (70, 0, 0)


def test_less_than_would_be_of_use_is_not_granted(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(70)])
    assert b.bank.exchange([stock(70, least=31)])[0][:2] == (0, 30)


def test_what_is_wished_for_no_more_is_another_s(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(100)])
    assert a.bank.exchange([stock(20)])[0].granted == 20
    assert b.bank.exchange([stock(90)])[0].granted == 80


def test_a_commit_of_rows_moves_no_lease(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(60)])
    world.commit(a, [("key:k", DAY.first, 50, -1)])
    assert b.bank.exchange([stock(100)])[0].granted == 40
    assert a.bank.exchange([stock(60)])[0].granted == 60


def test_what_was_spent_beyond_a_grant_counts(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(10)])
    world.commit(a, [("key:k", DAY.first, 130, -1)])
    (answer,) = b.bank.exchange([stock(100)])
    assert answer[:3] == (0, -30, 130)


def test_a_cap_made_smaller_takes_nothing_away_and_grants_nothing(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(60)])
    assert a.bank.exchange([stock(70, cap=50)])[0][:2] == (60, -10)
    assert b.bank.exchange([stock(1, cap=50)])[0].granted == 0
    assert a.bank.exchange([stock(20, cap=50)])[0][:2] == (20, 30)


def test_only_spend_within_the_span_counts(world: World) -> None:
    a = world.start()
    rows = [("key:k", day, 10, -1) for day in (19_999, 20_000, 20_001)]
    world.commit(a, rows)
    assert a.bank.exchange([stock(0)])[0].spent == 10
    assert a.bank.exchange([stock(0, span=Span(19_999, 20_001))])[0].spent == 30


def test_calls_at_once_are_shared_too(world: World) -> None:
    a, b = world.start(), world.start()
    assert a.bank.exchange([at_once(7)])[0][:2] == (7, 3)
    assert b.bank.exchange([at_once(7)])[0][:2] == (3, 0)


def test_the_dead_hold_their_share_until_they_are_buried(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(80), at_once(8)])
    world.commit(a, [("key:k", DAY.first, 20, -1)], [("key:k", DAY.first, 15)])
    world.die(a)
    before = b.bank.exchange([stock(100), at_once(10)])
    assert [answer.granted for answer in before] == [20, 2]
    world.bury()
    settle(world)
    after = b.bank.exchange([stock(100), at_once(10)])
    assert [answer.granted for answer in after] == [65, 10]
    assert after[0].spent == 35


def settle(world: World) -> None:
    """Let Redis' reading of PostgreSQL grow old."""
    for process in world.processes:
        if hasattr(process.bank, "_reading"):
            process.bank._reading = None


def test_whoever_leaves_gives_everything_back(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(80), at_once(8)])
    world.leave(a)
    settle(world)
    after = b.bank.exchange([stock(100), at_once(10)])
    assert [answer.granted for answer in after] == [100, 10]


def test_whoever_was_buried_is_told_and_holds_nothing(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(80)])
    world.connection.execute("DELETE FROM lease WHERE owner = ?", (a.owner.n,))
    world.connection.execute("DELETE FROM owner WHERE n = ?", (a.owner.n,))
    settle(world)
    assert b.bank.exchange([stock(100)])[0].granted == 100
    with pytest.raises(OwnerGone):
        a.bank.exchange([stock(80)])


def test_who_is_not_signed_in_gets_no_share(world: World) -> None:
    a = world.start()
    world.leave(a)
    with pytest.raises(BankError):
        a.bank.exchange([stock(1)])


def test_a_flow_gives_its_burst_and_then_what_time_brings(world: World) -> None:
    a, b = world.start(), world.start()
    assert a.bank.exchange([flow(8)])[0][:2] == (8, 2)
    assert b.bank.exchange([flow(8)])[0].granted == 2
    none = b.bank.exchange([flow(8, least=8)])[0]
    assert none.granted == 0
    assert 0.5 < none.wait_s <= 0.8
    world.pass_time(500_000)
    assert 5 <= a.bank.exchange([flow(8)])[0].granted <= 6


def test_what_is_given_back_to_a_flow_can_be_taken(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([flow(10)])
    assert a.bank.exchange([flow(-4)])[0].granted == -4
    assert 4 <= b.bank.exchange([flow(10)])[0].granted <= 5


def test_a_take_larger_than_the_bucket_is_granted_of_a_full_one_and_owed(world: World) -> None:
    a = world.start()
    assert a.bank.exchange([flow(30, least=30)])[0][:2] == (30, -20)
    assert 2.5 < a.bank.exchange([flow(30, least=30)])[0].wait_s <= 3.0


def test_asks_of_one_exchange_are_answered_in_their_order(world: World) -> None:
    a = world.start()
    answers = a.bank.exchange([stock(60), flow(4), stock(100), flow(9)])
    assert [answer.granted for answer in answers] == [60, 4, 100, 6]


def test_shares_of_a_span_that_is_over_are_given_back_with_the_next(world: World) -> None:
    a, b = world.start(), world.start()
    a.bank.exchange([stock(100)])
    a.bank.exchange([stock(10, span=Span(20_001, 20_001))])
    assert b.bank.exchange([stock(100)])[0].granted == 100


def test_a_share_of_an_old_span_that_is_still_asked_for_stays(world: World) -> None:
    a, b = world.start(), world.start()
    both = [stock(30), stock(10, span=Span(20_001, 20_001))]
    a.bank.exchange(both)
    a.bank.exchange(both)
    assert b.bank.exchange([stock(100)])[0].granted == 70


@pytest.mark.parametrize("hold", [2**53 + 1, 2**60 + 7])
def test_sums_beyond_every_budget_are_never_overdrawn(world: World, hold: int) -> None:
    a, b = world.start(), world.start()
    cap = 2 * hold - 5
    assert a.bank.exchange([stock(hold, cap=cap)])[0].granted == hold
    assert hold * 0.999999 < b.bank.exchange([stock(hold, cap=cap)])[0].granted <= hold - 5


def test_any_name_of_a_pot_is_a_name(world: World) -> None:
    a = world.start()
    for name in ('team:"t" {1,2} day', "tag:a\\b'c day", "tag:ü% day", "(x) %s day"):
        ask = Stock(name, name, DAY, 10, 4, 1)
        assert a.bank.exchange([ask, Flow(name, 60, 5, 2, 1)])[0][:2] == (4, 6)
        assert a.bank.exchange([ask, Flow(name, 60, 5, 2, 1)])[1].free == 1


def test_nothing_asked_is_nothing_answered(world: World) -> None:
    assert world.start().bank.exchange([]) == []
