"""No call is sent to an account that is known to be short, refused, or at its own limit."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from headgate.sim.app import Options
from headgate.sim.limits import Limits
from headgate.sim.scenario import Scenario
from tests.kit import Field, Got, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

NAMES = ("KEY_A", "KEY_B", "KEY_C")
ENV = {name: f"sk-ant-api03-{name}-" + "t" * 80 for name in NAMES}
POOL = """
[limits]
max_wait_s = {wait}
[retry]
waits_s = [0.02]
max_retry_after_s = 0
[providers.anthropic]
base_url = "{{sim}}"
api_keys = ["env:KEY_A", "env:KEY_B"{more}]
"""
SPARE = """
[providers.spare]
kind = "anthropic"
base_url = "{sim}"
api_key = "env:KEY_C"
[models]
pair = ["anthropic:claude-haiku-5-5", "spare:claude-opus-5-5"]
"""
HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"


def toml(wait: float = 0.5, more: str = "", rest: str = "") -> str:
    return POOL.format(wait=wait, more=more) + rest


def few(requests: int) -> Options:
    """A vendor that takes so many calls of each key at once, and in a minute."""
    return Options(scenario=Scenario(limits=Limits(requests_per_minute=requests)))


async def ask(field: Field, number: int, **more: Any) -> Got:
    id = f"c{number}-{time.monotonic_ns()}"
    said = [{"role": "user", "content": f"question {number}"}]
    body = {"model": HAIKU, "max_tokens": 16, "messages": said, **more}
    return await field.post("/v1/messages", body, {"x-request-id": id})


async def targets(field: Field) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await field.get("/admin/targets")).json
    return found


async def account(field: Field, name: str) -> dict[str, Any]:
    (pool,) = [each for each in await targets(field) if each.get("pool") == "anthropic"]
    found: dict[str, Any] = next(it for it in pool["accounts"] if it["account"] == name)
    return found


async def test_calls_go_where_room_is_until_none_is_left_and_no_429_is_ever_asked_for() -> None:
    async with running(toml(), options=few(12), env=ENV) as field:
        gots = [await ask(field, number) for number in range(26)]
        used = {key: sum(call.key == key for call in field.sim.calls) for key in ENV.values()}
        limited = {(await account(field, name))["limited"] for name in NAMES[:2]}
        kept = await account(field, "KEY_A")
    served = [got for got in gots if got.status == 200]
    assert len(served) == len(field.sim.calls)
    assert len(served) >= 22
    assert [used[ENV["KEY_A"]] >= 11, used[ENV["KEY_B"]] >= 11] == [True, True]
    assert limited == {0}
    assert kept["state"] == "short"
    assert kept["models"][HAIKU]["headroom"]["requests"]["limit"] == 12
    told = gots[-1]
    assert told.status == 429
    assert 1 <= int(told.headers["retry-after"]) <= 5
    assert told.json["error"]["type"] == "rate_limit_error"
    assert "rate limit" in told.json["error"]["message"]


async def test_when_all_accounts_are_short_the_next_target_is_asked_at_once() -> None:
    async with running(toml(5, rest=SPARE), options=few(6), env=ENV) as field:
        for number in range(12):
            await ask(field, number)
        begun = time.monotonic()
        got = await ask(field, 99, model="pair")
    assert got.status == 200
    assert got.headers["x-headgate-target"] == f"spare:{OPUS}"
    assert time.monotonic() - begun < 1


async def test_when_no_target_is_left_the_call_waits_for_the_soonest_account() -> None:
    async with running(toml(5), options=few(30), env=ENV) as field:
        for number in range(60):
            await ask(field, number)
        begun = time.monotonic()
        gots = await asyncio.gather(*(ask(field, number) for number in range(100, 104)))
        took = time.monotonic() - begun
        rows = [await field.row_of(got.headers["x-request-id"]) for got in gots]
        (pool,) = [each for each in await targets(field) if each.get("pool")]
        page = (await field.get("/metrics")).body.decode()
    assert [got.status for got in gots] == [200] * 4
    assert 1 < took < 5
    assert sum(row["waited_us"] > 0 for row in rows) >= 3
    assert {row["tries"] for row in rows} == {1}
    assert pool["gain"]["avoided_429s"] >= 3
    assert 'headgate_account_calls_total{provider="anthropic",account="KEY_A"}' in page
    assert 'headgate_pool_avoided_total{provider="anthropic"}' in page


async def test_a_lone_account_that_is_short_is_not_asked_either() -> None:
    async with running(toml(rest=SPARE), options=few(10), env=ENV) as field:
        gots = [
            await ask(field, number, model="spare:claude-haiku-5-5") for number in range(12)
        ]
    assert [got.status for got in gots][-1] == 429
    assert len(field.sim.calls) == sum(got.status == 200 for got in gots)


async def test_a_refused_credential_is_quarantined_loudly_until_a_reload() -> None:
    scenario = Scenario(bad_keys=(ENV["KEY_A"],))
    async with running(toml(), options=Options(scenario=scenario), env=ENV) as field:
        gots = [await ask(field, number) for number in range(12)]
        bad = [call for call in field.sim.calls if call.key == ENV["KEY_A"]]
        (line,) = [it for it in field.logged() if it["event"] == "credential_quarantined"]
        dead = await account(field, "KEY_A")
        (pool,) = [each for each in await targets(field) if each.get("pool")]
        page = (await field.get("/metrics")).body.decode()
        field.sim.play(Scenario())
        field.opened.house.ground.pool.reopen()
        for number in range(12):
            await ask(field, 20 + number)
        good = await account(field, "KEY_A")
    assert [got.status for got in gots] == [200] * 12
    assert len(bad) == 1
    assert line["subject"] == "anthropic/KEY_A"
    assert line["detail"]["why"].startswith("401")
    assert (dead["state"], dead["why"], dead["refused"]) == (
        "quarantined", "401 authentication_error", 1,
    )  # fmt: skip
    assert dead["since"].endswith("+00:00")
    assert pool["gain"]["saved"]["quarantined"] >= 1
    assert 'headgate_account_quarantined{provider="anthropic",account="KEY_A"} 1' in page
    assert (good["state"], good["calls"] > 0) == ("live", True)


async def test_a_spend_limit_quarantines_and_is_asked_no_more() -> None:
    async with running(toml(), env=ENV) as field:
        field.sim.next("429;code=enforced_spend_limit_reached;retry-after=1")
        gots = [await ask(field, number) for number in range(8)]
        states = {(await account(field, name))["state"] for name in NAMES[:2]}
    assert [got.status for got in gots] == [200] * 8
    assert states == {"live", "quarantined"}


async def test_a_credential_that_is_good_again_comes_back_by_one_trial() -> None:
    async with running(toml(), env=ENV) as field:
        ground = field.opened.house.ground
        field.sim.next("402")
        await ask(field, 1)
        ((name, state),) = ground.pool.quarantines.items()
        ground.pool.quarantines[name] = state._replace(until=ground.clock())
        for number in range(12):
            await ask(field, number)
        assert not ground.pool.quarantines
        assert [it for it in field.logged() if it["event"] == "credential_restored"]


async def test_configured_limits_of_an_account_are_never_exceeded() -> None:
    more = ', { key = "env:KEY_C", limits = { requests = 1000 } }'
    text = toml(0.3, more).replace(
        "api_keys", "limits = { requests = 6, burst = 6, concurrent = 3 }\napi_keys"
    )
    async with running(text, env=ENV) as field:
        gots = await asyncio.gather(*(ask(field, number) for number in range(30)))
        keys = [call.key for call in field.sim.calls]
    used = {name: keys.count(ENV[name]) for name in NAMES}
    assert {got.status for got in gots} == {200}
    assert used["KEY_A"] <= 7
    assert used["KEY_B"] <= 7
    assert used["KEY_C"] >= 16


async def test_calls_that_end_badly_leave_nothing_set_aside() -> None:
    async with running(toml(), env=ENV) as field:
        for script in ("500", "529", "reset", "429;retry-after=0", "cut=2"):
            field.sim.next(script, script, script, script)
            await ask(field, 7, stream=True)
        await asyncio.sleep(0.05)
        pool = field.opened.house.ground.pool
        held = [
            bucket.held
            for name in NAMES[:2]
            for _, room in pool.rooms("anthropic", name)
            for bucket in room.buckets.values()
        ]
    assert held
    assert {abs(each) for each in held} == {0}


async def test_a_call_that_waits_for_an_account_holds_no_permit_meanwhile() -> None:
    text = toml(8, rest=SPARE + "[limits.house]\nconcurrent = 1\n")
    async with running(text, options=few(20), env=ENV) as field:
        for number in range(40):
            await ask(field, number)
        waiting = asyncio.ensure_future(ask(field, 100))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        begun = time.monotonic()
        got = await ask(field, 101, model=f"spare:{HAIKU}")
        assert (got.status, time.monotonic() - begun < 1) == (200, True)
        assert (await waiting).status == 200
        gots = [await ask(field, 200 + n, model=f"spare:{HAIKU}") for n in range(3)]
    assert [got.status for got in gots] == [200] * 3
