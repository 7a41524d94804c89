"""Anthropic's reports of usage and costs, as its admin API gives them.

Rule 1: pure: which requests to make, and what their answers say.
Rule 2: tokens are disjoint there as here; money is decimal text in cents.
(usage-cost-api page, read 2026-11-20; the report of costs leaves the priority tier out)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from headgate.ledger.reconcile.page import (
    OTHER,
    Ask,
    NoReport,
    Page,
    buckets,
    count,
    day_of,
    named,
    next_of,
    nusd_of,
    of,
    results,
)
from headgate.ledger.reconcile.reported import Reported

PROVIDER = "anthropic"
URL = "https://api.anthropic.com"
KEY = "ANTHROPIC_ADMIN_KEY"
KEY_START = "sk-ant-admin"
KEY_HINT = "an administrator makes one in the Console: Settings, Admin keys"
MOST_DAYS = 31

_TIERS = {
    "standard": "",
    "flex_discount": "flex",
    "priority_on_demand": "priority",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def headers(key: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-api-key", key.encode()), (b"anthropic-version", b"2023-06-01")]


def asks(first: int, last: int) -> tuple[Ask, ...]:
    """What to ask for these days, both included."""
    span = (
        ("starting_at", _iso(first)),
        ("ending_at", _iso(last + 1)),
        ("bucket_width", "1d"),
        ("limit", str(MOST_DAYS)),
        ("group_by[]", "workspace_id"),
    )
    usage = (("group_by[]", "model"), ("group_by[]", "service_tier"))
    path = "/v1/organizations"
    return (
        Ask(f"{path}/usage_report/messages", (*span, *usage), False),
        Ask(f"{path}/cost_report", (*span, ("group_by[]", "description")), True),
    )


def _iso(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%dT00:00:00Z}"


def fits(page: object) -> bool:
    """Is it a page of one of the two."""
    data = page.get("data") if isinstance(page, dict) else None
    return isinstance(data, list) and any(
        isinstance(it, dict) and "starting_at" in it and "results" in it for it in data
    )


def read(page: Any, money: bool | None = None, workspaces: Sequence[str] = ()) -> Page:
    """`money`: is it of costs; None: it shows. `workspaces`: only these count."""
    rows, days = [], set()
    for bucket in buckets(page):
        day = _day(bucket)
        found = results(bucket)
        is_money = any("amount" in it for it in found) if money is None else money
        if money is not None or found:
            days.add((PROVIDER, day, is_money))
        chosen = [it for it in found if of(named(it, "workspace_id"), workspaces)]
        rows += [_cost(it, day) if is_money else _usage(it, day) for it in chosen]
    return Page(rows, days, next_of(page))


def _day(bucket: dict[str, Any]) -> int:
    try:
        begins = datetime.fromisoformat(str(bucket.get("starting_at")))
    except ValueError:
        raise NoReport(f"starting_at is {bucket.get('starting_at')!r}, and no moment") from None
    if begins.tzinfo is None:
        begins = begins.replace(tzinfo=UTC)
    return day_of((begins - _EPOCH).total_seconds(), bucket.get("starting_at"))


def _usage(result: dict[str, Any], day: int) -> Reported:
    if not named(result, "model"):
        raise NoReport("its tokens are not told by model", "ask for group_by[]=model")
    written = result.get("cache_creation") or {}
    if not isinstance(written, dict):
        raise NoReport(f"cache_creation is {written!r}, and no counts by lifetime")
    tier = named(result, "service_tier")
    return Reported(
        PROVIDER,
        named(result, "workspace_id"),
        day,
        named(result, "model"),
        _TIERS.get(tier, tier),
        "",
        input_fresh=count(result, "uncached_input_tokens"),
        cache_read=count(result, "cache_read_input_tokens"),
        cache_write_5m=count(written, "ephemeral_5m_input_tokens"),
        cache_write_1h=count(written, "ephemeral_1h_input_tokens"),
        output=count(result, "output_tokens"),
    )


def _cost(result: dict[str, Any], day: int) -> Reported:
    tier = named(result, "service_tier")
    line = named(result, "token_type") or named(result, "cost_type") or "costs"
    return Reported(
        PROVIDER,
        named(result, "workspace_id"),
        day,
        named(result, "model") or OTHER,
        _TIERS.get(tier, tier),
        line,
        cost_nusd=_cents(result),
    )


def _cents(result: dict[str, Any]) -> int:
    currency = str(result.get("currency") or "USD")
    if currency.upper() != "USD":
        raise NoReport(f"its money is {currency}, and ours are dollars")
    return nusd_of(result.get("amount"), 10_000_000, "cents")
