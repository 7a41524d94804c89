"""Nearly the same questions, end to end: a planted stream is measured as it was planted."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.policy.trust import Report
from headgate.sim.faults import parse
from headgate.sim.scenario import Scenario, Step
from headgate.store import near as table
from tests.kit import HASTE, Field, Got, message, running

CACHE = """
[cache]
reply = "deterministic"
near = "{mode}"
near_model = "openai:text-embedding-3-small"
near_likeness = 0.6
"""

STREAM: list[tuple[str, str, str]] = [
    # what is asked, what the model answers, and what shall be found of it
    ("What is the capital of France?", "Paris", ""),
    ("Please, what is the capital of France?", "Paris", "same"),
    ("What's the capital of France?", "Paris", "same"),
    ("What is the capital of Spain?", "Madrid", "name"),
    ("How many metres are in 5 kilometres?", "5000", ""),
    ("So how many metres are in 5 kilometres?", "5000", "same"),
    ("How many metres are in 6 kilometres?", "6000", "number"),
    ("Which mushrooms of the forest are poisonous?", "Amanita", ""),
    ("Which mushrooms of the forest are not poisonous?", "Boletus", "negation"),
    ("Which mushrooms of the forest are edible?", "Boletus", "words"),
    ("Please tell which mushrooms of the forest are poisonous?", "Amanita", "same"),
    ("Explain what the command `git pull` does", "It fetches and merges", ""),
    ("Please explain what the command `git pull` does", "It fetches and merges", "same"),
    ("Explain what the command `git push` does", "It sends commits", "code"),
    ("Which exercise comes before breakfast in spring?", "Stretching", ""),
    ("Which exercise comes after breakfast in spring?", "Walking", "direction"),
    ("Hello, which exercise comes before breakfast in spring?", "Yoga", "same"),
]
"""the last answer is another one: a disagreement"""
SAME = [it for it in STREAM if it[2] == "same"]
REFUSED = [it for it in STREAM if it[2] not in ("", "same")]


async def ask(field: Field, text: str, answer: str) -> Got:
    field.sim.next(f"text={answer}")
    turns = [{"role": "user", "content": text}]
    got = await field.post("/v1/messages", message(messages=turns, temperature=0))
    assert got.status == 200
    return got


async def looked(field: Field, count: int) -> list[tuple[str, int]]:
    """(verdict, agreed) of every call that was looked at, once there are so many."""
    notices = field.opened.house.ground.notices

    def read(store: Any) -> list[tuple[str, int]]:
        rows = store.execute("SELECT verdict, agreed FROM near ORDER BY at_us")
        return [tuple(row) for row in rows.fetchall()]

    found: list[tuple[str, int]] = []
    for _ in range(200):
        found = await notices.ask(read) or []
        if len(found) >= count:
            break
        await asyncio.sleep(0.02)
    assert len(found) == count
    return found


def told(ledger: Path) -> dict[str, Any]:
    """What the command says, run as a process of its own would be."""
    config = ledger.with_name("near.toml")
    config.write_text(
        '[providers.openai]\napi_key = "env:NEAR_KEY"\n' + CACHE.format(mode="shadow")
    )
    words = ["cache", "near", "report", "--json", "--config", str(config)]
    result = CliRunner(env={"NEAR_KEY": "sk-proj-" + "0aZ9bY8cX7dW6eV5" * 4}).invoke(
        main, [*words, "--ledger", str(ledger)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.mark.slow
async def test_what_the_report_says_is_what_was_planted() -> None:
    async with running(HASTE + CACHE.format(mode="shadow")) as field:
        for n, (text, answer, _) in enumerate(STREAM, 1):
            got = await ask(field, text, answer)
            assert "x-headgate-cache" not in got.headers
            await looked(field, n)
        found = [verdict for verdict, _ in await looked(field, len(STREAM))]
        assert found == [verdict for _, _, verdict in STREAM]
        report = await asyncio.to_thread(told, field.ledger)
        rows = await field.rows(2 * len(STREAM))
    assert report["calls"] == len(STREAM)
    assert report["verified"] == len(SAME)
    assert report["agreed"] == len(SAME) - 1
    assert report["precision"] == pytest.approx((len(SAME) - 1) / len(SAME))
    assert sum(report["refused"].values()) == len(REFUSED)
    assert len(report["disagreed"]) == 1
    assert report["may_serve"] is False
    near = [row for row in rows if row["key_tags"] == "headgate:near"]
    assert len(near) == len(STREAM)
    assert {row["surface"] for row in near} == {"embeddings"}
    assert {row["charged"] for row in near} == {"house"}
    assert report["cost_nusd"] == sum(row["cost_nusd"] for row in near) > 0


@pytest.mark.slow
async def test_nothing_that_was_asked_or_answered_is_on_the_disk() -> None:
    async with running(HASTE + CACHE.format(mode="shadow")) as field:
        await ask(field, "What is the capital of Xanadu?", "Shangri")
        await ask(field, "Please, what is the capital of Xanadu?", "Shangri")
        await looked(field, 2)

        def written() -> bytes:
            parts = [path for path in field.ledger.parent.rglob("*") if path.is_file()]
            return b"".join(path.read_bytes() for path in parts)

        data = await asyncio.to_thread(written)
    assert b"near" in data
    assert b"Xanadu" not in data
    assert b"Shangri" not in data


@pytest.mark.slow
async def test_serve_gives_nothing_before_a_report_and_near_answers_after_it() -> None:
    async with running(HASTE + CACHE.format(mode="serve")) as field:
        nearby = field.opened.house.ground.nearby
        assert nearby is not None
        await ask(field, "What is the capital of France?", "Paris")
        await looked(field, 1)
        before = await ask(field, "Please, what is the capital of France?", "Paris")
        assert "x-headgate-cache" not in before.headers
        await looked(field, 2)
        now_us = time.time_ns() // 1000
        report = Report(
            now_us, 0, 500, 300, 200, 200, 1000, 981, 600, "openai:text-embedding-3-small"
        )
        await field.opened.house.ground.notices.ask(lambda store: table.file(store, report))
        await nearby.refresh(at_once=True)
        assert nearby.serves
        sent = field.sim.total_calls
        turns = [{"role": "user", "content": "Hi, what is the capital of France?"}]
        after = await field.post("/v1/messages", message(messages=turns, temperature=0))
        assert after.status == 200
        kind, _, likeness = after.headers["x-headgate-cache"].partition("; likeness=")
        assert kind == "near"
        assert 0.6 <= float(likeness) < 1
        assert after.json["content"][0]["text"].endswith("Paris")
        assert field.sim.total_calls == sent + 1, "only the question was turned into numbers"
        row = await field.row_of(after.headers["x-request-id"])
        other = [{"role": "user", "content": "What is the capital of Spain?"}]
        refused = await field.post("/v1/messages", message(messages=other, temperature=0))
        assert "x-headgate-cache" not in refused.headers
        events = [line["event"] for line in field.logged()]
    assert (row["answered_from"], row["cost_nusd"]) == ("near", 0)
    assert row["saved_nusd"] > 0
    assert "near_stays_shadow" in events
    assert events.index("near_stays_shadow") < events.index("near_serves")


@pytest.mark.slow
async def test_a_model_that_cannot_be_asked_harms_no_call() -> None:
    async with running(HASTE + CACHE.format(mode="shadow")) as field:
        broken = Step(parse("400;message=no such model"), path="*/embeddings")
        field.sim.play(Scenario(steps=(broken,)))
        await ask(field, "What is the capital of France?", "Paris")
        trouble: list[dict[str, Any]] = []
        for _ in range(100):
            trouble = [line for line in field.logged() if line["event"] == "near_trouble"]
            if trouble:
                break
            await asyncio.sleep(0.02)
    assert "headgate explain" in trouble[0]["why"]
