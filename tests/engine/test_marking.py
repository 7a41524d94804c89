"""Prompts of callers that know nothing of caches: they are marked where that pays."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headgate.policy.recurrence import Recurrence
from headgate.store import keys
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
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
    return float(sum(map(input_nusd, rows)) / sum(row["uncached_nusd"] for row in rows))


@pytest.mark.slow
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


async def test_a_caller_may_choose_where_the_operator_has_not_said_off() -> None:
    wish = {"x-headgate-prompt-cache": "on"}
    for toml, mark in (("", True), ('[cache]\nprompt = "off"\n', False)):
        async with kit.running(toml) as field:
            await field.post("/v1/messages", session(1), wish)
            row = await field.row()
            assert bool(row["cache_write_5m"]) == mark, row["cache_plan"]


async def test_a_keys_word_goes_over_the_routes_and_the_houses() -> None:
    toml = kit.HASTE + '[cache]\nprompt = "off"\n'
    async with kit.running(toml) as field:
        secret = await asyncio.to_thread(_key, field.ledger, "on")
        other = await asyncio.to_thread(_key, field.ledger, "advise")
        for each in (secret, other):
            headers = {"x-api-key": each}
            for n in range(3):
                got = await field.post("/v1/messages", session(n), headers)
                assert got.status == 200, got.body
        plans = [row["cache_plan"] for row in await field.rows(6)]
    assert [plan.split()[0] for plan in plans] == ["on"] * 3 + ["advise"] * 3


def _key(ledger: Path, mode: str) -> str:
    with contextlib.closing(connect(ledger)) as connection:
        given = Changes(prompt_cache=mode)
        return keys.create(connection, f"key {mode}", changes=given, now_us=1)[1]


# ---- conversations that hold signed thoughts

THINKING = {"thinking": {"type": "adaptive"}, "max_tokens": 4096}


async def talk(
    field: kit.Field, turns: int, said: list[Any], headers: dict[str, str] | None = None
) -> list[Any]:
    """Go on with a conversation whose answers think; its messages so far."""
    for n in range(turns):
        said = [*said, {"role": "user", "content": f"And {n}? {WORDS}"}]
        body = {**session(0), **THINKING, "model": "claude-opus-5-5", "messages": said}
        told = {"x-headgate-sim": "think=40", **(headers or {})}
        got = await field.post("/v1/messages", body, told)
        assert got.status == 200, got.body
        said = [*said, {"role": "assistant", "content": got.json["content"]}]
    return said


async def test_a_conversation_that_thinks_is_marked_from_its_first_turn_to_its_last() -> None:
    async with kit.running(ON) as field:
        said = await talk(field, 6, [])
        rows = await field.rows(6)
    assert b"signature" in json.dumps(said).encode()
    assert all(row["cache_plan"].startswith("on tools") for row in rows)
    assert all(row["cache_read"] for row in rows[1:])


async def test_a_conversation_that_began_unmarked_is_never_marked_once_it_thinks() -> None:
    async with kit.running() as field:
        said = await talk(field, 1, [])
    async with kit.running(ON) as field:
        await talk(field, 2, said)
        rows = await field.rows(2)
    assert [row["cache_plan"] for row in rows] == ["on none"] * 2
    assert not any(row["cache_write_5m"] for row in rows)


async def test_a_session_is_not_taken_for_another_that_began_with_the_same_words() -> None:
    asks = {name: {"x-claude-code-session-id": name} for name in ("one", "other")}
    async with kit.running(ON) as field:
        unmarked = {**asks["one"], "x-headgate-prompt-cache": "advise"}
        one = await talk(field, 1, [], unmarked)
        other = await talk(field, 2, [], asks["other"])
        await talk(field, 1, one, asks["one"])
        await talk(field, 1, other, asks["other"])
        plans = [row["cache_plan"] for row in await field.rows(5)]
    assert plans[0].startswith("advise ")
    assert plans[3] == "on none", "it began unmarked, whatever the other did"
    assert all(plans[n].startswith("on tools:5m") for n in (1, 2, 4))


async def test_conversations_that_begin_at_once_are_all_marked_from_their_second_turn_on() -> (
    None
):
    async with kit.running(ON) as field:
        both = await asyncio.gather(
            *(talk(field, 1, [{"role": "user", "content": f"I am {n}."}]) for n in range(3))
        )
        for said in both:
            await talk(field, 1, said)
        rows = await field.rows(6)
    assert sum(row["cache_write_5m"] > 25_000 for row in rows) == 1
    assert all(row["cache_read"] > 25_000 for row in rows[3:])


async def test_another_process_goes_on_marking_what_the_first_one_marked() -> None:
    async with kit.running(ON) as field:
        said = await talk(field, 2, [])
        marked = field.opened.house.ground.marked
        await field.opened.house.ground.notices.ask(lambda it: None)  # what waits is written
        marked._decided.clear()  # as in a process that has never seen it
        for _ in range(3):  # the first look may take too long
            said = await talk(field, 1, said)
        rows = await field.rows(5)
    assert rows[-1]["cache_plan"].startswith("on tools")


# ---- what is told


async def test_advice_says_what_it_would_save_and_how_to_switch_it_on() -> None:
    async with kit.running() as field:
        for n in range(30):
            await field.post("/v1/messages", session(n, model="claude-opus-5-5"))
        await field.rows(30)
        told = [it for it in field.logged() if it["event"] == "prompt_cache_advice"]
    assert len(told) == 1
    assert told[0]["detail"]["would_have_saved_usd"] >= 0.01
    assert told[0]["detail"]["switch_on"] == '[cache] prompt = "on"'


async def test_a_withdrawal_is_told_once_with_its_reason() -> None:
    async with kit.running(ON) as field:
        ground = field.opened.house.ground
        for n in range(3):
            await field.post("/v1/messages", session(0, f"It is {n} o'clock. {LONG}"))
        await field.rows(3)
        _age(ground.marked.planner.known, 301.0)
        for n in range(3, 6):
            await field.post("/v1/messages", session(0, f"It is {n} o'clock. {LONG}"))
        await field.rows(6)
        told = [it for it in field.logged() if it["event"] == "prompt_cache_withdrawn"]
    assert [it["detail"]["slot"] for it in told] == ["system"]
    assert told[0]["detail"]["why"].startswith("each call brings another text")


def _age(known: Recurrence, seconds: float) -> None:
    """As if what is known were so much older."""
    for line in known._lines.values():
        aged = [(due - seconds, prefix) for due, prefix in line]
        line.clear()
        line.extend(aged)


# ---- vendors that cache unasked


async def test_an_openai_call_is_given_a_name_for_its_conversation() -> None:
    async with kit.running(ON) as field:
        for n in range(2):
            said = [{"role": "user", "content": "Begin."}, *_answers(n)]
            body = {"model": "gpt-6-luna", "messages": said}
            assert (await field.post("/v1/chat/completions", body)).status == 200
        sent = [json.loads(call.body) for call in field.sim.calls]
        plans = [row["cache_plan"] for row in await field.rows(2)]
    assert sent[0]["prompt_cache_key"] == sent[1]["prompt_cache_key"]
    assert sent[0]["prompt_cache_key"].startswith("hg-")
    assert plans == ["on key"] * 2


def _answers(count: int) -> list[dict[str, str]]:
    pair = [{"role": "assistant", "content": "Done."}, {"role": "user", "content": "Go on."}]
    return pair * count


async def test_what_an_openai_client_marks_itself_is_left_to_it() -> None:
    part = {"type": "text", "text": LONG, "prompt_cache_breakpoint": {"mode": "explicit"}}
    said = [{"role": "system", "content": [part]}, {"role": "user", "content": "Begin."}]
    async with kit.running(ON) as field:
        body = {"model": "claude-haiku-5-5", "max_completion_tokens": 32, "messages": said}
        got = await field.post("/v1/chat/completions", body)
        assert got.status == 200, got.body
        row = await field.row()
        sent = field.sim.calls[-1].body
    assert row["cache_plan"] == "own"
    assert sent.count(b"cache_control") == 1
