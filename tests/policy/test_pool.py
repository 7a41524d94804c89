"""Conversations keep to their accounts; what vendors tell and refuse moves those it must."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy.choice import Pick
from headgate.policy.headroom import Draw
from headgate.policy.health import LIMITED_S
from headgate.policy.pool import FRESH_S, KNOWN, Ask, Pool, Trip
from headgate.policy.quarantine import FIRST_S
from headgate.policy.warmth import SHORT_S, Seen
from headgate.wire.headroom import Gauge, Told
from headgate.wire.model import Usage

NAMES = ("A", "B", "C")
SIZE = 4000
CACHED = Usage(input_fresh=100, cache_read=900, output=50)


def ask(conversation: bytes = b"it", size: int = SIZE, model: str = "m") -> Ask:
    return Ask("p", model, NAMES, conversation, size)


def told(left: int, limit: int = 60_000) -> Told:
    return Told((Gauge("input_tokens", limit, left, -1.0),), spares_cached=True)


def answer(pool: Pool, trip: Trip, now: float, left: int = 60_000) -> bool:
    pool.hear(trip, told(left), now, counted=True)
    return pool.finish(trip, Seen(CACHED, SIZE, automatic=False), 50, now)


def go(pool: Pool, now: float, it: Ask | None = None) -> Trip:
    it = it or ask()
    return pool.send(it, pool.choose(it, now).at, now)


def test_a_conversation_stays_and_comes_back_to_its_own_account() -> None:
    pool = Pool()
    first = go(pool, 0.0)
    answer(pool, first, 1.0)
    assert {go(pool, float(now)).account for now in range(2, 40)} == {first.account}
    assert go(pool, 10 * SHORT_S).account == first.account


def test_one_that_had_to_move_stays_where_it_went_while_that_is_warm() -> None:
    pool = Pool()
    own = go(pool, 0.0)
    pool.limit(own, 5.0, 0.0)
    moved = go(pool, 0.0)
    assert moved.account != own.account
    answer(pool, moved, 1.0)
    assert go(pool, 60.0).account == moved.account
    assert go(pool, 60.0 + SHORT_S).account == own.account


def test_a_limited_account_is_left_alone_as_long_as_it_asks_and_for_one_model() -> None:
    pool = Pool()
    own = go(pool, 0.0)
    pool.limit(own, 30.0, 0.0)
    assert go(pool, 29.0).account != own.account
    other = ask(model="other")
    assert pool.choose(other, 1.0).at == pool.choose(other, 10**6).at
    assert own.room.wait_s(Draw(1), 10.0) == 20.0
    again = go(pool, 0.0, ask(b"silent"))
    pool.limit(again, None, 0.0)
    assert again.room.open_at >= LIMITED_S


def test_without_a_time_a_limited_account_is_left_until_its_limits_allow_it() -> None:
    pool = Pool()
    trip = go(pool, 0.0)
    pool.hear(trip, Told((Gauge("requests", 60, 0, 30.0),)), 0.0, counted=False)
    pool.limit(trip, None, 0.0)
    assert trip.room.open_at == pytest.approx(0.5)


def test_a_cold_conversation_goes_where_most_is_left() -> None:
    pool = Pool()
    seen: dict[str, int] = {}
    for number in range(40):
        trip = go(pool, 0.0, ask(b"%d" % number))
        left = 1000 if trip.account == "A" else 60_000
        answer(pool, trip, 0.0, left)
        seen[trip.account] = seen.get(trip.account, 0) + 1
    assert seen["A"] == 1
    assert set(seen) == set(NAMES)


def test_a_warm_conversation_waits_as_long_as_its_cache_is_worth_and_then_moves() -> None:
    pool = Pool()
    big, tokens = 400_000, 100_000
    usage = Usage(input_fresh=2000, cache_read=tokens - 2000, output=50)
    own = go(pool, 0.0, ask(size=big))
    pool.hear(own, told(60_000), 0.0, counted=True)
    pool.finish(own, Seen(usage, big, automatic=False), 50, 0.0)
    pool.limit(go(pool, 0.0, ask(size=big)), 6.0, 0.0)
    pick = pool.choose(ask(size=big), 0.0)
    assert NAMES[pick.at] == own.account
    assert pick.wait_s == pytest.approx(6.0, abs=0.2)
    impatient = pool.choose(ask(size=big), 0.0, waited_s=5.0)
    assert NAMES[impatient.at] != own.account
    assert impatient.wait_s == 0


def test_where_all_are_short_the_call_waits_for_the_first_that_is_not() -> None:
    pool = Pool()
    waits = {"A": 9.0, "B": 4.0, "C": 7.0}
    for at, name in enumerate(NAMES):
        pool.limit(pool.send(ask(), at, 0.0), waits[name], 0.0)
    pick = pool.choose(ask(b"new"), 1.0)
    assert NAMES[pick.at] == "B"
    assert pick.wait_s == pytest.approx(3.0)
    assert pool.wait_s(ask(b"new"), 1.0) == pytest.approx(3.0)
    pool.reopen()
    assert pool.wait_s(ask(b"new"), 1.0) == 0


def test_configured_limits_count_as_the_vendors_do() -> None:
    pool = Pool()
    own = pool.choose(ask(), 0.0).at
    waits = [0.0] * 3
    waits[own] = 2.0
    assert pool.choose(ask(), 0.0, waits_s=waits).at != own
    assert pool.choose(ask(), 0.0, waits_s=[3.0, 2.0, 4.0]) == Pick(1, 2.0)


def test_a_refused_credential_is_tried_by_one_call_at_a_time() -> None:
    pool = Pool()
    own = go(pool, 0.0)
    assert pool.refuse(own, "401", 0.0)
    assert not pool.refuse(own, "401", 0.0)
    other = go(pool, 1.0, ask(model="other"))
    assert other.account != own.account
    assert all(go(pool, FIRST_S - 1, ask(b"%d" % n)).account != own.account for n in range(9))
    trial = pool.send(ask(), NAMES.index(own.account), FIRST_S)
    assert go(pool, FIRST_S, ask(b"x")).account != own.account
    assert answer(pool, trial, FIRST_S + 1)
    assert pool.quarantine_of(ask(), NAMES.index(own.account)) is None


def test_an_answer_to_an_earlier_call_makes_no_refused_credential_good() -> None:
    pool = Pool()
    early = go(pool, 0.0)
    pool.refuse(go(pool, 1.0), "402", 2.0)
    assert not answer(pool, early, 3.0)
    assert pool.quarantines


def test_a_model_that_an_account_may_not_use_is_the_only_one_it_is_not_asked_for() -> None:
    pool = Pool()
    own = go(pool, 0.0)
    pool.refuse(own, "403", 0.0, model_only=True)
    assert go(pool, 1.0).account != own.account
    at = NAMES.index(own.account)
    assert pool.quarantine_of(ask(model="other"), at) is None


def test_where_every_credential_is_refused_the_one_that_is_due_first_is_asked() -> None:
    pool = Pool()
    for at, now in ((1, 0.0), (0, 5.0), (2, 9.0)):
        pool.refuse(pool.send(ask(), at, now), "401", now)
    assert pool.choose(ask(), 10.0) == Pick(1)
    assert pool.choose(ask(), 10.0, refused={1}) == Pick(0)
    assert pool.wait_s(ask(), 10.0) == float("inf")


def test_a_lone_account_is_asked_though_it_was_refused_or_limited() -> None:
    pool = Pool()
    alone = Ask("p", "m", ("A",), b"", SIZE)
    pool.refuse(pool.send(alone, 0, 0.0), "401", 0.0)
    assert pool.choose(alone, 1.0) == Pick(0)
    pool.reopen()
    pool.limit(pool.send(alone, 0, 1.0), 8.0, 1.0)
    assert pool.choose(alone, 2.0) == Pick(0)


def test_what_the_pool_gained_over_one_account_is_counted_by_what_was_wrong_with_it() -> None:
    pool = Pool()
    own = go(pool, 0.0)
    pool.limit(own, 30.0, 0.0)
    answer(pool, go(pool, 1.0), 1.0)
    pool.reopen()
    pool.refuse(pool.send(ask(b"it"), NAMES.index(own.account), 2.0), "401", 2.0)
    answer(pool, go(pool, 3.0), 3.0)
    gain = pool.gain("p")
    assert gain.saved == {"short": 0, "cooling": 1, "quarantined": 1}
    short = go(pool, 1000.0, ask(b"big"))
    answer(pool, short, 1000.0, left=10)
    other = go(pool, 1000.1 + 0 * SHORT_S, ask(b"big", size=300_000))
    answer(pool, other, 1000.2)
    assert (gain.saved["short"], gain.avoided) == (1, 1)
    pool.wait("p", 2.0)
    assert (gain.avoided, gain.waited_s) == (2, 2.0)
    assert (gain.cached, gain.input) == (3600, 4000)
    assert (pool.records["p", own.account].limited, pool.records["p", own.account].refused) == (
        1,
        1,
    )


def test_what_a_vendor_told_a_moment_ago_is_not_read_again() -> None:
    pool = Pool()
    trip = go(pool, 0.0)
    assert pool.wants_told(trip, 0.0)
    answer(pool, trip, 0.0)
    assert not pool.wants_told(trip, FRESH_S / 2)
    assert pool.wants_told(trip, FRESH_S)


def test_limits_of_a_bounded_number_of_accounts_are_known() -> None:
    pool = Pool()
    for number in range(KNOWN + 5):
        pool.send(ask(model=f"m{number}x"), 0, 0.0)
    assert len([*pool.rooms("p", "A")]) == KNOWN


STEP = st.tuples(st.integers(0, 5), st.floats(0, 20), st.integers(0, 60_000), st.integers(0, 9))


@settings(max_examples=60)
@given(st.lists(STEP, max_size=40))
def test_no_account_is_asked_beyond_what_is_left_while_another_has_room(
    steps: list[tuple[int, float, int, int]],
) -> None:
    pool, now = Pool(), 0.0
    for number, pause, left, fate in steps:
        now += pause
        it = ask(b"%d" % number)
        pick = pool.choose(it, now)
        free = [pool.choose(it, now, waits_s=_only(at)).wait_s <= 0 for at in range(3)]
        if pick.wait_s > 0:
            assert not any(free) or pick.wait_s <= 10
            continue
        assert free[pick.at] or pool.quarantine_of(it, pick.at)
        trip = pool.send(it, pick.at, now)
        if fate == 0:
            pool.limit(trip, float(left % 20), now)
        elif fate == 1:
            pool.refuse(trip, "401", now)
        elif fate < 8:
            answer(pool, trip, now, left)


def _only(at: int) -> list[float]:
    """Every account but one has to wait for its configured limits."""
    return [0.0 if each == at else 1e9 for each in range(3)]
