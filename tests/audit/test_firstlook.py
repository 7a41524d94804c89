"""Four steps, each with an answer or with why there is none."""

from __future__ import annotations

from headgate.audit.firstlook import steps
from headgate.ledger.book.quick import quick
from tests.audit.ledgers import DAY_US, MONDAY_US, book_of


def test_few_prompts_sent_often_and_never_cached_are_flagged() -> None:
    rows = [
        {"head": 7, "head_bytes": 9_000, "request_bytes": 10_000, "input_fresh": 2_500}
        for _ in range(10_000)
    ]
    with book_of(rows) as book:
        first, pairs, spike, prefixes = steps(quick(book), {})
    assert first.flagged
    assert "1 distinct ones in 10,000 calls" in first.lines[0]
    assert "claude-sonnet-5-5, messages, 10,000 calls" in pairs.lines[0]
    assert spike.lines == ("all calls are of one day",)
    assert "0% of them read a cache" in prefixes.lines[0]


def test_transcripts_carry_no_system_prompt_and_the_step_says_so() -> None:
    rows = [
        {"source": "claude-code", "at_us": MONDAY_US + n * DAY_US, "input_fresh": 9 ** (n + 1)}
        for n in range(4)
    ]
    with book_of(rows) as book:
        first, _, spike, prefixes = steps(quick(book), {})
    assert "carries no system prompts" in first.lines[0]
    assert "carries no system prompts" in prefixes.lines[0]
    assert "times the usual" in spike.lines[0]


def test_a_key_is_called_by_its_name() -> None:
    rows = [
        {"key_id": "k_1", "at_us": MONDAY_US + n * DAY_US, "output": 10 ** (n + 1)}
        for n in range(4)
    ]
    with book_of(rows) as book:
        spike = steps(quick(book), {"k_1": "ana"})[2]
    assert any(line.startswith("key ana:") for line in spike.lines)
