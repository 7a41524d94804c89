"""What was spent, and what is left of budgets: the sums of the ledger, by whose they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.gateway.admin.desk import opened
from tests.kit import message

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]


async def test_a_key_its_team_and_its_organisation_are_told_what_calls_cost() -> None:
    async with opened() as desk:
        budget = {"usd": "5", "period": "month"}
        caps = {"budgets": [budget, {**budget, "period": "total", "kind": "watch"}]}
        await desk.make("/admin/teams", name="search", caps=caps)
        key = await desk.make("/admin/keys", name="a", team="search")
        for _ in range(2):
            sent = {"x-api-key": key["secret"]}
            assert (await desk.field.post("/v1/messages", message(), sent)).status == 200
        cost = sum(row["cost_nusd"] for row in await desk.field.rows(2))
        assert cost > 0
        for path in ("keys/a", "teams/search", "orgs/default"):
            found = await desk.get(f"/admin/{path}/spend?days=7")
            for span in ("today", "month", "total"):
                assert (found[span]["calls"], found[span]["cost_nusd"]) == (2, cost), path
            (today,) = found["days"]
            assert (today["calls"], today["cost_nusd"]) == (2, cost)
            assert today["day"] == datetime.now(UTC).date().isoformat()
        found = await desk.get("/admin/teams/search/spend")
        assert (found["account"], found["state"]) == (f"team:{key['team']['id']}", "open")
        month, total = found["budgets"]
        for state in (month, total):
            assert (state["usd"], state["spent_nusd"]) == ("5.00", cost)
            assert state["left_nusd"] == 5_000_000_000 - cost
        assert (month["resets"] is None, total["resets"] is None) == (False, True)
        assert found["days"] == []


async def test_the_house_and_a_tag_are_told_with_the_budgets_of_the_configuration() -> None:
    toml = '[budgets.house]\nday = "7"\n[budgets."tag:squad"]\nmonth = "3"\n'
    async with opened(toml) as desk:
        key = await desk.make("/admin/keys", name="a", tags=["squad"])
        other = await desk.make("/admin/keys", name="b")
        for secret in (key["secret"], other["secret"]):
            got = await desk.field.post("/v1/messages", message(), {"x-api-key": secret})
            assert got.status == 200
        rows = await desk.field.rows(2)
        cost = {row["key_id"]: row["cost_nusd"] for row in rows}
        house = await desk.get("/admin/spend?days=1")
        assert (house["account"], house["today"]["calls"]) == ("house", 2)
        (budget,) = house["budgets"]
        assert (budget["period"], budget["usd"]) == ("day", "7.00")
        assert budget["spent_nusd"] == sum(cost.values())
        squad = await desk.get("/admin/spend?tag=squad")
        assert (squad["account"], squad["today"]["calls"]) == ("tag:squad", 1)
        assert squad["budgets"][0]["spent_nusd"] == cost[key["id"]]
        assert (await desk.get("/admin/spend?tag=nobody"))["today"]["calls"] == 0
