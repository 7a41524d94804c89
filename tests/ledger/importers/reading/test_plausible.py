"""Costs that are by a round factor too high or too low are not taken for dollars."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.plausible import LEAST_ROWS, check_money

LISTED = 3_000_000 + 7_500_000
"""nano-dollars of a thousand tokens in and five hundred out"""


def drafts(factor: float, rows: int = 20, model: str = "claude-sonnet-4-5") -> list[Draft]:
    row = Draft("a", 1_780_062_379_000_000, model, input_fresh=1_000, output=500)
    return [row._replace(stated_nusd=round(LISTED * factor))] * rows


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.05, 30))
def test_whatever_lies_about_the_list_price_is_dollars(factor: float) -> None:
    check_money(drafts(factor), "cost")


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(40, 250))
def test_a_hundred_times_the_list_price_is_cents(factor: float) -> None:
    with pytest.raises(Refused) as refused:
        check_money(drafts(factor), "cost")
    assert refused.value.remedy.startswith("if it holds cents, say --money cents")


def test_few_rows_mixed_ones_and_unknown_models_prove_nothing() -> None:
    check_money(drafts(100, LEAST_ROWS - 1), "cost")
    check_money(drafts(100, 20) + drafts(1, 20), "cost")
    check_money(drafts(100, 20, "a model of our own"), "cost")
