"""Calls that run and are joined: one goes upstream, and all get its answer."""

from __future__ import annotations

import asyncio
import json

import pytest

from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from tests.kit import HASTE, chat, message, read_head, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

JOINS = '[cache]\njoin = "all"\n' + HASTE
SLOW = Scenario(always={"first_delay": 0.2, "events": 20, "pace": 0.01})


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
