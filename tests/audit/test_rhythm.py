"""Replays in SQL say what replays of every single call say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from headgate.audit import rhythm
from headgate.audit.rhythm import Sums, lost_ids, sums
from headgate.policy.cacheprice import Worth
from headgate.policy.replay import Access, follow
from tests.audit.ledgers import MONDAY_US, evidence_of

SECOND_US = 1_000_000
SONNET = Worth(1.25, 2.0, 0.05)


def whole(rows: list[dict[str, Any]], slices: int = 0) -> Sums:
    """The sums of both halves, of ledgers with one unit."""
    with evidence_of(rows) as evidence:
        found = sums(evidence)
        assert len({unit for unit, _ in found}) == 1
    both = list(found.values())
    return Sums(0, 0, *(sum(column) for column in list(zip(*both, strict=True))[2:]))


def arrivals(seed: int, count: int) -> list[tuple[float, float]]:
    """When calls came, and when their answers began."""
    dice = random.Random(seed)  # noqa: S311 - the same every time
    at, found = 0.0, []
    for _ in range(count):
        at += dice.choice([10, 100, 280, 299, 301, 900, 3_599, 3_601, 9_000]) + 0.5
        found.append((at, at + dice.choice([0, 1, 4])))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_heads_cost_what_a_replay_of_each_call_says(seed: int) -> None:
    times = arrivals(seed, 200)
    rows = [
        {
            "at_us": MONDAY_US + int(at * SECOND_US),
            "ttft_us": int((ready - at) * SECOND_US),
            "input_fresh": 10_000,
            "head": 7,
            "head_bytes": 30_000,
            "chain": [7, n],
            "cover": [30_000, 40_000],
        }
        for n, (at, ready) in enumerate(times)
    ]
    found = whole(rows)
    accesses = [Access(*it) for it in times]
    head = 7_500 * 2_000
    assert found.head_plain == found.head_paid == 200 * head
    assert found.head_5m == pytest.approx(head * follow(accesses, "5m", SONNET))
    assert found.head_1h == pytest.approx(head * follow(accesses, "1h", SONNET))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_turns_cost_what_a_replay_of_a_conversation_says(seed: int) -> None:
    """Each call sends all that was sent before, and 500 tokens more."""
    times = arrivals(seed, 60)
    rows = [
        {
            "at_us": MONDAY_US + int(at * SECOND_US),
            "source": "claude-code",
            "session": "long",
            "input_fresh": 20_000 + 500 * n,
        }
        for n, (at, _) in enumerate(times)
    ]
    found = whole(rows)
    for ttl_s, write, cost in ((300, 1.25, found.turns_5m), (3_600, 2.0, found.turns_1h)):
        expected = 0.0
        for n, (at, _) in enumerate(times):
            size = 20_000 + 500 * n
            read = size - 500 if n and at - times[n - 1][0] < ttl_s else 0
            expected += 2_000 * (0.05 * read + write * (size - read))
        assert cost == pytest.approx(expected)


def test_slices_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * 90 * SECOND_US,
            "session": f"s{n % 7}",
            "input_fresh": 9_000 + n,
            "head": 1 + n % 3,
            "head_bytes": 30_000,
            "chain": [1 + n % 3, n],
            "cover": [30_000, 40_000],
        }
        for n in range(90)
    ]
    with evidence_of(rows) as evidence:
        once = sums(evidence)
    monkeypatch.setattr(rhythm, "MOST_TURNS", 20)
    for size in (rhythm.SLICE, 20):
        monkeypatch.setattr(rhythm, "SLICE", size)
        with evidence_of(rows) as evidence:
            often = sums(evidence)
        for unit, one in once.items():
            assert often[unit] == pytest.approx(one)


def test_of_very_many_conversations_some_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {
            "at_us": MONDAY_US + talk * 900 * SECOND_US + turn * 60 * SECOND_US,
            "source": "claude-code",
            "session": f"s{talk}",
            "input_fresh": 9_000 + 300 * turn + talk,
        }
        for talk in range(120)
        for turn in range(5)
    ]
    exact = whole(rows)
    monkeypatch.setattr(rhythm, "SLICE", 500)
    monkeypatch.setattr(rhythm, "MOST_TURNS", 100)
    found = whole(rows)
    assert 0.2 < found.replayed / 2 < 0.5, "of both halves"
    assert found.turns_plain == pytest.approx(exact.turns_plain)
    assert found.turns_5m == pytest.approx(exact.turns_5m, rel=0.01)


def test_the_parts_of_what_was_paid_are_those_of_the_bill() -> None:
    """Heads first: what is read, then what is written, then the rest."""
    rows = [
        {
            "at_us": MONDAY_US + n * 60 * SECOND_US,
            "session": "one",
            "input_fresh": 1_000,
            "cache_read": 6_000,
            "cache_write_5m": 3_000,
            "head": 7,
            "head_bytes": 32_000,
            "chain": [7, n],
            "cover": [32_000, 40_000],
        }
        for n in range(4)
    ]
    found = whole(rows)
    assert found.head_paid + found.turns_paid == pytest.approx(found.paid)
    assert found.head_plain + found.turns_plain == pytest.approx(found.plain)
    assert found.head_paid == pytest.approx(4 * 2_000 * (6_000 * 0.05 + 2_000 * 1.25))


def test_what_was_lost_is_named_by_its_calls() -> None:
    rows = [
        {
            "at_us": MONDAY_US + n * 60 * SECOND_US,
            "source": "claude-code",
            "session": "one",
            "cache_read": 0 if n == 5 else 20_000,
            "cache_write_5m": 20_000 if n == 5 else 100,
        }
        for n in range(9)
    ]
    with evidence_of(rows) as evidence:
        (first, second) = sums(evidence).values()
        assert first.lost_calls + second.lost_calls == 1
        assert lost_ids(evidence, 0) == ["call-000005"]
