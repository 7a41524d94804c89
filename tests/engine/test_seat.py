"""A call goes from account to account of its provider: at once, each once, its own first."""

from __future__ import annotations

import pytest

from headgate import config as configuration
from headgate.engine.gate import Gate
from headgate.engine.seat import KNOWN_ACCOUNTS, Seat, Shut, all_shut
from headgate.policy.affinity import REJECTED_S
from headgate.policy.health import LIMITED_S
from headgate.policy.router import Target, Try
from headgate.wire.model import Fault, Kind

NAMES = ("A", "B", "C")
ENV = {name: f"sk-{name}-" + "k" * 60 for name in NAMES}
TARGET = Target("it", "m", 3)
FIRST, SECOND = Try(TARGET, 1), Try(TARGET, 2)


def gate() -> Gate:
    keys = ", ".join(f'"env:{name}"' for name in NAMES)
    text = (
        f'[providers.it]\nkind = "vllm"\nbase_url = "http://127.0.0.1:9"\napi_keys = [{keys}]'
    )
    return Gate.to(configuration.load(text, ENV, source="test").providers[0])


def seat(shut: Shut, conversation: bytes = b"a") -> Seat:
    return Seat(gate(), TARGET, conversation, shut)


def own_order() -> list[str]:
    """The accounts as the conversation meets them."""
    here, found = seat({}), []
    for _ in NAMES:
        found.append(here.take(FIRST, 0.0).credential)
        here.outcome(limited(9), 0.0, committed=False)
    return found


def limited(seconds: float | None = None) -> Fault:
    return Fault(Kind.UPSTREAM_LIMITED, "no", retry_after=seconds)


REJECTED = Fault(Kind.UPSTREAM_AUTH, "no")


def test_a_refusal_moves_on_to_the_next_account_until_none_is_left() -> None:
    here, met = seat({}), []
    for others in (True, True, False):
        met.append(here.take(FIRST, 0.0).credential)
        here.close(Kind.UPSTREAM_LIMITED, 9, 0.0)
        assert here.outcome(limited(9), 0.0, committed=False).others is others
    assert sorted(met) == [*NAMES]
    assert met == own_order()


def test_other_faults_and_answers_that_have_begun_stay_where_they_are() -> None:
    here = seat({})
    own = here.take(FIRST, 0.0)
    for kind in (Kind.OVERLOADED, Kind.UPSTREAM, Kind.CONNECTION, Kind.UPSTREAM_INVALID):
        outcome = here.outcome(Fault(kind, "no"), 0.0, committed=False)
        assert not outcome.others
        assert here.take(SECOND, 0.0) is own
    begun = here.outcome(limited(), 0.0, committed=True)
    assert (begun.others, begun.committed) == (False, True)


def test_what_one_call_meets_holds_for_the_others_until_it_is_over() -> None:
    shut: Shut = {}
    own, second, _ = own_order()
    here = seat(shut)
    here.take(FIRST, 10.0)
    here.close(Kind.UPSTREAM_LIMITED, 30, 10.0)
    assert seat(shut).take(FIRST, 39.0).credential == second
    assert seat(shut).take(FIRST, 40.0).credential == own
    other_model = Seat(gate(), Target("it", "other"), b"a", shut)
    assert other_model.take(FIRST, 11.0).credential == own


@pytest.mark.parametrize(
    ("kind", "seconds"), [(Kind.UPSTREAM_LIMITED, LIMITED_S), (Kind.UPSTREAM_AUTH, REJECTED_S)]
)
def test_a_refusal_without_a_time_has_one_of_ours_and_none_shortens_another(
    kind: Kind, seconds: float
) -> None:
    shut: Shut = {}
    here = seat(shut)
    here.take(FIRST, 0.0)
    here.close(kind, None, 0.0)
    here.close(Kind.UPSTREAM_LIMITED, 1, 0.0)
    assert [*shut.values()] == [seconds]


def test_when_all_refused_the_plan_hears_who_opens_first() -> None:
    shut: Shut = {}
    here = seat(shut)
    said, heard = [REJECTED, limited(60), limited(8)], []
    for fault in said:
        here.take(FIRST, 100.0)
        here.close(fault.kind, fault.retry_after, 100.0)
        heard.append(here.outcome(fault, 100.0, committed=False))
    assert (heard[-1].others, heard[-1].fault) == (False, said[2])
    assert said[2].retry_after == 8
    assert here.take(SECOND, 108.0).credential == own_order()[2]


def test_an_account_that_another_call_found_limited_counts_for_the_wait() -> None:
    own, second, third = own_order()
    shut: Shut = {("it", "m", own): 103.0, ("it", "m", second): 900.0}
    here = seat(shut)
    assert here.take(FIRST, 100.0).credential == third
    here.close(Kind.UPSTREAM_LIMITED, 60, 100.0)
    outcome = here.outcome(limited(60), 100.0, committed=False)
    assert outcome.fault is not None
    assert (outcome.others, outcome.fault.retry_after) == (False, 3.0)
    assert here.take(SECOND, 103.0).credential == own


def test_after_a_rejection_even_an_account_that_is_passed_over_is_asked() -> None:
    own, second, third = own_order()
    shut: Shut = {("it", "m", own): 103.0, ("it", "m", second): 101.0}
    here = seat(shut)
    assert here.take(FIRST, 100.0).credential == third
    assert here.outcome(REJECTED, 100.0, committed=False).others
    assert here.take(FIRST, 100.0).credential == second


def test_after_a_wait_every_account_may_be_asked_again_the_conversations_own_first() -> None:
    own, second, _ = own_order()
    here = seat({})
    assert here.take(FIRST, 0.0).credential == own
    assert here.outcome(limited(0), 0.0, committed=False).others
    assert here.take(FIRST, 0.0).credential == second
    assert not here.outcome(Fault(Kind.OVERLOADED, "no"), 0.0, committed=False).others
    assert here.take(SECOND, 1.0).credential == own


def test_a_target_has_no_account_left_only_when_each_is_passed_over() -> None:
    shut: Shut = {("it", "m", name): 5.0 for name in NAMES[:2]}
    assert not all_shut(gate(), TARGET, shut, 1.0)
    shut["it", "m", "C"] = 3.0
    assert all_shut(gate(), TARGET, shut, 1.0)
    assert not all_shut(gate(), TARGET, shut, 3.0)


def test_what_is_kept_of_accounts_is_bounded() -> None:
    shut: Shut = {("p", str(n), "A"): 1.0 for n in range(KNOWN_ACCOUNTS)}
    here = seat(shut)
    here.take(FIRST, 0.0)
    here.close(Kind.UPSTREAM_LIMITED, 1, 0.0)
    assert len(shut) == KNOWN_ACCOUNTS
