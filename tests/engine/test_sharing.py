"""Answers that several calls share: kept replies and running calls, by the real gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from tests.kit import HASTE, Field, Got, chat, message, read_head, response, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

KEEPS = '[cache]\nreply = "deterministic"\n' + HASTE
KEEPS_ALL = '[cache]\nreply = "all"\n' + HASTE
JOINS = '[cache]\njoin = "all"\n' + HASTE
SURFACES = [
    ("/v1/messages", message(temperature=0)),
    ("/v1/chat/completions", chat(temperature=0)),
    ("/v1/responses", response(temperature=0, store=False)),
]
SLOW = Scenario(always={"first_delay": 0.2, "events": 20, "pace": 0.01})


def text_of(got: Got) -> str:
    """What an answer says, whichever way it is said."""
    if got.headers["content-type"].startswith("application/json"):
        return str(_text(got.json))
    said = []
    for event in got.events:
        delta = event.get("delta")
        if isinstance(delta, dict):
            said.append(delta.get("text", ""))
        elif isinstance(delta, str):
            said.append(delta)
        elif event.get("choices"):
            said.append(event["choices"][0]["delta"].get("content") or "")
    return "".join(said)


def _text(answer: Any) -> str:
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    if "output" in answer:
        return str(answer["output"][-1]["content"][0]["text"])
    return str(answer["content"][-1]["text"])


async def twice(
    field: Field, path: str, body: object, again: object, headers: Mapping[str, str] = {}
) -> tuple[Got, Got]:
    first = await field.post(path, body)
    return first, await field.post(path, again, headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), SURFACES)
async def test_a_reply_is_given_again_byte_for_byte_and_costs_nothing(
    path: str, body: dict[str, object], stream: bool
) -> None:
    asked = {**body, "stream": stream}
    async with running(KEEPS) as field:
        first, second = await twice(field, path, asked, dict(reversed(asked.items())))
        assert field.sim.total_calls == 1
        assert (second.status, second.body) == (200, first.body)
        assert second.headers["x-headgate-cache"].startswith("hit; age=")
        assert second.headers["x-request-id"] != first.headers["x-request-id"]
        one, two = await field.rows(2)
    assert (one["answered_from"], two["answered_from"]) == ("", "hit")
    assert two["cost_nusd"] == 0
    assert two["saved_nusd"] == one["cost_nusd"] > 0
    assert two["ending"] == "complete"


@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize(("path", "body"), SURFACES)
async def test_a_stream_answers_a_whole_call_and_the_other_way_round(
    path: str, body: dict[str, object], first_streams: bool
) -> None:
    if first_streams and path == "/v1/chat/completions":  # else it does not tell its tokens
        body = {**body, "stream_options": {"include_usage": True}}
    async with running(KEEPS) as field:
        first, second = await twice(
            field,
            path,
            {**body, "stream": first_streams},
            {**body, "stream": not first_streams},
        )
        assert field.sim.total_calls == 1
    assert text_of(second) == text_of(first) != ""


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5},
        {"max_tokens": 65},
        {"system": "Be brief."},
        {"stop_sequences": ["x"]},
        {"model": "claude-sonnet-4-6"},
        {"messages": [{"role": "user", "content": "hi!"}]},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_another_question_is_asked_anew(change: dict[str, object]) -> None:
    async with running(KEEPS_ALL) as field:
        body = message(temperature=0)
        await twice(field, "/v1/messages", body, {**body, **change})
        assert field.sim.total_calls == 2


@pytest.mark.parametrize(
    ("toml", "body"),
    [
        (HASTE, message(temperature=0)),
        (KEEPS, message()),
        (KEEPS, message(temperature=1)),
        (
            KEEPS,
            message(temperature=0, tools=[{"name": "t", "input_schema": {"type": "object"}}]),
        ),
    ],
    ids=["off-by-default", "no-temperature", "warm", "tools"],
)
async def test_what_may_differ_is_asked_anew(toml: str, body: dict[str, object]) -> None:
    async with running(toml) as field:
        await twice(field, "/v1/messages", body, body)
        assert field.sim.total_calls == 2


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("anthropic-beta", "one-2026-01-01", "two-2026-01-01"),
        ("cache-control", "no-store", "max-age=60"),
    ],
)
async def test_a_field_that_comes_in_two_lines_counts_whole(
    name: str, first: str, last: str
) -> None:
    async with running(KEEPS_ALL) as field:
        await field.post("/v1/messages", message(), {name: last})
        again = await field.post(
            "/v1/messages", message(), {name: f"{first}\r\n{name}: {last}"}
        )
        assert again.status == 200
        assert field.sim.total_calls == 2


async def test_a_caller_may_refuse_kept_replies_and_ask_for_fresh_ones() -> None:
    body = message(temperature=0)
    async with running(KEEPS) as field:
        await twice(field, "/v1/messages", body, body, {"cache-control": "no-cache"})
        assert field.sim.total_calls == 2
        await field.post("/v1/messages", body, {"cache-control": "no-store"})
        assert field.sim.total_calls == 3
        await field.post("/v1/messages", body)
        assert field.sim.total_calls == 3


async def test_what_went_wrong_is_not_kept() -> None:
    body = message(temperature=0)
    async with running(KEEPS) as field:
        bad = await field.post("/v1/messages", body, {"x-headgate-sim": "400"})
        assert bad.status == 400
        cut = await field.post(
            "/v1/messages", {**body, "stream": True}, {"x-headgate-sim": "reset=60"}
        )
        assert not cut.whole or b"error" in cut.body
        before = field.sim.total_calls
        good = await field.post("/v1/messages", body)
        assert good.status == 200
        assert field.sim.total_calls == before + 1


async def test_identical_calls_that_run_are_one_and_all_get_its_bytes() -> None:
    body = message(stream=True)
    async with running(JOINS, options=Options(scenario=SLOW)) as field:
        found = await asyncio.gather(*(field.post("/v1/messages", body) for _ in range(20)))
        assert field.sim.total_calls == 1
        rows = await field.rows(20)
    assert {(each.status, each.whole, each.body) for each in found} == {
        (200, True, found[0].body)
    }
    assert len({each.headers["x-request-id"] for each in found}) == 20
    paid = [row["cost_nusd"] for row in rows if row["cost_nusd"]]
    assert len(paid) == 1
    assert {row["saved_nusd"] for row in rows if row["answered_from"] == "join"} == set(paid)


async def test_a_stream_with_its_tokens_told_and_one_without_are_two() -> None:
    body = chat(stream=True)
    told = {**body, "stream_options": {"include_usage": True}}
    async with running(JOINS, options=Options(scenario=SLOW)) as field:
        asked = [field.post("/v1/chat/completions", each) for each in (body, told)]
        without, with_usage = await asyncio.gather(*asked)
    assert not any(event.get("usage") for event in without.events)
    assert any(event.get("usage") for event in with_usage.events)


async def test_at_its_pace_a_kept_stream_takes_as_long_as_it_once_did() -> None:
    body = message(stream=True, temperature=0)
    toml = KEEPS.replace("[cache]", "[cache]\npace = true")
    async with running(toml, options=Options(scenario=SLOW)) as field:
        first, second = await twice(field, "/v1/messages", body, body)
        assert field.sim.total_calls == 1
        one, two = await field.rows(2)
    assert second.body == first.body
    assert 0.7 < two["took_us"] / one["took_us"] < 2
    assert 0.7 < two["ttft_us"] / one["ttft_us"] < 2


async def test_who_comes_late_gets_it_from_the_beginning() -> None:
    body = message(stream=True)
    async with running(JOINS, options=Options(scenario=SLOW)) as field:
        first = asyncio.ensure_future(field.post("/v1/messages", body))
        await asyncio.sleep(0.3)
        second = await field.post("/v1/messages", body)
        assert (await first).body == second.body
        assert field.sim.total_calls == 1


async def test_when_the_first_client_leaves_the_others_keep_the_call() -> None:
    body = message(stream=True)
    async with running(JOINS, options=Options(scenario=SLOW)) as field:
        port = field.opened.server.port
        reader, writer = await send(port, "POST", "/v1/messages", body, None)
        await asyncio.sleep(0.05)
        others = [asyncio.ensure_future(field.post("/v1/messages", body)) for _ in range(3)]
        await read_head(reader)
        writer.close()
        found = await asyncio.gather(*others)
        assert field.sim.total_calls == 1
        rows = await field.rows(4)
    assert {each.body for each in found} == {found[0].body}
    assert found[0].whole
    assert sorted(row["answered_from"] for row in rows) == ["", "join", "join", "join"]
    assert {row["ending"] for row in rows} == {"complete"}


async def test_when_all_have_left_the_upstream_is_let_go() -> None:
    body = message(stream=True)
    async with running(JOINS, options=Options(scenario=SLOW)) as field:
        port = field.opened.server.port
        for _ in range(2):
            _, writer = await send(port, "POST", "/v1/messages", body, None)
            await asyncio.sleep(0.05)
            writer.close()
        rows = await field.rows(2)
        for _ in range(100):
            if not field.sim.open_connections:
                break
            await asyncio.sleep(0.01)
        assert field.sim.open_connections == 0
    assert {row["ending"] for row in rows} == {"client_gone"}


async def test_a_refusal_reaches_everybody_in_their_own_name() -> None:
    body = message(stream=True)
    scenario = Scenario(always={"status": 400, "head_delay": 0.2})
    async with running(JOINS, options=Options(scenario=scenario)) as field:
        found = await asyncio.gather(*(field.post("/v1/messages", body) for _ in range(5)))
        calls = field.sim.total_calls
        rows = await field.rows(5)
    assert {each.status for each in found} == {400}
    assert calls < 5
    assert {row["fault"] for row in rows} == {"upstream_invalid"}
    assert all(json.loads(each.body)["error"] for each in found)
