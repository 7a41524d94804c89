"""What cost centres pay adds up, to the nano-dollar and to the cent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.export.chargeback import CENT, NOBODY, Share, _rounded, charge, month_of
from tests.audit.ledgers import MONDAY_US, book_of

MONTH = "2026-11"


def bill(*rows: dict[str, Any]) -> Any:
    span = month_of(MONTH)
    assert span is not None
    with book_of(rows) as book:
        return charge(book, MONTH, *span)


def test_every_cost_centre_pays_its_own_and_nobodys_is_a_line_of_its_own() -> None:
    found = bill(
        {"cost_centre": "research", "output": 1_000_000, "key_id": "a"},
        {"cost_centre": "research", "output": 1_000_000, "key_id": "b"},
        {"output": 500_000, "simulated": 1},
    )
    assert [(it.name, it.calls, it.keys) for it in found.shares] == [
        ("research", 2, 2),
        (NOBODY, 1, 1),
    ]
    assert found.cost_nusd == 25_000_000_000
    assert (found.cents, [it.cents for it in found.shares]) == (2_500, [2_000, 500])
    assert found.shares[1].simulated_nusd == 5_000_000_000
    assert found.told()["currency"] == "USD"


def test_other_months_are_not_charged() -> None:
    assert bill({"at_us": MONDAY_US - 10 * 86_400_000_000, "output": 9}).shares == ()


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "last", "0000-01", ""])
def test_what_is_no_month_is_none(text: str) -> None:
    assert month_of(text) is None


def test_december_ends_with_the_year() -> None:
    first, last = month_of("2026-12") or (0, 0)
    assert last - first == 31 * 86_400_000_000


@given(st.lists(st.integers(0, 10**13), max_size=12))
def test_cents_add_up_to_the_rounded_total_and_no_line_is_off_by_a_cent(
    costs: list[int],
) -> None:
    found = _rounded([Share("x", 1, 0, 0, 1, cost, 0) for cost in costs])
    assert abs(sum(it.cents for it in found) * CENT - sum(costs)) * 2 <= CENT
    assert all(abs(it.cents * CENT - it.cost_nusd) < CENT for it in found)
