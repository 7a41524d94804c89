"""What callers are told of limits and budgets is what their clients act on."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from headgate.engine import told
from headgate.engine.purse import Purse
from headgate.policy.cap import Kind as BudgetKind
from headgate.policy.cap import Period, span
from headgate.policy.holding import Pot, Tap
from headgate.store.bank import ALWAYS
from headgate.wire.model import Fault, Kind

DAY = 20_778
USD = told.NUSD
UNIFIED = "anthropic-ratelimit-unified-"


def pot(
    spent: int, cap: int = 20 * USD, period: Period = "day", kind: BudgetKind = "hard"
) -> Pot:
    made = Pot(f"key:k_1 {period}", "key:k_1", span(period, DAY), cap, kind)
    made.period = period
    made.label = "the daily budget of key 'ana'"
    made.answer(0, cap - spent, spent)
    return made


def text(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def test_a_spent_budget_names_cap_end_and_remedy() -> None:
    fault = told.spent(pot(20 * USD), USD)
    assert fault.kind is Kind.BUDGET
    assert fault.message == (
        "spend limit reached (daily; resets 2026-11-22 00:00 UTC): $20.00, the daily budget of"
        " key 'ana', is spent; ask for a larger budget"
    )


@pytest.mark.parametrize(
    ("kind", "words"), [("hard", "may cost up to"), ("soft", "will probably cost")]
)
def test_a_call_too_dear_for_what_is_left_says_both_sums(kind: BudgetKind, words: str) -> None:
    message = told.spent(pot(19 * USD, kind=kind), 3 * USD).message
    assert (
        f"$1.00 of $20.00, the daily budget of key 'ana', are left, and this call {words}"
        in (message)
    )
    assert "$3.00" in message


@pytest.mark.parametrize(
    ("cap", "spent", "sums"),
    [
        (1_500_000, 163, ("$0.001499837 of", "$0.0015")),
        (20 * USD, 1, ("$19.999999999 of", "$20")),
    ],
)
def test_sums_that_differ_by_less_than_is_usually_shown_are_shown_exactly(
    cap: int, spent: int, sums: tuple[str, str]
) -> None:
    message = told.spent(pot(spent, cap), cap).message
    assert sums[0] in message
    assert f"may cost up to {sums[1]};" in message


def test_a_block_is_the_one_that_claude_code_stops_at() -> None:
    fault = told.spent(pot(20 * USD), USD)
    headers = text(told.block_headers(fault, "anthropic"))
    reset = str((DAY + 1) * 86_400)
    assert headers.pop("retry-after") == str(
        max(1, (DAY + 1) * 86_400 - time.time_ns() // 10**9)
    )
    assert headers == {
        f"{UNIFIED}status": "rejected",
        f"{UNIFIED}reset": reset,
        f"{UNIFIED}overage-reset": reset,
        f"{UNIFIED}overage-utilization": "1",
        f"{UNIFIED}overage-surpassed-threshold": "1",
        f"{UNIFIED}overage-period": "daily",
        f"{UNIFIED}overage-disabled-reason": "org_spend_cap_reached",
    }


def test_a_budget_of_many_says_that_it_is_one() -> None:
    team = pot(20 * USD)
    team.account = "team:t_1"
    headers = text(told.block_headers(told.spent(team, USD), "anthropic"))
    assert headers[f"{UNIFIED}overage-scope"] == "group_pool"


def test_a_budget_that_never_begins_anew_promises_no_end() -> None:
    fault = told.spent(pot(20 * USD, period="total"), USD)
    assert fault.message.startswith("spend limit reached (total; never resets)")
    assert "retry-after" not in text(told.block_headers(fault, "anthropic"))


def test_openai_clients_are_given_no_time_to_wait_for() -> None:
    assert told.block_headers(told.spent(pot(20 * USD), USD), "openai_responses") == []
    assert told.block_headers(Fault(Kind.RATE_LIMITED, "x"), "anthropic") == []


def tap(what: str, level: int, bank: int, per_minute: int = 60) -> Tap:
    made = Tap(f"key:k_1 {what}", per_minute, 10)
    made.what, made.level, made.bank = what, level, bank
    made.label = f"{per_minute} {what} a minute of key 'ana'"
    return made


def test_what_is_left_of_a_minute_is_told_in_the_vendors_own_fields() -> None:
    purse = Purse(1, lambda it: None)
    for it in (
        tap("requests", 1, 3),
        tap("requests", 50, 900, 6000),
        tap("input_tokens", 2, 0),
    ):
        purse.add_tap(it)
    headers = text(told.reply_headers(purse, "anthropic"))
    reset = headers.pop("anthropic-ratelimit-requests-reset")
    at = datetime.strptime(reset, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((at - datetime.now(UTC)).total_seconds() - 6) < 3
    assert headers.pop("anthropic-ratelimit-input-tokens-reset")
    assert headers == {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "4",
        "anthropic-ratelimit-input-tokens-limit": "60",
        "anthropic-ratelimit-input-tokens-remaining": "2",
    }
    assert text(told.reply_headers(purse, "openai_chat")) == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "4",
        "x-ratelimit-reset-requests": "6.000s",
        "x-ratelimit-limit-tokens": "60",
        "x-ratelimit-remaining-tokens": "2",
        "x-ratelimit-reset-tokens": "8.000s",
    }


def test_a_warning_is_due_from_its_share_on_and_shown_by_claude_code() -> None:
    purse, it = Purse(1, lambda it: None), pot(int(16.4 * USD))
    purse.add_budget(it)
    assert told.warning(purse) is None
    it.warned = 1
    assert told.warning(purse) is it
    assert told.warning_text(it) == (
        "budget_warning: 82 % of the daily budget of key 'ana' ($20.00) is spent;"
        " it resets 2026-11-22 00:00 UTC"
    )
    headers = text(told.reply_headers(purse, "anthropic"))
    assert headers[f"{UNIFIED}status"] == "allowed_warning"
    assert headers[f"{UNIFIED}overage-utilization"] == "0.82"
    assert headers[f"{UNIFIED}overage-surpassed-threshold"] == "0.75"


def test_what_time_will_bring_is_told_with_its_time() -> None:
    slots = Pot("key:k_1 concurrent", "", ALWAYS, 2, "hard")
    slots.label = "2 calls at once of key 'ana'"
    for short, words in (
        (tap("requests", 0, 0), "rate limit reached: 60 requests a minute of key 'ana'"),
        (slots, "rate limit reached: 2 calls at once of key 'ana'"),
        (pot(0), "what is left of the daily budget of key 'ana' is set aside for calls"),
    ):
        fault = told.waited(short, 10.0, 2.5)
        assert fault.kind is Kind.RATE_LIMITED
        assert words in fault.message
        assert fault.retry_after == 2.5
    assert told.line_is_full(100).retry_after
    assert told.unreachable("no route").kind is Kind.BUSY


@pytest.mark.parametrize(
    ("nusd", "shown"), [(0, "$0.00"), (3 * USD, "$3.00"), (1234567 * USD, "$1,234,567.00"),
                        (2_500_000, "$0.0025"), (10_000, "$0.00001")],
)  # fmt: skip
def test_dollars_are_written_as_people_write_them(nusd: int, shown: str) -> None:
    assert told.dollars(nusd) == shown


def test_a_call_that_nobody_knows_the_price_of_is_refused_with_the_remedy() -> None:
    fault = told.unpriced("openai:gpt-x")
    assert fault.kind is Kind.INVALID
    assert fault.message.startswith("no price is known of openai:gpt-x, and a budget stands")
    assert "prices.overrides" in fault.message


def test_what_goes_on_unseen_is_refused_with_the_remedy() -> None:
    fault = told.unseen()
    assert fault.kind is Kind.INVALID
    assert fault.message.endswith("leave background out")
