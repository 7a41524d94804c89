"""Calls that run and are joined: one goes upstream, and all get its answer."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from headgate.policy.cap import NO_CAPS, Budget, Caps, Limits
from headgate.sim.app import Options
from headgate.sim.scenario import Scenario
from headgate.store import keys
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from tests.kit import HASTE, PROVIDERS, Field, Got, chat, message, read_head, running, send

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

JOINS = '[cache]\njoin = "all"\n' + HASTE
SLOW = Scenario(always={"first_delay": 0.2, "events": 20, "pace": 0.01})
TEAMS = '[cache]\nreply = "all"\njoin = "all"\nscope = "team"\n' + HASTE
HURRIED = "[limits]\nmax_wait_s = 0.5\n" + TEAMS


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


async def key(field: Field, name: str, caps: Caps) -> dict[str, str]:
    """Header fields of a new key."""

    def make() -> str:
        with contextlib.closing(connect(field.ledger)) as connection:
            return keys.create(connection, name, changes=Changes(caps=caps), now_us=1)[1]

    secret = await asyncio.to_thread(make)
    for _ in range(200):
        if (await field.get("/v1/models", {"x-api-key": secret})).status == 200:
            return {"x-api-key": secret}
        await asyncio.sleep(0.02)
    raise AssertionError("nobody knows the key")


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_key_meets_at_its_own_limits_is_nobody_elses_answer(stream: bool) -> None:
    scenario = Scenario(always={"first_delay": 1.0})
    body = message(stream=stream)
    async with running(HURRIED, options=Options(scenario=scenario)) as field:
        narrow = await key(field, "narrow", Caps(limits=Limits(concurrent=1)))
        wide = await key(field, "wide", NO_CAPS)
        long = asyncio.ensure_future(field.post("/v1/messages", message(top_k=1), narrow))
        await asyncio.sleep(0.1)
        turned_away = asyncio.ensure_future(field.post("/v1/messages", body, narrow))
        await asyncio.sleep(0.1)
        others = [field.post("/v1/messages", body, wide) for _ in range(3)]
        found = await asyncio.gather(*others)
        assert (await turned_away).status == 429
        assert (await long).status == 200
        assert [got.status for got in found] == [200, 200, 200]
        assert len({got.body for got in found}) == 1
        assert field.sim.total_calls == 2


async def test_an_answer_shortened_for_a_budget_is_given_to_no_other_key_and_not_kept() -> None:
    scenario = Scenario(always={"first_delay": 0.3, "output": (4000, 4000), "events": 3})
    body = message(max_tokens=4000)
    async with running(TEAMS, options=Options(scenario=scenario)) as field:
        caps = Caps(budgets=(Budget(1_000_000, "day"),), lower_output=True)
        poor, rich = await key(field, "poor", caps), await key(field, "rich", NO_CAPS)
        first = asyncio.ensure_future(field.post("/v1/messages", body, poor))
        await asyncio.sleep(0.1)
        second = await field.post("/v1/messages", body, rich)
        assert (await first).json["stop_reason"] == "max_tokens"
        assert second.json["stop_reason"] == "end_turn"
        third = await field.post("/v1/messages", body, poor)
        assert third.json == second.json
        assert field.sim.total_calls == 2


async def test_a_refusal_tells_everybody_when_to_come_again() -> None:
    words = {"status": 429, "retry_after": 33, "head_delay": 0.2}
    async with running(JOINS, options=Options(scenario=Scenario(always=words))) as field:
        calls = [field.post("/v1/messages", message()) for _ in range(3)]
        found = await asyncio.gather(*calls)
        assert field.sim.total_calls == 1
    assert [got.headers.get("retry-after") for got in found] == ["33"] * 3


async def test_canned_words_are_named_so_to_everybody() -> None:
    toml = (
        JOINS + '[models.sturdy]\nladder = "openai:gpt-6-luna"\ncanned = "Later."\n' + PROVIDERS
    )
    words = Scenario(always={"status": 503, "head_delay": 0.2})
    for stream in (False, True):
        async with running(toml, options=Options(scenario=words)) as field:
            body = chat("sturdy", stream=stream)
            calls = [field.post("/v1/chat/completions", body) for _ in range(3)]
            found = await asyncio.gather(*calls)
        assert [got.headers.get("x-headgate-canned") for got in found] == ["true"] * 3


async def test_what_was_lost_on_the_way_to_another_vendor_is_told_to_everybody() -> None:
    toml = JOINS + '[models]\nswift = "openai:gpt-6-luna"\n' + PROVIDERS
    words = Scenario(always={"head_delay": 0.2})
    async with running(toml, options=Options(scenario=words)) as field:
        body = message("swift", top_k=3)
        found = await asyncio.gather(*(field.post("/v1/messages", body) for _ in range(3)))
        assert field.sim.total_calls == 1
        rows = await field.rows(3)
    assert len({got.headers["x-headgate-warning"] for got in found}) == 1
    assert len({row["warnings"] for row in rows}) == 1


async def test_while_the_upstream_is_silent_all_get_the_same_pings() -> None:
    scenario = Scenario(always={"head_delay": 1.0})
    async with running("ping_s = 0.2\n" + JOINS, options=Options(scenario=scenario)) as field:

        async def late(n: int) -> Got:
            await asyncio.sleep(n * 0.15)
            return await field.post("/v1/messages", message(stream=True))

        found = await asyncio.gather(*(late(n) for n in range(4)))
        assert field.sim.total_calls == 1
    assert b"event: ping" in found[0].body
    assert {got.body for got in found} == {found[0].body}
