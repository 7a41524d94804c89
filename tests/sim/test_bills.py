"""What the simulator served is reported as both vendors report it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from headgate.sim import bills
from headgate.sim.bills import MOST_BUCKETS, Bills, Served, check_admin
from headgate.sim.checks import Refused
from headgate.wire.model import Terms, Usage

DAY = 20_740
NOON = DAY * 86_400 + 43_200.0
MINUTE = int(NOON) // 60
SPAN = "starting_at=2026-10-14T00:00:00Z&ending_at=2026-10-15T00:00:00Z"


@pytest.fixture
def served() -> Bills:
    made = Bills()
    made.read_prices()
    usage = Usage(input_fresh=1_000, cache_read=2_000, cache_write_5m=30, output=100)
    for _ in range(2):
        made.note(Served("anthropic", MINUTE, "claude-opus-5-5", usage))
    priority = Terms(tier="priority")
    made.note(Served("anthropic", MINUTE, "claude-opus-5-5", usage, priority))
    other = Usage(1_000, 2_000, cache_write_30m=30, output=9)
    made.note(Served("openai", MINUTE, "gpt-6.1-sol", other))
    small = "text-embedding-3-small"
    made.note(Served("openai", MINUTE, small, Usage(7), surface="embeddings"))
    return made


def only(page: dict[str, Any]) -> list[dict[str, Any]]:
    (bucket,) = page["data"]
    found: list[dict[str, Any]] = bucket["results"]
    return found


def test_tokens_are_told_by_model_and_tier(served: Bills) -> None:
    query = f"{SPAN}&group_by[]=model&group_by[]=service_tier"
    found = only(bills.anthropic_usage(served, query, NOON))
    assert [(it["service_tier"], it["uncached_input_tokens"]) for it in found] == [
        ("standard", 2_000),
        ("priority", 1_000),
    ]
    assert found[0]["cache_creation"]["ephemeral_5m_input_tokens"] == 60


def test_what_is_not_grouped_by_is_null(served: Bills) -> None:
    (found,) = only(bills.anthropic_usage(served, SPAN, NOON))
    assert (found["model"], found["uncached_input_tokens"]) == (None, 3_000)


def test_costs_are_cents_as_text_and_leave_the_priority_tier_out(served: Bills) -> None:
    found = only(bills.anthropic_costs(served, f"{SPAN}&group_by[]=description", NOON))
    by_type = {it["token_type"]: Decimal(it["amount"]) for it in found}
    assert by_type["uncached_input_tokens"] == Decimal("0.8")  # 2 x 1,000 at $4 a million
    assert by_type["output_tokens"] == Decimal("0.4")


def test_openai_counts_what_is_cached_into_its_input(served: Bills) -> None:
    span = f"start_time={DAY * 86_400}&end_time={(DAY + 1) * 86_400}"
    (found,) = only(bills.openai_usage(served, span, NOON))
    assert (found["input_tokens"], found["input_uncached_tokens"]) == (3_030, 1_000)
    assert found["input_cache_write_30m_tokens"] == 30
    (embedded,) = only(bills.openai_embeddings(served, span, NOON))
    assert embedded["input_tokens"] == 7
    costs = only(bills.openai_costs(served, f"{span}&group_by=line_item", NOON))
    assert {it["line_item"] for it in costs} >= {"gpt-6.1-sol, cached input"}


def test_pages_follow_each_other_to_the_end(served: Bills) -> None:
    query = "starting_at=2026-10-12T00:00:00Z&ending_at=2026-10-16T00:00:00Z&limit=3"
    first = bills.anthropic_usage(served, query, NOON)
    assert (len(first["data"]), first["has_more"]) == (3, True)
    last = bills.anthropic_usage(served, f"{query}&page={first['next_page']}", NOON)
    assert (len(last["data"]), last["has_more"], last["next_page"]) == (1, False, None)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "starting_at=noon",
        f"{SPAN}&limit={MOST_BUCKETS['1d'] + 1}",
        f"{SPAN}&bucket_width=1w",
    ],
)
def test_what_a_vendor_would_not_take_is_refused(served: Bills, query: str) -> None:
    with pytest.raises(Refused):
        bills.anthropic_usage(served, query, NOON)


def test_costs_come_by_whole_days_only(served: Bills) -> None:
    with pytest.raises(Refused):
        bills.anthropic_costs(served, f"{SPAN}&bucket_width=1h", NOON)


def test_a_key_that_is_no_administrators_is_refused() -> None:
    check_admin("anthropic", "sk-ant-admin01-x")
    with pytest.raises(Refused):
        check_admin("anthropic", "sk-ant-api03-x")


def test_only_so_many_calls_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "MOST", 2)
    made = Bills()
    for count in range(5):
        made.note(Served("anthropic", MINUTE, "claude-opus-5-5", Usage(count)))
    assert len(made.counts) == 2
