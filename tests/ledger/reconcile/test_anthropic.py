"""Anthropic's pages are read as they are written: tokens disjoint, money in cents."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger.reconcile.anthropic import asks, fits, headers, read
from headgate.ledger.reconcile.page import OTHER, NoReport

DAY = 20_740
USAGE: dict[str, Any] = {
    "uncached_input_tokens": 1,
    "cache_read_input_tokens": 2,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
    "output_tokens": 5,
    "model": "claude-opus-5-5",
    "service_tier": "flex_discount",
    "workspace_id": "w1",
}
COST: dict[str, Any] = {
    "amount": "12.345",
    "currency": "USD",
    "cost_type": "tokens",
    "token_type": "output_tokens",
    "model": "claude-opus-5-5",
    "service_tier": "standard",
    "workspace_id": None,
}


def page(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": [{"starting_at": "2026-10-14T00:00:00Z", "results": [*found]}], **more}


def test_classes_of_tokens_are_taken_as_they_are() -> None:
    (row,) = read(page(USAGE)).rows
    assert row[:6] == ("anthropic", "w1", DAY, "claude-opus-5-5", "flex", "")
    assert row.tokens == (1, 2, 3, 4, 0, 0, 5)


def test_money_is_cents_as_text() -> None:
    (row,) = read(page(COST)).rows
    assert (row.cost_nusd, row.line, row.tier) == (123_450_000, "output_tokens", "")


def test_a_line_of_no_model_is_kept_under_its_own_name() -> None:
    (row,) = read(
        page({**COST, "model": None, "token_type": None, "cost_type": "web_search"})
    ).rows
    assert (row.model, row.line) == (OTHER, "web_search")


def test_a_day_without_results_was_reported_all_the_same() -> None:
    assert read(page(), True).days == {("anthropic", DAY, True)}


def test_only_the_chosen_workspaces_count() -> None:
    assert len(read(page(USAGE, {**USAGE, "workspace_id": "w2"}), None, ("w2",)).rows) == 1


def test_the_next_page_is_named() -> None:
    assert read(page(USAGE, has_more=True, next_page="p2")).next == "p2"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({**USAGE, "model": None}, "by model"),
        ({**COST, "currency": "EUR"}, "dollars"),
        ({**COST, "amount": "much"}, "cents"),
        ({**COST, "amount": "NaN"}, "cents"),
    ],
)
def test_what_cannot_be_read_is_named(found: dict[str, Any], words: str) -> None:
    with pytest.raises(NoReport, match=words):
        read(page(found))


def test_both_reports_are_asked_for_whole_days_by_model() -> None:
    usage, costs = asks(DAY, DAY + 1)
    assert ("starting_at", "2026-10-14T00:00:00Z") in usage.query
    assert ("ending_at", "2026-10-16T00:00:00Z") in usage.query
    assert ("group_by[]", "model") in usage.query
    assert (costs.money, costs.path) == (True, "/v1/organizations/cost_report")


def test_the_key_goes_into_its_own_header() -> None:
    assert (b"x-api-key", b"k") in headers("k")


def test_only_its_own_pages_fit() -> None:
    assert fits(page(USAGE))
    assert not fits({"data": [{"start_time": 1, "results": []}]})
    assert not fits([])
