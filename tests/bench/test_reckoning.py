"""What nobody saw the end of counts as the most that it can have cost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.journal import Before, Head
from headgate.bench.reckoning import AGAIN, Billed, is_sure, reckoned

HEAD = Head("run", "d", (), 1, 0)
CALLS = [f"c{n}" for n in range(5)]


def before(spent: int = 100, **still: int) -> Before:
    return Before(HEAD, {}, spent, still)


@pytest.mark.parametrize(
    ("ledger", "spent", "lost"),
    [
        ({}, 100, 50),
        ({"a": Billed(7, is_sure=True)}, 107, 0),
        ({"a": Billed(7, is_sure=False)}, 100, 50),
        ({"a": Billed(0, is_sure=True), f"a{AGAIN}": Billed(7, is_sure=True)}, 107, 0),
        ({"a": Billed(0, is_sure=True)}, 100, 50),  # perhaps it was asked again
        ({"x": Billed(300, is_sure=True)}, 300, 50),
    ],
)
def test_a_call_without_an_end_costs_its_most_unless_the_ledger_is_sure(
    ledger: Mapping[str, Billed], spent: int, lost: int
) -> None:
    found = reckoned(before(a=50), ledger)
    assert (found.spent_nusd, found.lost_nusd, found.open) == (spent, lost, {})


@given(
    st.dictionaries(st.sampled_from(CALLS), st.integers(0, 99)),
    st.dictionaries(
        st.sampled_from(CALLS), st.builds(Billed, st.integers(0, 99), is_sure=st.booleans())
    ),
)
def test_never_less_than_what_is_known_and_never_more_than_the_most(
    still: dict[str, int], ledger: dict[str, Billed]
) -> None:
    found = reckoned(before(**still), ledger)
    known = sum(it.nusd for it in ledger.values() if it.is_sure)
    doubt = sum(still.get(call, 0) for call, it in ledger.items() if not it.is_sure)
    assert found.spent_nusd + found.lost_nusd >= max(100, doubt)
    whole = 100 + sum(still.values()) + sum(it.nusd for it in ledger.values())
    assert found.spent_nusd + found.lost_nusd <= whole
    if all(it.is_sure and it.nusd for it in ledger.values()):
        assert found.spent_nusd + found.lost_nusd >= known


def test_only_an_end_without_a_doubtful_try_is_sure() -> None:
    assert is_sure("complete", 0)
    assert is_sure("error", 0)
    assert not is_sure("client_gone", 0)
    assert not is_sure("complete", 1)
