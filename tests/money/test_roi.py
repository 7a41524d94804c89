"""Work done once is repaid by what it saves each month, or never."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from headgate.money.roi import Return, roi

USD = 10**9


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_when_it_is_recouped_nothing_is_left_and_nothing_is_owed(
    cost: int, saving: int
) -> None:
    found = Return(cost, Fraction(saving))
    months = found.months_to_recoup
    assert months is not None
    assert months * saving == cost


@given(st.integers(1, 10**12), st.integers(-(10**12), 10**12), st.integers(0, 60))
def test_gross_is_a_hundred_more_than_net(cost: int, saving: int, months: int) -> None:
    found = Return(cost, Fraction(saving))
    gross, net = found.gross_percent(months), found.net_percent(months)
    assert gross is not None
    assert net is not None
    assert gross - net == 100


def test_what_saves_nothing_is_never_recouped() -> None:
    found = roi(Fraction(10), 100 * USD, Fraction(0))
    assert found.cost_nusd == 1_000 * USD
    assert found.months_to_recoup is None
    assert found.net_nusd(6) == -1_000 * USD


def test_what_cost_nothing_has_no_percentage() -> None:
    assert Return(0, Fraction(1)).net_percent(6) is None
    assert Return(0, Fraction(1)).gross_percent(6) is None


def test_the_bill_from_which_on_it_pays_follows_from_the_share_saved() -> None:
    found = roi(Fraction(10), 120 * USD, Fraction(1))
    assert found.spend_needed_nusd(Fraction(1, 2), Fraction(12)) == 200 * USD
    assert found.spend_needed_nusd(Fraction(0), Fraction(12)) is None
