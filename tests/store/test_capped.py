"""Limits and budgets as a column holds them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.cap import KINDS, NO_CAPS, PERIODS, Budget, Caps, Limits
from headgate.store.capped import PLAIN, facts, read, stored

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
