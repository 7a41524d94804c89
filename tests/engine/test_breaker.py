"""Loops as callers meet them: told in header and row, stopped with a reason, and let go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from headgate.engine.breaker import lasting, stopped
from headgate.policy.loop import Finding
from headgate.store import event as table
from headgate.store.sqlite import connect
from tests.kit import HASTE, Field, chat, message, response, running

SESSION = {"x-claude-code-session-id": "s-1"}
QUICK = HASTE + "[loops]\nidentical = 2\nidentical_stop = 4\n"


def events(field: Field) -> list[table.Noted]:
    with contextlib.closing(connect(field.ledger)) as connection:
        return table.last(connection, 99)


async def noted(field: Field, count: int) -> list[dict[str, Any]]:
    """The events, once there are so many."""
    found: list[table.Noted] = []
    for _ in range(100):
        found = await asyncio.to_thread(events, field)
        if len(found) >= count:
            break
        await asyncio.sleep(0.02)
    return [{"kind": it.kind, "subject": it.subject} | json.loads(it.detail) for it in found]


@pytest.mark.slow
async def test_a_loop_is_told_then_stopped_with_a_reason_nobody_retries() -> None:
    async with running(QUICK + 'answer = "Ask in #llm."\n') as field:
        got = [await field.post("/v1/messages", message(), SESSION) for _ in range(6)]
        assert [it.status for it in got] == [200, 200, 200, 200, 429, 429]
        warned = [it.headers.get("x-headgate-warning", "") for it in got]
        assert warned[:2] == ["", ""]
        assert warned[2].startswith("loop_suspected: the same request came again 2 times")
        stop = got[4]
        assert stop.headers["x-should-retry"] == "false"
        assert "retry-after" not in stop.headers
        error = stop.json["error"]
        assert error["type"] == "rate_limit_error"
        for part in ("came again 4 times within", "identical_stop", "5 min", "Ask in #llm."):
            assert part in error["message"]
        rows = await field.rows(6)
        assert [row["fault"] for row in rows] == ["", "", "", "", "loop", "loop"]
        assert rows[2]["warnings"] == rows[3]["warnings"] == "loop_suspected"
        found = await noted(field, 2)
        assert [it["kind"] for it in found] == ["loop_suspected", "loop_stopped"]
        assert found[1]["subject"] == "session:s-1"
        assert (found[1]["what"], found[1]["amount"]) == ("identical", 4)
        logged = [it for it in field.logged() if it["event"].startswith("loop_")]
        assert [it["event"] for it in logged] == ["loop_suspected", "loop_stopped"]
        # the history has grown: it is another request
        other = await field.post("/v1/messages", message(max_tokens=65), SESSION)
        assert other.status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/chat/completions", chat()), ("/v1/responses", response())]
)
async def test_openais_clients_are_stopped_by_the_status_whose_words_they_show(
    path: str, body: object
) -> None:
    async with running(QUICK) as field:
        got = [await field.post(path, body, {"session-id": "s-1"}) for _ in range(5)]
        assert [it.status for it in got] == [200, 200, 200, 200, 400]
        assert got[4].headers["x-should-retry"] == "false"
        assert got[4].json["error"]["code"] == "loop_detected"


@pytest.mark.slow
async def test_a_pool_of_workers_that_samples_one_prompt_is_left_alone() -> None:
    async with running(QUICK) as field:
        pool, body = asyncio.Semaphore(4), message()

        async def sample() -> int:
            async with pool:
                got = await field.post("/v1/messages", body, SESSION)
                return got.status

        together = await asyncio.gather(*(sample() for _ in range(24)))
        assert set(together) == {200}


@pytest.mark.slow
async def test_who_names_no_session_is_told_and_not_stopped() -> None:
    async with running(QUICK) as field:
        got = [await field.post("/v1/messages", message()) for _ in range(8)]
        assert {it.status for it in got} == {200}
        assert "loop_suspected" in got[-1].headers["x-headgate-warning"]


@pytest.mark.slow
async def test_counting_tokens_and_embedding_again_and_again_is_no_loop() -> None:
    async with running(QUICK) as field:
        body = {"model": "claude-haiku-5-5", "messages": message()["messages"]}
        got = [await field.post("/v1/messages/count_tokens", body, SESSION) for _ in range(8)]
        assert {it.status for it in got} == {200}
        assert not any("x-headgate-warning" in it.headers for it in got)


@pytest.mark.slow
async def test_retries_of_what_fails_are_counted_apart() -> None:
    async with running(QUICK + "failed = 0\n") as field:
        bad = message(model="nobody-knows-it")
        got = [await field.post("/v1/messages", bad, SESSION) for _ in range(8)]
        assert {it.status for it in got} == {404}


@pytest.mark.slow
async def test_a_session_is_stopped_by_its_money_and_a_reload_lets_it_go_on() -> None:
    toml = HASTE + '[loops]\nsession_usd = "0.000001"\n'
    async with running(toml) as field:
        first = await field.post("/v1/messages", message(), SESSION)
        assert first.status == 200
        field.opened.house.ground.settlement.flush()
        second = await field.post("/v1/messages", message(max_tokens=65), SESSION)
        assert second.status == 429
        assert "this session cost $" in second.json["error"]["message"]
        other = await field.post("/v1/messages", message(), {"x-session-id": "s-2"})
        assert other.status == 200
        house = field.opened.house
        house.take_up(field.opened.config, house.ground.settlement.catalog)
        assert (await field.post("/v1/messages", message(), SESSION)).status == 200


@pytest.mark.slow
async def test_a_conversation_without_a_name_is_known_by_how_it_begins() -> None:
    async with running(HASTE + "[loops]\nsession_calls = 2\nidentical = 0\n") as field:
        turns = message()["messages"]
        assert isinstance(turns, list)
        status = []
        for _ in range(4):
            got = await field.post("/v1/messages", message() | {"messages": turns})
            status.append(got.status)
            turns = [
                *turns,
                {"role": "assistant", "content": "yes"},
                {"role": "user", "content": "on"},
            ]
        assert status == [200, 200, 429, 429]
        elsewhere = [{"role": "user", "content": "another question"}]
        got = await field.post("/v1/messages", message() | {"messages": elsewhere})
        assert got.status == 200


@pytest.mark.parametrize(
    ("what", "amount", "said"),
    [
        ("failed", 60, "came again 60 times within 38 s after it was refused or cut off"),
        ("calls", 500, "this session made 500 calls within 38 s"),
        ("money", 2_500_000_000, "this session cost $2.50 within 38 s"),
    ],
)
def test_every_reason_names_its_setting_and_a_way_on(what: Any, amount: int, said: str) -> None:
    words = stopped(Finding(what, True, amount, amount, 38.0, 300.0, True), "")
    assert said in words
    assert "To go on: " in words
    assert "under [loops]" in words


def test_times_are_said_as_people_say_them() -> None:
    assert [lasting(it) for it in (0.0, 41.2, 300.0, 10_000.0)] == [
        "1 s",
        "41 s",
        "5 min",
        "2.8 h",
    ]
