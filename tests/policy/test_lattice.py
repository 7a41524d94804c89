"""Savings that overlap are one total, and shares of it."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import lattice

C, D, B = "cache", "downshift", "batch"
ALL = (C, D, B)

Costs = dict[frozenset[str], float]


def feature(plain: float, **ways: float) -> Costs:
    """Ways by the first letters of their changes, such as CD."""
    names = dict(zip("CDB", ALL, strict=True))
    return {frozenset(): plain} | {
        frozenset(names[letter] for letter in way): cost for way, cost in ways.items()
    }


LEFT = 451 / 1_063
"""of a cost by the cheaper model of the example"""


def published() -> list[Costs]:
    """Four features with a bill of $4,741.50. The worked example states what sets of changes
    save, and that a nightly job is among them; its features' costs are chosen to meet that."""
    return [
        feature(2_126.0, C=500.0, D=902.0, B=1_063.0, CD=500 * LEFT, DB=451.0),  # nightly job
        feature(1_082.1, C=358.0, D=459.1, CD=358 * LEFT),  # a classifier
        feature(1_200.0, C=217.1),  # an agent
        feature(333.4),  # a chat in which nothing repeats
    ]


def test_the_published_example_of_overlaps_is_met() -> None:
    """Alone they would save 131.6 % of the bill; together it is 80.7 %."""
    groups = published()
    saved = lattice.savings(groups, ALL)
    assert sum(it[frozenset()] for it in groups) == pytest.approx(4_741.5)
    alone = [saved[frozenset((it,))] for it in ALL]
    assert alone == pytest.approx([3_333, 1_847, 1_063], abs=0.5)
    assert sum(alone) / 4_741.5 == pytest.approx(1.316, abs=1e-3)
    assert saved[frozenset(ALL)] == pytest.approx(3_827, abs=0.5)
    assert saved[frozenset(ALL)] / 4_741.5 == pytest.approx(0.807, abs=1e-3)
    shares = lattice.shapley(saved, ALL)
    assert [shares[it] for it in ALL] == pytest.approx([2_329, 1_069, 429], abs=1)
    assert lattice.waterfall(saved, (C, D, B)) == pytest.approx([3_333, 494, 0], abs=0.5)
    assert lattice.waterfall(saved, (B, D, C)) == pytest.approx([1_063, 1_235, 1_529], abs=0.5)


COSTS = st.floats(0, 1e9)
GROUPS = st.lists(
    st.builds(
        lambda plain, ways: {**ways, frozenset(): plain},
        COSTS,
        st.dictionaries(st.sampled_from(lattice.subsets(ALL)), COSTS),
    ),
    max_size=6,
)


@given(GROUPS)
def test_shares_add_up_to_the_one_total_and_nobody_pays_for_another(
    groups: list[Costs],
) -> None:
    saved = lattice.savings(groups, ALL)
    shares = lattice.shapley(saved, ALL)
    assert sum(shares.values()) == pytest.approx(saved[frozenset(ALL)], abs=1e-3)
    assert all(share >= -1e-3 for share in shares.values())
    for order in permutations(ALL):
        steps = lattice.waterfall(saved, order)
        assert sum(steps) == pytest.approx(saved[frozenset(ALL)], abs=1e-3)
        assert min(steps) >= -1e-3


@given(GROUPS)
def test_more_changes_never_save_less_and_no_more_than_the_bill(groups: list[Costs]) -> None:
    saved = lattice.savings(groups, ALL)
    for some in saved:
        for more in saved:
            assert some - more or saved[some] <= saved[more] + 1e-3
    assert saved[frozenset(ALL)] <= sum(it[frozenset()] for it in groups) + 1e-3
    assert saved[frozenset()] == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_whole_numbers_add_up_and_lie_beside_the_exact_ones(parts: list[float]) -> None:
    total = round(sum(parts))
    found = lattice.whole(parts, total)
    assert sum(found) == total
    assert all(abs(now - part) <= 2 for now, part in zip(found, parts, strict=True))


def test_nothing_is_shared_where_nothing_is_claimed() -> None:
    assert lattice.whole([], 0) == []
    assert lattice.savings([], ALL)[frozenset(ALL)] == 0
