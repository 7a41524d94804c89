"""Calls through a gateway are what the vendors bill, and where they are not, it is told why."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from headgate.cli import main, tending
from headgate.sim.app import Simulator
from headgate.sim.bills import Served
from headgate.store.sqlite import connect
from tests.kit import chat, message, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DAY_US, DAY_MINUTES = 86_400_000_000, 1_440
ADMIN = {"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-t", "OPENAI_ADMIN_KEY": "sk-admin-t"}
LONG = "The rules of the house, which are long enough to be kept. " * 120


@dataclass
class Yesterday:
    """A ledger whose calls were yesterday, and the simulator that billed them then."""

    sim: Simulator
    ledger: Path
    config: Path
    yesterday: int

    async def run(self, *words: str, env: dict[str, str] = ADMIN) -> Result:
        where = ["--ledger", str(self.ledger), "--config", str(self.config)]
        both = {**env, "ANTHROPIC_API_KEY": "sk-ant-api03-t", "OPENAI_API_KEY": "sk-proj-t"}
        return await asyncio.to_thread(
            CliRunner().invoke, main, ["reconcile", *where, *words], env=both
        )

    async def told(self, *words: str) -> Any:
        result = await self.run("--json", *words)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    async def change(self, sql: str, *values: object) -> None:
        def execute() -> None:
            with contextlib.closing(connect(self.ledger)) as connection:
                connection.execute(sql, values)

        await asyncio.to_thread(execute)


@pytest_asyncio.fixture
async def told(tmp_path: Path) -> AsyncIterator[Yesterday]:
    async with running() as field:
        cached = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
        for _ in range(2):
            await field.post("/v1/messages", message("claude-opus-5-5", system=cached))
        await field.post("/v1/messages", message("claude-haiku-5-5", stream=True))
        for _ in range(3):
            await field.post("/v1/chat/completions", chat("gpt-6.1-sol"))
        await field.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": "hi"})
        await field.rows(7)
        config = tmp_path / "headgate.toml"
        url = field.sim_server.url
        text = f'[reconcile]\nanthropic_url = "{url}"\nopenai_url = "{url}"\n'
        text += f'[providers.anthropic]\nbase_url = "{url}"\n'
        config.write_text(text + f'[providers.openai]\nbase_url = "{url}/v1"\n')
        today = time.time_ns() // 1000 // DAY_US
        found = Yesterday(field.sim, field.ledger, config, today - 1)
        await found.change("UPDATE call SET at_us = at_us - ?", DAY_US)
        bills = field.sim.world.bills
        bills.counts = {
            it._replace(minute=it.minute - DAY_MINUTES): n for it, n in bills.counts.items()
        }
        yield found


def causes(found: Any, model: str) -> dict[str, int]:
    (line,) = [it for it in found["lines"] if it["model"] == model]
    return {it["kind"]: it["nusd"] for it in line["causes"]}


async def test_what_went_through_the_gateway_is_what_both_vendors_bill(
    told: Yesterday,
) -> None:
    found = await told.told("--check")
    assert (found["state"], found["delta_share"]) == ("reconciled", 0.0)
    assert {it["model"] for it in found["lines"]} == {
        *("claude-opus-5-5", "claude-haiku-5-5"),
        *("gpt-6.1-sol", "text-embedding-3-small"),
    }
    for line in found["lines"]:
        assert line["simulated"]
        assert line["ours_tokens"] == line["theirs_tokens"]
        assert abs(line["delta_nusd"]) <= 1_000, line  # OpenAI's dollars are floats
        assert line["ours_nusd"] > 0
    assert any("simulated" in it for it in found["why"])


async def test_a_row_that_is_missing_is_traffic_that_did_not_pass_through(
    told: Yesterday,
) -> None:
    await told.change(
        "DELETE FROM call WHERE seq ="
        " (SELECT max(seq) FROM call WHERE model_sent = 'gpt-6.1-sol')"
    )
    found = await told.told()
    assert found["state"] == "unreconciled"
    ((kind, nusd),) = causes(found, "gpt-6.1-sol").items()
    (line,) = [it for it in found["lines"] if it["model"] == "gpt-6.1-sol"]
    assert kind == "missing"
    assert nusd == pytest.approx(line["theirs_nusd"] / 3, rel=0.6)
    assert "1 requests of the same account" in line["causes"][0]["words"]
    assert (await told.run("--check")).exit_code == 1


async def test_a_price_that_rose_unannounced_is_told_by_its_class(told: Yesterday) -> None:
    told.sim.world.bills.factor = Decimal(2)
    found = await told.told("--provider", "anthropic")
    assert found["state"] == "unreconciled"
    assert causes(found, "claude-opus-5-5")["price"] > 0
    words = [it["words"] for line in found["lines"] for it in line["causes"]]
    assert any("twice it" in it for it in words), words


async def test_a_call_without_an_outcome_explains_what_it_probably_cost(
    told: Yesterday,
) -> None:
    await told.change("DELETE FROM call WHERE model_sent = 'claude-haiku-5-5'")
    at_us = told.yesterday * DAY_US + 60_000_000
    await told.change(
        "INSERT INTO intent (n, owner, state, id, at_us, key_id, surface, model_asked,"
        " provider, model_sent, input_estimate, max_output, charged, probable_nusd) VALUES"
        " (99, 9, 'orphaned', 'x', ?, '', 'messages', 'x', 'anthropic', 'claude-haiku-5-5',"
        " 9, 9, '', 1000000000)",
        at_us,
    )
    found = await told.told()
    assert causes(found, "claude-haiku-5-5").keys() == {"intents"}


async def test_a_day_that_is_not_over_is_shown_and_not_judged(told: Yesterday) -> None:
    found = await told.told("--today", "--since", "2d")
    assert found["partial_days"] != []
    assert found["state"] == "reconciled"


async def test_what_was_kept_is_compared_again_without_asking(told: Yesterday) -> None:
    await told.told()
    again = await told.run("--kept", env={})
    assert again.stdout.startswith("RECONCILED: 0.00% apart")
    assert "claude-opus-5-5 (simulated)" in again.stdout


async def test_a_file_of_pages_does_as_well_as_a_key(told: Yesterday, tmp_path: Path) -> None:
    page = {
        "data": [
            {
                "starting_at": time.strftime(
                    "%Y-%m-%dT00:00:00Z", time.gmtime(told.yesterday * 86_400)
                ),
                "results": [{"model": "claude-opus-5-5", "amount": "100.5", "currency": "USD"}],
            }
        ]
    }
    file = tmp_path / "costs.json"
    file.write_text(json.dumps(page))
    found = await told.told(str(file))
    assert found["state"] == "unreconciled"
    (line,) = found["lines"]
    assert line["theirs_nusd"] == 1_005_000_000


async def test_a_key_that_is_no_administrators_is_refused_with_where_to_make_one(
    told: Yesterday,
) -> None:
    result = await told.run(
        "--provider", "anthropic", env={"ANTHROPIC_ADMIN_KEY": "sk-ant-api"}
    )
    assert result.exit_code == 1
    assert "does not accept the key" in result.stderr
    assert "Settings, Admin keys" in result.stderr


async def test_without_a_key_or_a_report_it_says_how_to_get_one(told: Yesterday) -> None:
    result = await told.run(env={})
    assert result.stdout.startswith("NOT RECONCILED")
    assert "export ANTHROPIC_ADMIN_KEY" in result.stderr


def test_what_was_served_can_be_kept_as_one_thing() -> None:
    assert Served._fields[:3] == ("vendor", "minute", "model")


async def test_a_running_gateway_has_it_done_every_night_by_a_child(
    told: Yesterday, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**ADMIN, "ANTHROPIC_API_KEY": "x", "OPENAI_API_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tending, "FIRST_S", 0.0)
    monkeypatch.setattr(tending, "EVERY_S", 0.05)
    said: list[str] = []
    found: list[Any] = []
    words = [f"--config={told.config}", f"--ledger={told.ledger}"]
    nights = tending.Tending(
        words, said.append, task=("reconcile", "--nightly"), due=lambda: "this night"
    )
    nights.start()
    try:
        for _ in range(400):
            found = await asyncio.to_thread(_done, told.ledger)
            if found or said:
                break
            await asyncio.sleep(0.05)
    finally:
        nights.stop()
    assert said == []
    assert found
    assert {model for (model,) in found} >= {"claude-opus-5-5", "gpt-6.1-sol"}


def _done(ledger: Path) -> list[Any]:
    with contextlib.closing(connect(ledger)) as connection:
        return connection.execute("SELECT DISTINCT model FROM drift").fetchall()
