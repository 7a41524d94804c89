"""Vendors that cache unasked: named conversations, and no writes that nobody reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.policy.stake import bound
from tests.kit import HASTE, Field, chat, response, running

ON = HASTE + '[cache]\nprompt = "on"\n'
WORDS = "You are a careful assistant that reads code before it changes any of it. "
LONG = WORDS * 400


async def ask(
    field: Field, count: int, prompt: Callable[[int], str]
) -> tuple[list[dict[str, Any]], list[Any]]:
    """(what was sent upstream, the rows) of so many calls."""
    for n in range(count):
        said = [{"role": "system", "content": prompt(n)}, {"role": "user", "content": "Go."}]
        got = await field.post("/v1/chat/completions", chat(messages=said))
        assert got.status == 200, got.body
    rows = await field.rows(count)
    return [json.loads(call.body) for call in field.sim.calls], rows


async def test_writes_that_nobody_reads_are_given_up_for_ever_longer() -> None:
    async with running(ON) as field:
        sent, rows = await ask(field, 64, lambda n: f"It is {n} o'clock. {LONG}")
    written = [n for n, row in enumerate(rows) if row["cache_write_30m"]]
    assert written[0] == 0
    assert len(written) <= bound(64) + 1
    assert not [n for n in written if 26 < n < 54]
    assert sent[-1]["prompt_cache_options"] == {"mode": "explicit"}
    assert rows[-1]["cache_plan"] == "on key none"


async def test_writes_that_are_read_go_on() -> None:
    async with running(ON) as field:
        sent, rows = await ask(field, 20, lambda n: LONG)
    assert all(row["cache_read"] for row in rows[1:])
    assert not any("prompt_cache_options" in body for body in sent)


async def test_questions_of_all_kinds_read_what_the_operator_says_first() -> None:
    """The vendor breaks behind the newest question, where no other call finds anything."""
    async with running(ON) as field:
        for n in range(6):
            system, question = {"role": "system", "content": LONG}, f"Question {n}"
            if n % 2:
                said = response(input=[system, {"role": "user", "content": question}])
                got = await field.post("/v1/responses", said)
            else:
                asked = chat(messages=[system, {"role": "user", "content": question}])
                got = await field.post("/v1/chat/completions", asked)
            assert got.status == 200, got.body
        rows = await field.rows(6)
        sent = [json.loads(call.body) for call in field.sim.calls]
    assert rows[0]["cache_write_30m"] > 7_000
    assert all(row["cache_read"] > 7_000 for row in rows[1:])
    assert all(row["cache_write_30m"] < 50 for row in rows[1:])
    assert {row["cache_plan"] for row in rows} == {"on key system"}
    assert len({body["prompt_cache_key"] for body in sent[::2]}) == 1
    opening = sent[0]["messages"][0]["content"]
    assert opening == [
        {"type": "text", "text": LONG, "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]


async def test_a_session_that_its_client_names_has_a_cache_of_its_own() -> None:
    async with running(ON) as field:
        for name in ("a", "b", "a"):
            said = [{"role": "system", "content": LONG}, {"role": "user", "content": "Go."}]
            headers = {"x-session-id": name}
            await field.post("/v1/chat/completions", chat(messages=said), headers)
        await field.rows(3)
        names = [json.loads(call.body)["prompt_cache_key"] for call in field.sim.calls]
    assert names[0] == names[2] != names[1]


async def test_a_callers_own_name_stands() -> None:
    async with running(ON) as field:
        await field.post("/v1/responses", response(prompt_cache_key="mine"))
        row = await field.row()
        sent = json.loads(field.sim.calls[-1].body)
    assert sent["prompt_cache_key"] == "mine"
    assert row["cache_plan"] == "own"


async def test_nothing_is_said_to_a_vendor_that_does_not_take_it() -> None:
    toml = """
[providers.other]
kind = "openai-compatible"
base_url = "{sim}/v1"
api_key = "env:OPENAI_API_KEY"
"""
    async with running(ON + toml) as field:
        got = await field.post("/v1/chat/completions", chat("other:gpt-6-luna"))
        row = await field.row()
        sent = json.loads(field.sim.calls[-1].body)
    assert got.status == 200, got.body
    assert "prompt_cache_key" not in sent
    assert row["cache_plan"] == ""


async def test_by_default_nothing_is_said_at_all() -> None:
    async with running() as field:
        await field.post("/v1/chat/completions", chat())
        sent = json.loads(field.sim.calls[-1].body)
    assert "prompt_cache_key" not in sent
