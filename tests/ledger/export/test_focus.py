"""FOCUS has every column of the specification, and the ledger's sum to the nano-dollar."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.export.focus import COLUMNS, write
from tests.audit.ledgers import DAY_US, MONDAY_US, book_of

# FOCUS 1.2, in the order of its names; the last three are ours
NAMES = """\
AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingAccountType
BillingCurrency BillingPeriodEnd BillingPeriodStart CapacityReservationId
CapacityReservationStatus ChargeCategory ChargeClass ChargeDescription ChargeFrequency
ChargePeriodEnd ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId
CommitmentDiscountName CommitmentDiscountQuantity CommitmentDiscountStatus
CommitmentDiscountType CommitmentDiscountUnit ConsumedQuantity ConsumedUnit ContractedCost
ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost ListUnitPrice
PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost
PricingCurrencyListUnitPrice PricingQuantity PricingUnit ProviderName PublisherName RegionId
RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName ServiceSubcategory
SkuId SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags
x_Calls x_Simulated x_Source"""

NEVER_NULL = """BilledCost BillingAccountId BillingCurrency BillingPeriodEnd BillingPeriodStart
ChargeCategory ChargePeriodEnd ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName
ListCost ProviderName PublisherName ServiceCategory ServiceName"""

ROW: dict[str, Any] = {
    "input_fresh": 1_000_000,
    "cache_read": 10,
    "cache_write_1h": 20,
    "output": 30,
    "key_id": "k1",
    "cost_centre": "research",
    "team": "a",
}


def lines(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, str]], int]:
    file = tmp_path / "focus.csv"
    with book_of(rows) as book:
        count = write(book, file, {"k1": "ci, the old one"})
        total = book.one("SELECT coalesce(sum(cost_nusd), 0)::BIGINT FROM book")[0]
    found = list(csv.DictReader(file.read_text().splitlines()))
    assert len(found) == count
    return found, total


def nusd(found: list[dict[str, str]], column: str = "BilledCost") -> int:
    return int(sum((Decimal(line[column]) for line in found), Decimal(0)).scaleb(9))


def test_every_column_of_the_specification_is_there_in_its_order() -> None:
    assert [name for name, _ in COLUMNS] == NAMES.split()


def test_one_line_per_day_key_model_and_class_adds_up_to_the_ledger(tmp_path: Path) -> None:
    found, total = lines(tmp_path, [ROW, ROW, {**ROW, "at_us": MONDAY_US + DAY_US}])
    assert len(found) == 2 * 4
    assert nusd(found) == total
    first = next(it for it in found if it["SkuMeter"] == "Input tokens")
    assert first["ConsumedQuantity"] == "2000000"
    assert Decimal(first["PricingQuantity"]) == 2
    assert first["PricingUnit"] == "1000000 Tokens"
    assert Decimal(first["ListUnitPrice"]) == 2
    assert first["ChargePeriodStart"] == "2026-11-02T00:00:00Z"
    assert first["BillingPeriodEnd"] == "2026-12-01T00:00:00Z"
    assert (first["SubAccountId"], first["SubAccountName"]) == ("k1", "ci, the old one")
    assert json.loads(first["Tags"])["cost_centre"] == "research"


def test_tags_of_a_key_are_tags_of_the_line_and_ours_have_the_last_word(tmp_path: Path) -> None:
    found, total = lines(
        tmp_path,
        [
            {**ROW, "key_tags": tags}
            for tags in ("stage=prod,beta,team=x,stage=b,q==", "", "beta")
        ],
    )
    assert nusd(found) == total
    ours = {"organisation": "", "team": "a", "cost_centre": "research", "project": ""}
    shown = [json.loads(it["Tags"]) for it in found if it["SkuMeter"] == "Input tokens"]
    for own in ({"stage": "prod", "beta": True, "q": "="}, {}, {"beta": True}):
        assert {**own, **ours} in shown


def test_what_must_not_be_null_never_is(tmp_path: Path) -> None:
    found, _ = lines(tmp_path, [ROW, {"provider": "", "key_id": "", "output": 1}])
    for line in found:
        assert [name for name in NEVER_NULL.split() if not line[name]] == []
        assert line["ChargeCategory"] == "Usage"
        assert line["ServiceCategory"] == "AI and Machine Learning"


def test_terms_are_part_of_a_price_and_simulated_is_called_simulated(tmp_path: Path) -> None:
    found, _ = lines(tmp_path, [{"output": 1_000, "tier": "batch", "simulated": 1}])
    (line,) = found
    assert line["SkuPriceId"] == "anthropic/claude-sonnet-5-5/output/batch"
    assert json.loads(line["SkuPriceDetails"])["x_tier"] == "batch"
    assert line["ChargeDescription"].startswith("Simulated: Output tokens of")
    assert line["BillingAccountId"].startswith("simulated/")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "at_us": st.integers(MONDAY_US, MONDAY_US + 3 * DAY_US),
                "input_fresh": st.integers(0, 10**6),
                "output": st.integers(0, 10**6),
                "input_nusd": st.integers(0, 10**12),
                "output_nusd": st.integers(0, 10**12),
                "cost_nusd": st.integers(0, 10**13),
                "key_id": st.sampled_from(("", "k1", "k2")),
            }
        ),
        max_size=12,
    )
)
def test_whatever_the_rows_the_sum_is_theirs(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    found, total = lines(tmp_path, rows)
    for column in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        assert nusd(found, column) == total


def test_a_cost_that_a_source_states_is_no_charge_for_searches(tmp_path: Path) -> None:
    stated = {"priced_by": "stated", "search_nusd": 51, "cost_nusd": 51}
    found, total = lines(tmp_path, [stated])
    assert [line["SkuMeter"] for line in found] == ["Other charges"]
    assert nusd(found) == total == 51
