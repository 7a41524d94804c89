"""Limits and budgets as a column holds them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cap import KINDS, NO_CAPS, PERIODS, Budget, Caps, Limits
from headgate.store.capped import PLAIN, TAKEN, CapChanges, facts, read, stored

COUNTS = st.integers(0, 10**9)
BUDGETS = st.builds(
    Budget, st.integers(1, 10**15), st.sampled_from(PERIODS), st.sampled_from(KINDS)
)
CAPS = st.builds(
    Caps,
    st.builds(Limits, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.lists(BUDGETS, max_size=4).map(tuple),
    st.booleans(),
    st.lists(st.floats(0.01, 1), max_size=3).map(tuple),
)


@given(CAPS)
def test_what_is_stored_is_read_again(caps: Caps) -> None:
    assert read(stored(caps)) == caps


def test_only_what_is_set_is_stored() -> None:
    assert stored(NO_CAPS) == PLAIN
    caps = Caps(Limits(requests=60), (Budget(5, "day"),))
    assert facts(caps) == {
        "limits": {"requests": 60},
        "budgets": [{"nusd": 5, "period": "day", "kind": "hard"}],
    }


BEFORE = Caps(
    Limits(requests=60, burst=5),
    (Budget(5, "day", "soft"), Budget(7, "total")),
    lower_output=True,
    warn_at=(0.5,),
)


def test_a_change_of_nothing_changes_nothing() -> None:
    assert CapChanges().of(BEFORE) == BEFORE
    assert CapChanges().told() == {}


def test_one_limit_is_set_or_taken_away_by_itself() -> None:
    made = CapChanges(limits=(("concurrent", 3), ("burst", TAKEN))).of(BEFORE)
    assert made.limits == Limits(requests=60, concurrent=3)
    assert made.budgets == BEFORE.budgets


def test_one_budget_is_set_or_taken_away_and_keeps_its_kind() -> None:
    made = CapChanges(budgets=(("day", 9), ("total", TAKEN), ("month", 2))).of(BEFORE)
    assert made.budgets == (Budget(9, "day", "soft"), Budget(2, "month", "hard"))


def test_a_kind_is_of_the_budgets_named_with_it_or_of_all() -> None:
    named = CapChanges(budgets=(("day", 9),), kind="watch").of(BEFORE)
    assert named.budgets == (Budget(9, "day", "watch"), Budget(7, "total"))
    whole = CapChanges(kind="watch").of(BEFORE)
    assert {budget.kind for budget in whole.budgets} == {"watch"}


def test_all_of_it_is_taken_away_before_anything_is_given() -> None:
    made = CapChanges(no_limits=True, no_budgets=True).of(BEFORE)
    assert made == NO_CAPS
    made = CapChanges((("requests", 1),), (("day", 1),), no_limits=True, no_budgets=True).of(
        BEFORE
    )
    assert made == Caps(Limits(requests=1), (Budget(1, "day"),))


def test_what_is_changed_is_told_for_the_log() -> None:
    change = CapChanges(limits=(("requests", 1),), no_budgets=True)
    assert change.told() == {"limits": (("requests", 1),), "no_budgets": True}
