"""A run is reserved at its worst, settled at what it took, and has one row, however it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.execution import price_nusd
from tests.gateway.execute.pretender import ON, pretending
from tests.kit import Field, read_rows, send, with_key

PRICED = ON + 'second_usd = "0.001"\n'
RUN_NUSD = 4000
"""what a pretended run of 4 ms costs at that price"""


async def keyed(field: Field) -> dict[str, str]:
    secret = await asyncio.to_thread(with_key, field.ledger)
    return {"authorization": f"Bearer {secret}"}


def execute(wall_s: float = 1.0, code: str = "say 1", **more: object) -> dict[str, object]:
    return {"code": code, "limits": {"wall_s": wall_s}, **more}


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.decimals(0, 1000, places=10).map(str),
)
def test_more_time_never_costs_less_and_the_whole_is_what_its_parts_are(
    one: int, other: int, usd: str
) -> None:
    less, more = sorted((one, other))
    assert 0 <= price_nusd(less, usd) <= price_nusd(more, usd)
    exact = Decimal(usd) * 1000 * one
    assert abs(price_nusd(one, usd) - exact) <= Decimal("0.5")


@pytest.mark.slow
async def test_a_run_has_one_row_with_its_time_and_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch, PRICED) as (field, _):
        auth = await keyed(field)
        got = await field.post("/v1/execute", execute(), {**auth, "x-headgate-tags": "nightly"})
        assert got.json["cost"] == "0.000004"
        row = await field.row_of(got.json["id"])
        assert (row["surface"], row["provider"], row["model_asked"]) == (
            "execute",
            "sandbox",
            "python",
        )
        assert (row["cost_nusd"], row["search_nusd"]) == (RUN_NUSD, RUN_NUSD)
        assert (row["status"], row["ending"], row["fault"]) == (200, "complete", "")
        assert (row["priced_by"], row["price_version"]) == ("override", "[sandbox] second_usd")
        assert row["model_served"] == "python 1.0"
        assert row["tags"] == "nightly"
        assert row["key_id"] in row["charged"]
        assert [note["took_us"] for note in json.loads(row["tries_json"])] == [4000]


@pytest.mark.slow
async def test_snippets_share_one_row_and_their_costs_sum_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch, PRICED) as (field, _):
        body = {"snippets": [{"code": "say 1"}] * 3, "limits": {"wall_s": 1}}
        got = await field.post("/v1/execute", body)
        costs = [Decimal(each["cost"]) for each in got.json["results"]]
        row = await field.row()
        assert sum(costs) * 10**9 == row["cost_nusd"] == 3 * RUN_NUSD


@pytest.mark.slow
async def test_what_may_cost_more_than_is_left_is_refused_before_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = PRICED + '[budgets.each_key]\nday = "0.002"\n'
    async with pretending(monkeypatch, toml) as (field, boxes):
        auth = await keyed(field)
        got = await field.post("/v1/execute", execute(30.0), auth)
        assert (got.status, got.json["error"]["code"]) == (429, "budget"), got.json
        assert "limits.wall_s" in got.json["error"]["message"]
        assert "output" not in got.json["error"]["message"]
        assert boxes[0].jobs == []
        assert (await field.post("/v1/execute", execute(1.5), auth)).status == 200


@pytest.mark.slow
async def test_what_was_set_aside_is_given_back_but_for_what_it_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = PRICED + '[budgets.each_key]\nday = "0.0021"\n[limits]\nmax_wait_s = 5\n'
    async with pretending(monkeypatch, toml) as (field, _):
        auth = await keyed(field)
        for _ in range(20):  # each sets 0.002 aside: only one at a time fits
            assert (await field.post("/v1/execute", execute(2.0), auth)).status == 200
        rows = await field.rows(20)
        assert sum(row["cost_nusd"] for row in rows) == 20 * RUN_NUSD
        till = field.opened.house.ground.till
        assert till.payers.held(f"key:{rows[0]['key_id']}", "day") == 0
        assert await asyncio.to_thread(_spent, field) == 20 * RUN_NUSD


def _spent(field: Field) -> int:
    """What the ledger says that keys have spent."""
    with contextlib.closing(sqlite3.connect(field.ledger)) as db:
        found = db.execute("SELECT sum(cost_nusd) FROM spend WHERE account LIKE 'key:%'")
        return int(found.fetchone()[0])


@pytest.mark.slow
async def test_a_job_in_slices_sets_more_aside_only_as_it_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = PRICED + '[budgets.each_key]\nday = "0.00102"\n[limits]\nmax_wait_s = 0\n'
    async with pretending(monkeypatch, toml) as (field, boxes):
        auth = await keyed(field)
        sliced = {"items": 10, "rows": 1}
        got = await field.post("/v1/execute", execute(1.0, checkpoint=sliced), auth)
        assert got.status in (200, 429)
        row = await field.row()
        assert row["cost_nusd"] == len(boxes[0].jobs) * RUN_NUSD
        assert 1 <= len(boxes[0].jobs) <= 10
        held = field.opened.house.ground.till.payers.held(f"key:{row['key_id']}", "day")
        assert held == 0


@pytest.mark.slow
async def test_requests_a_minute_hold_for_runs_as_for_any_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = ON + "[limits]\nmax_wait_s = 0\n[limits.each_key]\nrequests = 2\n"
    async with pretending(monkeypatch, toml) as (field, _):
        auth = await keyed(field)
        found = [(await field.post("/v1/execute", execute(), auth)) for _ in range(3)]
        assert [got.status for got in found] == [200, 200, 429]
        assert found[-1].json["error"]["type"] == "rate_limit_error"
        assert int(found[-1].headers["retry-after"]) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("status", ["broken", "wall_limit", "ok"])
async def test_a_fault_of_ours_costs_nothing_and_a_limit_is_in_the_row(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    async with pretending(monkeypatch, PRICED) as (field, _):
        got = await field.post("/v1/execute", execute(code=f"end {status}"))
        assert (got.status, got.json["status"]) == (200, status)
        row = await field.row()
        assert row["cost_nusd"] == (0 if status == "broken" else RUN_NUSD)
        assert row["warnings"] == ("" if status == "ok" else status)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "is_charged"), [("wait 20", True), ("queue", False)])
async def test_who_leaves_pays_for_what_ran_and_not_for_standing_in_line(
    monkeypatch: pytest.MonkeyPatch, code: str, is_charged: bool
) -> None:
    async with pretending(monkeypatch, PRICED) as (field, boxes):
        port = field.opened.server.port
        _, writer = await send(port, "POST", "/v1/execute", execute(30.0, code), {})
        while not (boxes and boxes[0].going):  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        writer.close()
        row = await field.row()
        assert row["ending"] == "client_gone"
        assert (row["cost_nusd"] > 0) is is_charged
        assert row["cost_nusd"] < 5_000_000


@pytest.mark.slow
async def test_a_strict_ledger_holds_the_row_before_the_answer_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toml = PRICED + '[ledger]\ndurability = "strict"\n'
    async with pretending(monkeypatch, toml) as (field, _):
        got = await field.post("/v1/execute", execute())
        assert got.status == 200
        rows = await asyncio.to_thread(read_rows, field.ledger)
        assert [row["cost_nusd"] for row in rows] == [RUN_NUSD]
