"""Whose accounts a call counts against, and what caps each of them."""

from __future__ import annotations

from headgate.config import CapsConfig
from headgate.engine.payers import Payers
from headgate.engine.purse import Purse
from headgate.policy.cap import NO_CAPS, Budget, Caps, Limits
from headgate.policy.holding import Pot
from headgate.wire.call import NOBODY, Capped, Holder

DAY_US = 86_400_000_000
NOW_US = 20_778 * DAY_US
USD = 10**9
ALL = CapsConfig(
    house=Caps(Limits(requests=1000)),
    each_key=Caps(Limits(requests=60, concurrent=4), (Budget(5 * USD, "day"),)),
    each_team=Caps(budgets=(Budget(100 * USD, "month", "soft"),)),
    tags=(("ci", Caps(Limits(requests=10))),),
    models=(("claude-opus-*", Limits(input_tokens=5000)), ("*", Limits(requests=9))),
)


def payers(caps: CapsConfig = ALL, now_us: int = NOW_US) -> Payers:
    made = Payers(lambda: now_us, lambda purse: None)
    made.configure(caps)
    return made


def holder(caps: Caps = NO_CAPS, *tags: str) -> Holder:
    own = (Capped("key:k_1", "key 'ana'", caps),) if caps != NO_CAPS else ()
    accounts = ("organisation:o_1", "team:t_1", "key:k_1", *(f"tag:{tag}" for tag in tags))
    return Holder("k_1", "acme", "search", accounts=accounts, caps=own)


def names(purse: Purse) -> dict[str, int]:
    found = {it.name: it.cap for it, _ in purse.pots}
    return found | {it.name: it.per_minute for it, _ in purse.taps}


def test_every_level_has_what_all_of_its_sort_have() -> None:
    purse = payers().purse(holder(), [], (1,))
    assert names(purse) == {
        "house requests": 1000,
        "team:t_1 month": 100 * USD,
        "key:k_1 requests": 60,
        "key:k_1 concurrent": 4,
        "key:k_1 day": 5 * USD,
        "model:* requests": 9,
    }
    assert purse.charged == "house organisation:o_1 team:t_1 key:k_1"
    assert [pot.name for pot in purse.soft] == ["team:t_1 month"]


def test_what_a_key_says_of_itself_replaces_that_and_only_that() -> None:
    own = Caps(Limits(requests=7), (Budget(USD, "day", "watch"), Budget(9 * USD, "week")))
    purse = payers().purse(holder(own), [], ())
    found = names(purse)
    assert found["key:k_1 requests"] == 7
    assert found["key:k_1 concurrent"] == 4
    assert found["key:k_1 week"] == 9 * USD
    assert [pot.cap for pot in purse.watched] == [USD]
    assert "weekly budget of key 'ana'" in purse.hard[0].label


def test_a_tag_counts_where_it_is_capped_and_a_keys_own_always() -> None:
    purse = payers().purse(holder(NO_CAPS, "own"), ["own", "ci", "stray"], ())
    assert purse.charged.split()[-2:] == ["tag:own", "tag:ci"]
    assert names(purse)["tag:ci requests"] == 10


def test_models_have_the_limits_whose_patterns_fit() -> None:
    it = payers()
    assert it.models("claude-opus-5-5") == (0, 1)
    assert it.models("gpt-6-luna") == (1,)
    assert names(it.purse(NOBODY, [], (0,)))["model:claude-opus-* input_tokens"] == 5000


def test_calls_of_one_key_share_its_accounts_whatever_they_ask_for() -> None:
    it = payers()
    one, other = it.purse(holder(), [], (0,)), it.purse(holder(), ["ci"], (1,))
    assert one.hard[0] is other.hard[0]
    assert len({id(each) for each in (*one, *other)}) == len([*it])


def test_a_purse_is_found_anew_when_caps_change_or_its_span_is_over() -> None:
    at = [NOW_US]
    it = Payers(lambda: at[0], lambda purse: None)
    it.configure(ALL)
    purse = it.purse(holder(), [], ())
    assert it.fits(purse, at[0])
    at[0] += DAY_US
    assert not it.fits(purse, at[0])
    fresh = it.purse(holder(), [], ())
    assert fresh.hard[0] is not purse.hard[0]
    it.configure(ALL)
    assert not it.fits(fresh, at[0])


def test_spans_that_are_over_are_forgotten_once_nothing_runs_in_them() -> None:
    at = [NOW_US]
    it = Payers(lambda: at[0], lambda purse: None)
    it.configure(ALL)
    (late,) = it.purse(holder(), [], ()).hard
    late.held = 7
    for _ in range(60):
        at[0] += DAY_US
        it.purse(holder(), [], ())
    spans = sorted(pot.span for pot in it if isinstance(pot, Pot) and "day" in pot.name)
    assert late in it
    late.held = 0
    at[0] += DAY_US
    it.purse(holder(), [], ())
    assert late not in it
    assert len(spans) == 3, "the one of the call that runs still, yesterday's and today's"
    months = [pot for pot in it if isinstance(pot, Pot) and "month" in pot.name]
    assert len(months) == 1
    assert any(pot.name == "key:k_1 concurrent" for pot in it)


def test_a_cap_that_changes_keeps_what_was_used_of_it() -> None:
    it = payers()
    (pot,) = it.purse(holder(), [], ()).hard
    pot.used, pot.warned = 3 * USD, 1
    it.configure(CapsConfig(each_key=Caps(budgets=(Budget(8 * USD, "day"),))))
    (again,) = it.purse(holder(), [], ()).hard
    assert again is pot
    assert (again.cap, again.used) == (8 * USD, 3 * USD)
    assert again.warned == 0, "what was a large share of the old one need not be of this"


def test_nothing_is_capped_unless_somebody_says_so() -> None:
    purse = payers(CapsConfig()).purse(holder(), ["x"], ())
    assert purse.is_empty
    assert purse.charged == "house organisation:o_1 team:t_1 key:k_1"


def test_a_credential_of_an_upstream_has_an_account_of_its_own() -> None:
    purse = payers().upstream("anthropic", "KEY_A", Limits(requests=50, concurrent=3))
    assert names(purse) == {
        "upstream:anthropic/KEY_A requests": 50,
        "upstream:anthropic/KEY_A concurrent": 3,
    }


def test_what_running_calls_have_set_aside_can_be_asked_for() -> None:
    it = payers()
    purse = it.purse(holder(), [], ())
    assert it.held("key:k_1", "day") == 0
    (pot,) = purse.hard
    pot.held = 3 * USD
    assert it.held("key:k_1", "day") == 3 * USD
    assert it.held("key:k_1", "week") == it.held("key:k_2", "day") == 0
