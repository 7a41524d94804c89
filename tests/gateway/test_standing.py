"""GET /headgate/self: a key reads what it is, may do and spent; nobody reads another's."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.config import CapsConfig
from headgate.gateway.standing import PATH, Standings
from headgate.policy.cap import Budget, Caps, Limits, Period
from headgate.store import keys as store
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from headgate.wire.model import Fault, Kind
from tests.kit import message, running

USD = 10**9


def make(ledger: Path, name: str, changes: Changes) -> str:
    with contextlib.closing(connect(ledger)) as connection:
        now_us = time.time_ns() // 1000
        return store.create(connection, name, changes=changes, now_us=now_us)[1]


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[store.Keys]:
    with contextlib.closing(store.Keys(tmp_path / "h.db")) as keys:
        yield keys


@pytest.fixture
def key(keys: store.Keys, tmp_path: Path) -> store.Key:
    found = keys.find(make(tmp_path / "h.db", "alice", Changes()))
    assert found is not None
    return found


async def test_a_key_that_asks_without_end_reads_the_ledger_once_a_second(
    keys: store.Keys, key: store.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, now = [], 0.0

    def counted(place: object, key_id: str, caps: object, now_us: int) -> dict[str, object]:
        reads.append(key_id)
        return {"spend": {"calls": len(reads)}}

    monkeypatch.setattr("headgate.gateway.standing._read", counted)
    standings = Standings(keys, lambda: now)
    told = await asyncio.gather(*(standings.of(key) for _ in range(50)))
    assert {each["spend"]["calls"] for each in told} == {1}
    now = 1.0
    assert (await standings.of(key))["spend"]["calls"] == 2


async def test_a_key_reads_what_caps_it_and_what_running_calls_hold_of_it(
    keys: store.Keys, tmp_path: Path
) -> None:
    caps = Caps(Limits(requests=60), (Budget(5 * USD, "day"),))
    secret = await asyncio.to_thread(make, tmp_path / "h.db", "al", Changes(caps=caps))
    await asyncio.to_thread(keys.refresh)
    key = keys.find(secret)
    assert key is not None
    house = CapsConfig(
        each_team=Caps(budgets=(Budget(50 * USD, "month", "soft"),)),
        models=(("claude-*", Limits(concurrent=3)),),
    )

    def held(account: str, period: Period) -> int:
        return 2 * USD if (account, period) == (f"team:{key.team.id}", "month") else USD

    told = await Standings(keys, caps=lambda: house, held=held).of(key)
    team, mine = told["caps"]
    assert (team["of"], mine["of"]) == ("team 'default'", "key 'al'")
    assert team["budgets"][0]["remaining_nusd"] == 48 * USD
    assert (mine["budgets"][0]["held_nusd"], mine["budgets"][0]["remaining_nusd"]) == (
        USD,
        4 * USD,
    )
    assert mine["limits"] == {"requests": 60, "burst": 15}
    assert told["model_limits"] == {"claude-*": {"concurrent": 3}}


def break_it(ledger: Path) -> None:
    with contextlib.closing(connect(ledger)) as connection:
        connection.execute("DROP TABLE spend")


async def test_a_ledger_that_cannot_be_read_is_said_without_its_place(
    keys: store.Keys, key: store.Key, tmp_path: Path
) -> None:
    await asyncio.to_thread(break_it, tmp_path / "h.db")
    with pytest.raises(Fault) as caught:
        await Standings(keys).of(key)
    assert caught.value.kind is Kind.BUSY
    assert str(tmp_path) not in caught.value.message


@pytest.mark.slow
@pytest.mark.e2e
async def test_a_key_reads_what_it_is_may_do_and_spent_and_only_that() -> None:
    async with running() as field:
        caps = Caps(budgets=(Budget(5 * USD, "day"),))
        note = '{"note": "private"}'
        own = Changes(models=("claude-*",), tags=("own=1",), metadata=note, caps=caps)
        mine = {"x-api-key": await asyncio.to_thread(make, field.ledger, "alice", own)}
        other = {"x-api-key": await asyncio.to_thread(make, field.ledger, "bob", Changes())}
        field.opened.house.keys.refresh()
        for headers in (mine, mine, other):
            await field.post("/v1/messages", message(), headers)
        rows = await field.rows(3)
        got = await field.get(PATH, mine)
        assert (got.status, got.headers["content-type"]) == (200, "application/json")
        told = got.json
        assert (told["name"], told["team"], told["organisation"]) == ("alice", *["default"] * 2)
        assert (told["models"], told["tags"]) == (["claude-*"], ["own=1"])
        assert told["spend"]["today"]["calls"] == told["spend"]["month"]["calls"] == 2
        assert told["spend"]["today"]["cost_nusd"] == sum(r["cost_nusd"] for r in rows[:2])
        (budget,) = told["caps"][0]["budgets"]
        assert budget["spent_nusd"] == told["spend"]["today"]["cost_nusd"] > 0
        assert budget["remaining_nusd"] == 5 * USD - budget["spent_nusd"]
        assert b"private" not in got.body
        assert mine["x-api-key"].encode() not in got.body
        assert (await field.get(PATH, other)).json["models"] is None


@pytest.mark.slow
@pytest.mark.e2e
async def test_without_a_key_there_is_no_self() -> None:
    async with running() as field:
        got = await field.get(PATH)
        assert got.status == 404
        assert "no key is defined here" in got.json["error"]["message"]
        await asyncio.to_thread(make, field.ledger, "alice", Changes())
        field.opened.house.keys.refresh()
        assert (await field.get(PATH)).status == 401
        assert (await field.get(PATH, {"x-api-key": "hg-wrong"})).status == 401
        assert (await field.post(PATH, {})).status == 405
