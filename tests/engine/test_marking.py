"""Prompts of callers that know nothing of caches: they are marked where that pays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests import kit

ON = kit.HASTE + '[cache]\nprompt = "on"\n'
WORDS = "You are a careful assistant that reads code before it changes any of it. "
LONG = WORDS * 1450
"""about 25,000 tokens"""
TOOLS = [
    {
        "name": f"tool_{n}",
        "description": WORDS * 5,
        "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
    }
    for n in range(8)
]


def session(turns: int, system: str = LONG, model: str = "claude-haiku-5-5") -> dict[str, Any]:
    """A conversation like an agent's, before its next answer."""
    said: list[dict[str, Any]] = [{"role": "user", "content": "Find the bug."}]
    for n in range(turns):
        said.append({"role": "assistant", "content": f"I looked at file {n}. {WORDS}"})
        said.append({"role": "user", "content": [{"type": "text", "text": f"Go on, {n}."}]})
    return {
        "model": model,
        "max_tokens": 32,
        "system": [{"type": "text", "text": system}],
        "tools": TOOLS,
        "messages": said,
    }


def input_nusd(row: Any) -> int:
    return int(row["input_nusd"] + row["cache_read_nusd"] + row["cache_write_nusd"])


def share(rows: Sequence[Any]) -> float:
    """What their input cost, of what it would have cost without a cache."""
    return sum(map(input_nusd, rows)) / sum(row["uncached_nusd"] for row in rows)


async def test_an_agents_session_of_fifty_turns_costs_at_most_15_per_cent() -> None:
    async with kit.running(ON) as field:
        for n in range(50):
            got = await field.post("/v1/messages", session(n))
            assert got.status == 200, got.body
        rows = await field.rows(50)
    assert share(rows) <= 0.15, share(rows)
    assert rows[0]["cache_plan"] == "on tools:5m system:5m turns:5m"
    assert all(row["cache_read"] > 25_000 for row in rows[1:])


async def test_an_openai_clients_session_with_claude_is_cached_too() -> None:
    body: dict[str, Any] = {"model": "claude-haiku-5-5", "max_completion_tokens": 32}
    said = [{"role": "system", "content": LONG}, {"role": "user", "content": "Begin."}]
    async with kit.running(ON) as field:
        for n in range(12):
            got = await field.post("/v1/chat/completions", {**body, "messages": said})
            assert got.status == 200, got.body
            said += [{"role": "assistant", "content": f"Answer {n}. {WORDS}"}]
            said += [{"role": "user", "content": f"Go on, {n}."}]
        rows = await field.rows(12)
    assert [row["surface"] for row in rows] == ["chat"] * 12
    assert share(rows) <= 0.25, share(rows)
    assert rows[-1]["cache_plan"] == "on system:5m turns:5m"


async def test_a_timestamp_in_the_system_prompt_costs_one_write() -> None:
    async with kit.running(ON) as field:
        for n in range(20):
            await field.post("/v1/messages", session(0, f"It is {n} o'clock. {LONG}"))
        rows = await field.rows(20)
    written = [row["cache_write_5m"] + row["cache_write_1h"] for row in rows]
    assert written[0] > 25_000
    assert written[1:] == [0] * 19
    assert rows[-1]["cache_plan"] == "on tools:5m"
    assert all(row["cache_read"] > 0 for row in rows[1:]), "the tools are the same each time"


async def test_what_the_caller_marks_itself_arrives_byte_for_byte() -> None:
    body = session(3)
    body["system"][0]["cache_control"] = {"type": "ephemeral"}
    raw = json.dumps(body, indent=1).encode()
    async with kit.running(ON) as field:
        await field.post("/v1/messages", raw)
        row = await field.row()
        sent = field.sim.calls[-1].body
    assert row["cache_plan"] == "own"
    assert sent == raw


async def test_marks_are_all_that_is_added_to_a_request() -> None:
    body = session(2)
    async with kit.running(ON) as field:
        await field.post("/v1/messages", body)
        sent = json.loads(field.sim.calls[-1].body)
    marked = json.dumps(sent).count("cache_control")
    assert 1 <= marked <= 4
    assert _unmarked(sent) == body


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _unmarked(v) for k, v in value.items() if k != "cache_control"}
    return [_unmarked(it) for it in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("toml", "plan", "reads"),
    [
        ('[cache]\nprompt = "off"\n', "", False),
        ("", "advise tools:5m system:5m turns:5m", False),
        ('[models."claude-*"]\nladder = ["anthropic"]\nprompt_cache = "on"\n', "on", True),
    ],
)
async def test_what_is_marked_is_said_by_the_route_or_the_house(
    toml: str, plan: str, reads: bool
) -> None:
    async with kit.running(kit.HASTE + toml) as field:
        for n in range(4):
            await field.post("/v1/messages", session(n))
        rows = await field.rows(4)
    assert rows[-1]["cache_plan"].startswith(plan)
    assert bool(rows[-1]["cache_read"]) is reads
