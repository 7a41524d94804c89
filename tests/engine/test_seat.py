"""A call goes from account to account of its provider: at once, each once, its own first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headgate import config as configuration
from headgate.engine.gate import Gate
from headgate.engine.purse import Need, Purse
from headgate.engine.seat import MOMENT_S, Limited, Seat, Verdict
from headgate.policy.pool import Ask, Pool
from headgate.policy.router import Target, Try
from headgate.policy.warmth import Seen
from headgate.wire.model import Fault, Headers, Kind, Usage

NAMES = ("A", "B", "C")
ENV = {name: f"sk-{name}-" + "k" * 60 for name in NAMES}
TARGET = Target("it", "m", 3)
FIRST, SECOND = Try(TARGET, 1), Try(TARGET, 2)
AT = datetime(2026, 11, 20, tzinfo=UTC)


def gate(*names: str) -> Gate:
    keys = ", ".join(f'"env:{name}"' for name in names or NAMES)
    text = (
        f'[providers.it]\nkind = "vllm"\nbase_url = "http://127.0.0.1:9"\napi_keys = [{keys}]'
    )
    return Gate.to(configuration.load(text, ENV, source="test").providers[0])


def seat(pool: Pool | None = None, limited: Limited | None = None) -> Seat:
    ask = Ask("it", "m", NAMES, b"a", 400)
    return Seat(pool or Pool(), gate(), TARGET, ask, limited)


def go(here: Seat, now: float = 0.0, step: Try = FIRST) -> str:
    """Which account the call is sent to."""
    here.begin(step)
    return here.take(here.pick(now).at, now).credential


def refuse(here: Seat, fault: Fault, now: float = 0.0, status: int = 429) -> bool:
    """The account in use refuses; is there another one to ask."""
    here.close(Verdict(fault, status), now)
    return here.outcome(fault, now, committed=False).others


def own_order() -> list[str]:
    """The accounts as the conversation meets them."""
    here, found = seat(), []
    for _ in NAMES:
        found.append(go(here))
        refuse(here, limited(9))
    return found


def limited(seconds: float | None = None) -> Fault:
    return Fault(Kind.UPSTREAM_LIMITED, "no", retry_after=seconds)


def rejected() -> Fault:
    return Fault(Kind.UPSTREAM_AUTH, "no", detail="401 authentication_error")


def test_a_refusal_moves_on_to_the_next_account_until_none_is_left() -> None:
    here, met = seat(), []
    for others in (True, True, False):
        met.append(go(here))
        assert refuse(here, limited(9)) is others
    assert sorted(met) == [*NAMES]
    assert met == own_order()


def test_other_faults_and_answers_that_have_begun_stay_where_they_are() -> None:
    here = seat()
    own = go(here)
    for kind in (Kind.OVERLOADED, Kind.UPSTREAM, Kind.CONNECTION, Kind.UPSTREAM_INVALID):
        assert not refuse(here, Fault(kind, "no"), status=500)
        assert go(here, step=SECOND) == own
    begun = here.outcome(limited(), 0.0, committed=True)
    assert (begun.others, begun.committed) == (False, True)


def test_what_one_call_meets_holds_for_the_others_until_it_is_over() -> None:
    pool, (own, second, _) = Pool(), own_order()
    here = seat(pool)
    go(here, 10.0)
    refuse(here, limited(30), 10.0)
    assert go(seat(pool), 39.0) == second
    other_model = Seat(pool, gate(), Target("it", "o"), Ask("it", "o", NAMES, b"a", 400))
    assert go(other_model, 11.0) == own


def test_when_all_refused_the_plan_hears_who_opens_first() -> None:
    here = seat()
    said, heard = [limited(90), limited(60), limited(8)], []
    for fault in said:
        go(here, 100.0)
        here.close(Verdict(fault, 429), 100.0)
        heard.append(here.outcome(fault, 100.0, committed=False))
    assert (heard[-1].others, heard[-1].fault) == (False, said[2])
    assert said[2].retry_after == 8
    assert go(here, 108.0, SECOND) == own_order()[2]


def test_after_a_rejection_even_an_account_that_is_short_is_waited_for() -> None:
    pool, (own, second, third) = Pool(), own_order()
    others = seat(pool)
    for name in (own, second):
        others.take(NAMES.index(name), 100.0)
        others.close(Verdict(limited(3), 429), 100.0)
    here = seat(pool)
    assert go(here, 100.0) == third
    assert refuse(here, rejected(), 100.0, 401)
    pick = here.pick(100.0)
    assert (NAMES[pick.at] in (own, second), pick.wait_s) == (True, 3.0)


def test_after_a_wait_every_account_may_be_asked_again() -> None:
    here, (own, second, _) = seat(), own_order()
    assert go(here) == own
    assert refuse(here, limited(0.5))
    assert go(here) == second
    assert not refuse(here, Fault(Kind.OVERLOADED, "no"), status=529)
    assert go(here, 1.0, SECOND) in (own, second)


def test_a_refused_credential_is_told_once_and_so_is_its_return() -> None:
    here = seat()
    go(here)
    assert here.close(Verdict(rejected(), 401), 0.0) == "quarantined"
    here.take(0, 1.0)
    assert here.close(Verdict(None, 200, seen=Seen(Usage(1), 400, automatic=True)), 1.0) == ""
    at = NAMES.index(own_order()[0])
    here.take(at, 100.0)
    seen = Seen(Usage(input_fresh=1), 400, automatic=True)
    assert here.close(Verdict(None, 200, seen=seen), 101.0) == "restored"


def test_a_spend_limit_that_no_waiting_lifts_is_a_refused_credential() -> None:
    here, pool = seat(), Pool()
    here = seat(pool)
    go(here)
    verdict = Verdict(limited(float("inf")), 429, dead=True)
    assert here.close(verdict, 0.0) == "quarantined"
    assert pool.quarantines


def test_what_a_reply_tells_is_taken_to_heart() -> None:
    pool = Pool()
    here = seat(pool)
    go(here)
    headers: Headers = [
        (b"x-ratelimit-limit-requests", b"60"),
        (b"x-ratelimit-remaining-requests", b"0"),
        (b"x-ratelimit-reset-requests", b"30s"),
    ]
    here.hear(200, headers, AT, 0.0)
    assert here.trip is not None
    assert here.trip.room.buckets["requests"].limit == 60
    here.close(Verdict(None, 200), 0.0)
    here.hear(200, headers, AT, 1.0)


def test_a_call_that_is_not_sent_after_all_leaves_nothing_behind() -> None:
    pool = Pool()
    here = seat(pool)
    go(here)
    assert here.trip is not None
    room = here.trip.room
    here.leave(0.0)
    here.leave(0.0)
    assert {bucket.held for bucket in room.buckets.values()} == {0}
    assert here.close(Verdict(rejected(), 401), 0.0) == ""


def test_of_one_account_what_it_says_is_its_targets_affair() -> None:
    here = Seat(Pool(), gate("A"), TARGET, Ask("it", "m", ("house",), b"", 400))
    assert here.alone
    assert go(here) == "house"
    here.close(Verdict(limited(5), 429), 0.0)
    outcome = here.outcome(limited(5), 0.0, committed=False)
    assert not outcome.others
    assert here.wait_s(1.0) == 0.0  # whoever comes next may ask: only its vendor knows


def test_a_call_that_was_not_sent_says_so_to_the_plan() -> None:
    here = seat()
    here.short = limited(4)
    assert here.outcome(here.short, 0.0, committed=False).short


@pytest.mark.parametrize(("wait_s", "shown"), [(MOMENT_S / 2, 0.0), (3.0, 3.0)])
def test_configured_limits_count_but_not_the_moment_the_bank_takes(
    wait_s: float, shown: float
) -> None:
    purse, needs = Purse(1, lambda it: None), []

    def short_s(asked: Purse, need: Need) -> float:
        assert asked is purse
        needs.append(need)
        return wait_s

    here = seat(limited=Limited((purse, purse, purse), short_s))
    assert here.wait_s(0.0) == shown
    assert needs[0].input_tokens == 100
    assert here.purse(0) is purse
    assert seat().purse(0) is None
