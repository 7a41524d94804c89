"""Costs that are by a round factor too high or too low are not taken for dollars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ledger.importers import helicone, langfuse, litellm
from headgate.ledger.importers.draft import Draft
from headgate.ledger.importers.importer import Importer, Refused
from headgate.ledger.importers.reading.plausible import LEAST_ROWS, check_money
from tests.ledger.importers import test_helicone, test_langfuse, test_litellm
from tests.ledger.importers.exports import lines, read

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


SPENT = 0.00132
FORMATS = [
    (
        litellm.IMPORTER,
        test_litellm.ROW | {"model": "claude-sonnet-4-5", "custom_llm_provider": "anthropic"},
        ("spend",),
    ),
    (langfuse.IMPORTER, test_langfuse.ROW, ("cost_details", "total_cost")),
    (langfuse.IMPORTER, test_langfuse.ROW | {"cost_details": {}}, ("total_cost",)),
    (helicone.IMPORTER, test_helicone.ROW, ("costUSD",)),
]


@pytest.mark.parametrize(("importer", "row", "columns"), FORMATS)
def test_a_products_export_in_cents_is_refused_until_somebody_says_so(
    tmp_path: Path, importer: Importer, row: dict[str, Any], columns: tuple[str, ...]
) -> None:
    def export(name: str, factor: float) -> Path:
        """As many calls as are looked at, at such a price."""
        cost = SPENT * factor
        money = {it: {"total": cost} if it == "cost_details" else cost for it in columns}
        ids = [{"id": f"a{n}", "request_id": f"a{n}"} for n in range(20)]
        return lines(tmp_path / name, [row | money | it for it in ids])

    dollars, cents = export("a.jsonl", 1), export("b.jsonl", 100)
    found, reading = read(importer, dollars)
    assert [it.stated_nusd for it in found] == [1_320_000] * 20
    assert reading.tally.lines == 20
    with pytest.raises(Refused, match="about 100 times") as refused:
        read(importer, cents)
    assert "--money cents" in refused.value.remedy
    found, _ = read(importer, cents, money="cents")
    assert [it.stated_nusd for it in found] == [1_320_000] * 20
    assert [it.stated_nusd for it in read(importer, cents, money="dollars")[0]] == [
        132_000_000
    ] * 20
