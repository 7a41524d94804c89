"""A purse takes from all of its accounts or from none, and settles each to the truth."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.purse import Hold, Need, Purse
from headgate.policy.cap import span
from headgate.policy.holding import Pot, Tap
from headgate.store.bank import ALWAYS

DAY = span("day", 20_000)
MOVED: list[Purse] = []


def purse(money: int = 100, calls: int = 2, tokens: int = 50) -> Purse:
    made = Purse(1, MOVED.append)
    pot = Pot("key:k day", "key:k", DAY, money, "hard")
    pot.granted = money
    made.add_budget(pot)
    slots = Pot("key:k concurrent", "", ALWAYS, calls, "hard")
    slots.granted = calls
    made.add_slots(slots)
    tap = Tap("key:k input_tokens", 600, tokens)
    tap.what, tap.level = "input_tokens", tokens
    made.add_tap(tap)
    return made


def levels(it: Purse) -> tuple[int, int, int]:
    (money, _), (slots, _) = it.pots
    ((tap, _),) = it.taps
    return money.room(), slots.room(), tap.level


NEEDS = st.tuples(st.integers(0, 60), st.just(0), st.integers(0, 120)).map(lambda it: Need(*it))


@given(st.lists(NEEDS, max_size=5))
def test_a_need_is_set_aside_everywhere_or_nowhere(needs: list[Need]) -> None:
    it = purse()
    for need in needs:
        before, short = levels(it), it.short(need)
        hold = it.take(need)
        assert (hold is None) is (short is not None)
        money, calls, tokens = before
        if hold is None:
            assert levels(it) == before
        else:
            assert levels(it) == (
                money - need.worst_nusd,
                calls - 1,
                tokens - need.input_tokens,
            )
        assert all(level >= 0 for level in levels(it))


@given(NEEDS, st.integers(0, 200), st.integers(0, 200))
def test_what_is_settled_is_the_truth_and_only_once(need: Need, tokens: int, cost: int) -> None:
    it = purse(1000, 2, 1000)
    hold = it.take(need)
    assert isinstance(hold, Hold)
    for _ in range(2):
        hold.settle(tokens, 0, cost)
        assert levels(it) == (1000 - cost, 2, 1000 - tokens)
    hold.put_back()
    assert it.pots[0][0].used == cost


@given(NEEDS)
def test_what_is_put_back_was_never_taken(need: Need) -> None:
    it = purse(1000, 2, 1000)
    hold = it.take(need)
    assert hold is not None
    MOVED.clear()
    hold.put_back()
    assert levels(it) == (1000, 2, 1000)
    assert [it] == MOVED


def test_what_needs_nothing_of_an_account_is_not_refused_for_it() -> None:
    it = purse(money=0, tokens=0)
    it.pots[0][0].used = 50  # overdrawn
    assert it.take(Need()) is not None
    assert it.take(Need(worst_nusd=1)) is None


def test_a_purse_knows_what_it_is_for() -> None:
    empty = Purse(1, MOVED.append)
    assert empty.is_empty
    requests = Purse(1, MOVED.append)
    tap = Tap("key:k requests", 60, 10)
    tap.what = "requests"
    requests.add_tap(tap)
    assert not requests.is_empty
    assert not requests.quoted
    assert purse().quoted
    assert purse().until_us == DAY.ends_us()


def test_a_watched_budget_is_charged_and_never_asked() -> None:
    it = Purse(1, MOVED.append)
    pot = Pot("house month", "house", span("month", 20_000), 10, "watch")
    it.add_budget(pot)
    hold = it.take(Need(worst_nusd=10**9))
    assert hold is not None
    hold.settle(0, 0, 70)
    assert pot.used == 70
    assert list(it) == [pot]
