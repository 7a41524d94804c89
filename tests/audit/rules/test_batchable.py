"""Work that nobody waits for is found, and what somebody waits for is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from headgate.audit.finding import Finding
from headgate.audit.joint import joint
from headgate.audit.rules.batchable import RULE
from tests.audit.ledgers import DAY_US, MONDAY_US, evidence_of, priced
from tests.audit.rules.judged import found as found_of
from tests.audit.rules.judged import keeps_its_word

MINUTE_US = 60_000_000


def judged(rows: Sequence[Mapping[str, Any]], **more: Any) -> list[Finding]:
    return found_of(RULE, rows, **more)


def run(day: int, count: int, **more: Any) -> list[dict[str, Any]]:
    """Calls that follow each other for hours, at another time each day."""
    start = MONDAY_US + day * DAY_US + (day * 7 % 20) * 60 * MINUTE_US
    return [
        {
            "at_us": start + n * 20_000_000,
            "key_id": "job",
            "input_fresh": 5_000,
            "output": 400,
            **more,
        }
        for n in range(count)
    ]


def test_it_keeps_its_word() -> None:
    keeps_its_word(RULE)


def test_a_nightly_job_would_cost_half() -> None:
    found = {it.figures["why"]: it for it in judged(RULE.fires_on())}
    assert found.keys() == {"nightly", "declared"}
    job = [priced(row) for row in RULE.fires_on() if row["key_id"] == "job"]
    assert found["nightly"].saving_nusd == sum(row["cost_nusd"] for row in job) / 2
    assert found["nightly"].rows == len(job)
    assert "/v1/messages/batches" in found["nightly"].change


def test_a_tag_says_that_calls_can_wait() -> None:
    rows = run(0, 60, stream=1, tags="team:data nightly")
    (found,) = judged(rows)
    assert found.figures["why"] == "declared"
    assert judged(run(0, 60, stream=1, tags="fortnightlyness")) == []


def test_runs_that_come_back_are_found_and_one_alone_only_suggests_it() -> None:
    (found,) = judged([*run(0, 300), *run(1, 300), *run(3, 300)])
    assert (found.figures["why"], found.confidence) == ("runs", "strong")
    (found,) = judged(run(0, 300))
    assert (found.figures["why"], found.confidence) == ("one run", "hypothesis")


def test_answers_that_come_back_in_later_prompts_are_waited_for() -> None:
    """Each call continues the one before, though nobody says so."""
    rows = run(0, 300)
    for n, row in enumerate(rows):
        row |= {"chain": [7, 1_000 + n - 1, 2_000 + n, 1_000 + n], "cover": [1, 2, 3, 4]}
    assert judged(rows) == []


def test_a_source_that_does_not_know_what_streamed_only_suggests_it() -> None:
    rows = [row | {"source": "codex"} for row in RULE.fires_on() if row["key_id"] == "job"]
    assert [it.confidence for it in judged(rows)] == ["hypothesis"]


@pytest.mark.parametrize("opening", [[], [7]])
def test_a_job_that_answers_its_own_answers_is_left_alone(opening: list[int]) -> None:
    """The second of two calls begins with the first and its answer."""
    rows = [
        {"at_us": row["at_us"] + step * 10_000_000, "chain": [*opening, *turns]}
        for n, row in enumerate(RULE.fires_on())
        if row["key_id"] == "job"
        for step, turns in enumerate(([1_000 * n], [1_000 * n, 1_000 * n + 1, 1_000 * n + 2]))
    ]
    steps = [RULE.fires_on()[0] | row | {"cover": [0] * len(row["chain"])} for row in rows]
    assert judged(steps) == []


@pytest.mark.parametrize("more", [{"tier": "batch"}, {"provider": "groq", "model_sent": "x"}])
def test_what_is_in_batches_or_cannot_be_is_left_alone(more: dict[str, Any]) -> None:
    assert judged([row | more for row in RULE.fires_on()]) == []


def test_what_a_cache_reads_already_is_not_made_dearer() -> None:
    """Cached reads cost a twentieth: a batch costs half, and reads little."""
    read = {"input_fresh": 0, "cache_read": 50_000, "output": 5}
    rows = [row | read for row in RULE.fires_on()]
    write = {"cache_read": 0, "cache_write_5m": 50_000}
    rows = [row | write if n % 50 == 0 else row for n, row in enumerate(rows)]
    assert judged(rows) == []


def test_alone_it_counts_for_what_it_says() -> None:
    with evidence_of(RULE.fires_on()) as evidence:
        findings = list(RULE.judge(evidence))
        whole = joint(evidence, findings)
    assert whole.total_nusd == sum(it.saving_nusd for it in findings)
