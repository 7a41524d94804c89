"""Without a ceiling no budget covers what has no price; where nothing is capped, it runs."""

from __future__ import annotations

import pytest

from tests.kit import HASTE, chat, message, running

NO_CEILING = HASTE + "[prices]\nceiling = false\n"
UNKNOWN = "gpt-nobody-knows-this"

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


async def test_a_call_without_a_price_is_not_sent_under_a_budget() -> None:
    async with running(NO_CEILING + "[budgets.house]\nday = 500\n") as field:
        refused = await field.post("/v1/chat/completions", chat(UNKNOWN))
        assert refused.status == 400
        assert (
            "no price is known of openai:gpt-nobody-knows-this"
            in refused.json["error"]["message"]
        )
        assert (await field.post("/v1/messages", message())).status == 200
        rows = await field.rows(2)
        assert sorted(row["priced_by"] for row in rows) == ["", "catalog"]


async def test_a_budget_that_only_watches_and_no_budget_at_all_let_it_pass() -> None:
    watching = '[budgets.house]\nday = 500\nkind = "watch"\n'
    for budget in (watching, ""):
        async with running(NO_CEILING + budget) as field:
            got = await field.post("/v1/chat/completions", chat(UNKNOWN))
            assert got.status == 200
            assert "it is counted at nothing" in got.headers["x-headgate-warning"]
            (row,) = await field.rows(1)
            assert (row["priced_by"], row["cost_nusd"]) == ("none", 0)
            assert row["warnings"] == "price_unknown"
