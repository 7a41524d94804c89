"""OpenAI's reports of usage and costs, as its admin API gives them.

Rule 1: pure: which requests to make, and what their answers say.
Rule 2: its input includes what was read from and written to a cache; here it is taken apart.
Rule 3: its money is dollars, told by line: a model and what was charged for it.
(usage and costs pages, read 2026-11-20)
"""

from __future__ import annotations

from collections.abc import Sequence
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
from headgate.ledger.reconcile.reported import Reported, line_of

PROVIDER = "openai"
URL = "https://api.openai.com"
KEY = "OPENAI_ADMIN_KEY"
KEY_START = "sk-admin"
KEY_HINT = "an owner makes one at platform.openai.com: Organization settings, Admin keys"
MOST_DAYS = 31
DAY_S = 86_400


def headers(key: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Bearer " + key.encode())]


def asks(first: int, last: int) -> tuple[Ask, ...]:
    """What to ask for these days, both included."""
    span = (
        ("start_time", str(first * DAY_S)),
        ("end_time", str((last + 1) * DAY_S)),
        ("bucket_width", "1d"),
        ("limit", str(MOST_DAYS)),
        ("group_by", "project_id"),
    )
    usage = tuple(("group_by", name) for name in ("model", "batch", "service_tier"))
    path = "/v1/organization"
    return (
        Ask(f"{path}/usage/completions", (*span, *usage), False),
        Ask(f"{path}/usage/embeddings", (*span, ("group_by", "model")), False),
        Ask(f"{path}/costs", (*span, ("group_by", "line_item")), True),
    )


def fits(page: object) -> bool:
    """Is it a page of one of them."""
    data = page.get("data") if isinstance(page, dict) else None
    return isinstance(data, list) and any(
        isinstance(it, dict) and "start_time" in it and "results" in it for it in data
    )


def read(page: Any, money: bool | None = None, projects: Sequence[str] = ()) -> Page:
    """`money`: is it of costs; None: it shows. `projects`: only these count."""
    rows, days = [], set()
    for bucket in buckets(page):
        day = day_of(count(bucket, "start_time"), bucket.get("start_time"))
        found = results(bucket)
        is_money = any("amount" in it for it in found) if money is None else money
        if money is not None or found:
            days.add((PROVIDER, day, is_money))
        chosen = [it for it in found if of(named(it, "project_id"), projects)]
        rows += [_cost(it, day) if is_money else _usage(it, day) for it in chosen]
    return Page(rows, days, next_of(page))


def _usage(result: dict[str, Any], day: int) -> Reported:
    if not named(result, "model"):
        raise NoReport("its tokens are not told by model", "ask for group_by=model")
    whole, read_ = count(result, "input_tokens"), count(result, "input_cached_tokens")
    written = count(result, "input_cache_write_tokens")
    half_day = count(result, "input_cache_write_12h_tokens")
    told = result.get("input_uncached_tokens") is not None
    fresh = count(result, "input_uncached_tokens") if told else whole - read_ - written
    tier = named(result, "service_tier")
    return Reported(
        PROVIDER,
        named(result, "project_id"),
        day,
        named(result, "model"),
        "batch" if result.get("batch") is True else "" if tier == "default" else tier,
        "",
        requests=count(result, "num_model_requests"),
        input_fresh=max(0, fresh),
        cache_read=read_,
        cache_write_30m=max(0, written - half_day),
        cache_write_12h=half_day,
        cache_write_5m=0,
        cache_write_1h=0,
        output=count(result, "output_tokens"),
    )


def _cost(result: dict[str, Any], day: int) -> Reported:
    item = named(result, "line_item")
    model, line = split(item)
    return Reported(
        PROVIDER,
        named(result, "project_id"),
        day,
        model,
        "",
        line or item or "costs",
        cost_nusd=_dollars(result),
    )


def split(item: str) -> tuple[str, str]:
    """(model, what was charged for) of a line such as gpt-5.5-2026-04-23, cached input."""
    model, _, line = item.partition(",")
    if not line.strip() or " " in model.strip() or line_of(line) == "other":
        return OTHER, item
    return model.strip(), line.strip()


def _dollars(result: dict[str, Any]) -> int:
    amount = result.get("amount")
    value = amount.get("value") if isinstance(amount, dict) else None
    currency = str(amount.get("currency") or "usd") if isinstance(amount, dict) else "usd"
    if currency.lower() != "usd":
        raise NoReport(f"its money is {currency}, and ours are dollars")
    return nusd_of(value, 1_000_000_000, "dollars")
