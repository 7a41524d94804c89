"""How accounts stand is shown by state, counted for all workers, and told without a secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.pools import AccountCounts, Counts, GainCounts, add, count, lines, shown
from headgate.policy.pool import Ask, Pool, Trip
from headgate.policy.warmth import Seen
from headgate.wire.headroom import Gauge, Told
from headgate.wire.model import Usage

NAMES = ("KEY_1", "KEY_2", "KEY_3")
USAGE = Usage(input_fresh=100, cache_read=300, output=9)


def ground(pool: Pool, now: float = 10.0) -> Any:
    """As much of a Ground as is looked at."""
    return SimpleNamespace(pool=pool, clock=lambda: now)


def pool() -> Pool:
    made = Pool()
    made.roster = {"p": NAMES, "quiet": ("house",)}
    return made


def send(pool: Pool, at: int, model: str = "m", now: float = 10.0) -> Trip:
    return pool.send(Ask("p", model, NAMES, b"it", 400), at, now)


def answer(pool: Pool, trip: Trip, left: int = 5) -> None:
    pool.hear(trip, Told((Gauge("requests", 10, left, 60.0),)), 10.0, counted=True)
    pool.finish(trip, Seen(USAGE, 400, automatic=False), 9, 10.0)


def test_every_state_is_told_with_its_reason() -> None:
    it = pool()
    answer(it, send(it, 0))
    answer(it, send(it, 1), left=0)
    it.limit(send(it, 1, "other"), 30.0, 10.0)
    it.refuse(send(it, 2), "402 billing_error", 4.0)
    (told,) = shown(ground(it), 3)
    assert (told["pool"], told["worker"]) == ("p", 3)
    live, short, dead = told["accounts"]
    assert live["state"] == "live"
    assert live["models"]["m"]["headroom"] == {"requests": {"limit": 10, "left": 5}}
    assert (live["calls"], live["limited"], live["refused"]) == (1, 0, 0)
    assert (short["state"], short["models"]["other"]["state"]) == ("short", "cooling")
    assert (dead["state"], dead["why"]) == ("quarantined", "402 billing_error")
    assert dead["tried_again_in_s"] == 54.0
    assert told["gain"]["cached_tokens"] / told["gain"]["input_tokens"] == 0.75


def test_a_model_that_one_account_may_not_use_leaves_the_account_as_it_is() -> None:
    it = pool()
    it.refuse(send(it, 0, "secret"), "403 permission_error", 10.0, model_only=True)
    (told,) = shown(ground(it), 1)
    assert told["accounts"][0]["state"] == "live"
    assert told["accounts"][0]["models"]["secret"]["state"] == "quarantined"


def test_lone_accounts_are_shown_once_they_were_asked() -> None:
    it = pool()
    assert [each["pool"] for each in shown(ground(it), 1)] == ["p"]
    trip = it.send(Ask("quiet", "m", ("house",), b"", 400), 0, 10.0)
    answer(it, trip)
    assert [each["pool"] for each in shown(ground(it), 1)] == ["p", "quiet"]


COUNTS = st.builds(
    Counts,
    st.lists(
        st.builds(
            AccountCounts,
            st.sampled_from("pq"),
            st.sampled_from(NAMES),
            *[st.integers(0, 9)] * 3,
            st.integers(0, 1),
        ),
        max_size=3,
        unique_by=lambda it: (it.provider, it.account),
    ),
    st.lists(
        st.builds(
            GainCounts,
            st.sampled_from("pq"),
            st.fixed_dictionaries({"short": st.integers(0, 9), "cooling": st.integers(0, 9)}),
            st.integers(0, 9),
            st.floats(0, 9),
            st.integers(0, 9),
            st.integers(0, 9),
        ),
        max_size=2,
        unique_by=lambda it: it.provider,
    ),
)


@given(st.lists(COUNTS, max_size=3))
def test_the_page_tells_the_sum_of_all_workers(workers: list[Counts]) -> None:
    page = "\n".join(lines(workers))
    for name in NAMES:
        calls = sum(it.calls for one in workers for it in one.accounts
                    if (it.provider, it.account) == ("p", name))  # fmt: skip
        line = f'headgate_account_calls_total{{provider="p",account="{name}"}} {calls}'
        if calls:
            assert line in page.splitlines()
    saved = sum(g.saved["short"] for one in workers for g in one.gains if g.provider == "q")
    line = f'headgate_pool_saved_calls_total{{provider="q",account_was="short"}} {saved}'
    assert not saved or line in page.splitlines()


@given(COUNTS)
def test_a_successor_counts_on_from_what_was_shown(before: Counts) -> None:
    here = Pool()
    add(here, msgspec.json.decode(msgspec.json.encode(before), type=Counts))
    again = count(ground(here))
    assert {(it.provider, it.account): it.calls for it in again.accounts} == {
        (it.provider, it.account): it.calls for it in before.accounts
    }
    assert {it.provider: it.waited_s for it in again.gains} == {
        it.provider: it.waited_s for it in before.gains
    }
