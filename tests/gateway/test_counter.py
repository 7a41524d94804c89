"""The bank behind the till is opened before anything is served, and its warnings are heard."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.gateway.start import open_gateway
from headgate.store.sql import StoreError
from tests.kit import ENV, HASTE, PROVIDERS, Field, message, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e]
TIGHT = HASTE + '[budgets.house]\nday = 0.0004\nkind = "soft"\nwarn_at = [0.1]\n'


async def events(field: Field, kind: str) -> list[dict[str, object]]:
    return [line for line in field.logged() if line["event"] == kind]


async def test_a_budget_that_nears_its_end_and_reaches_it_is_noted_once_each() -> None:
    async with running(TIGHT) as field:
        statuses = set()
        for _ in range(25):
            got = await field.post("/v1/messages", message())
            statuses.add(got.status)
            await asyncio.sleep(0.12)
            if got.status == 429:
                break
        await field.post("/v1/messages", message())
        assert statuses == {200, 429}
        (warned,) = await events(field, "budget_warning")
        (blocked,) = await events(field, "budget_blocked")
        assert warned["subject"] == blocked["subject"] == "house"
        detail = warned["detail"]
        assert isinstance(detail, dict)
        assert detail["passed"] == 0.1
        assert detail["cap_usd"] == 0.0004
        assert detail["resets"].endswith("UTC")


async def test_redis_that_is_named_and_not_there_refuses_to_start(tmp_path: Path) -> None:
    toml = "[server]\nport = 0\n[store]\n" + 'url = "env:STORE"\nredis = "env:REDIS"\n'
    env = {**ENV, "STORE": "postgresql://x@127.0.0.1:1/x", "REDIS": "redis://127.0.0.1:1/0"}
    text = toml + PROVIDERS.replace("{sim}", "http://127.0.0.1:1")
    config = await asyncio.to_thread(configuration.load, text, env, source="test")
    with pytest.raises(StoreError, match="redis"):
        await open_gateway(config, tmp_path / "headgate.db")


async def test_what_is_held_is_given_back_when_a_gateway_closes() -> None:
    async with running(HASTE + "[budgets.house]\nday = 5\n") as field:
        assert (await field.post("/v1/messages", message())).status == 200
        await field.opened.close()
        assert await asyncio.to_thread(leases, field.ledger) == 0


def leases(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return int(connection.execute("SELECT count(*) FROM lease").fetchone()[0])
