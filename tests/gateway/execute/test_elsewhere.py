"""Callers' code at a simulated vendor: allowed by name, paid for, and in the ledger with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headgate.config import ConfigError, load
from headgate.sandbox.hosted.vendor import vendors
from headgate.sim.interpreter import SAYS
from tests.gateway.execute.pretender import Pretender, pretending
from tests.kit import ENV, PROVIDERS, Field

pytestmark = pytest.mark.slow
HOSTED = """
[sandbox]
enabled = true
second_usd = "0.01"
hosted = ["openai"]
"""
ASK = {"code": "print(6 * 7)", "on": "openai"}


@pytest_asyncio.fixture
async def town(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Field, list[Pretender]]]:
    async with pretending(monkeypatch, HOSTED + PROVIDERS) as found:
        yield found


Town = tuple[Field, list[Pretender]]


async def test_a_run_elsewhere_has_the_same_shape_and_its_row_has_tokens_and_cost(
    town: Town,
) -> None:
    field, boxes = town
    got = await field.post("/v1/execute", ASK)
    assert got.status == 200, got.body
    told = got.json
    assert (told["status"], told["stdout"]) == ("ok", SAYS)
    assert told["on"] == f"openai:{vendors()['openai'].models[0]}"
    assert told["input_tokens"] > 0
    assert not (boxes and boxes[0].jobs)
    row = await field.row()
    assert (row["surface"], row["provider"], row["ending"]) == ("execute", "openai", "complete")
    assert (row["input_fresh"], row["output"]) == (
        told["input_tokens"],
        told["output_tokens"],
    )
    assert row["cost_nusd"] == round(float(told["cost"]) * 1e9) > 7_500_000


async def test_a_stream_of_a_run_elsewhere_tells_its_output_and_then_the_result(
    town: Town,
) -> None:
    field, _ = town
    got = await field.post("/v1/execute", {**ASK, "stream": True})
    events = [it.split(b"\n")[0] for it in got.body.split(b"\n\n") if it]
    assert events == [b"event: output", b"event: result"]


async def test_the_next_place_is_tried_where_the_first_has_no_result(town: Town) -> None:
    field, _ = town
    field.sim.next(*["529;message=try later"] * 4)
    got = await field.post("/v1/execute", {"code": "say here", "on": "openai,local"})
    assert (got.json["on"], got.json["stdout"]) == ("local", "here\n")
    assert "openai" in got.json["why"]
    row = await field.row()
    assert (row["provider"], row["input_fresh"]) == ("sandbox", 0)


async def test_what_a_vendor_was_paid_for_nothing_is_in_the_cost_of_the_next_place(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    field, _ = town
    monkeypatch.setattr("headgate.sim.interpreter._code", lambda *_: "")
    got = await field.post("/v1/execute", {"code": "say here", "on": "openai,local"})
    assert (got.json["on"], got.json["stdout"]) == ("local", "here\n")
    assert "ran nothing" in got.json["why"]
    row = await field.row()
    assert row["cost_nusd"] == round(float(got.json["cost"]) * 1e9) > 7_500_000


async def test_auto_takes_what_is_cheapest_and_says_why(town: Town) -> None:
    field, _ = town
    got = await field.post("/v1/execute", {"code": "say here", "on": "auto"})
    assert got.json["on"] == "openai:gpt-6-luna" or got.json["on"] == "local"
    assert "costs about" in got.json["why"]


@pytest.mark.parametrize(
    ("on", "said"),
    [("anthropic", "'anthropic' is no place that code may be sent to"), ("", "")],
)
async def test_code_goes_nowhere_that_is_not_named(town: Town, on: str, said: str) -> None:
    field, boxes = town
    got = await field.post("/v1/execute", {"code": "say x", "on": on})
    if not said:
        assert (got.status, got.json["on"]) == (200, "local")
        return
    assert got.status == 400
    assert said in got.json["error"]["message"]
    assert got.json["error"]["param"] == "on"
    assert "[sandbox] hosted" in got.json["error"]["remedy"]
    assert not field.sim.calls
    assert not (boxes and boxes[0].jobs)


async def test_a_vendors_container_of_somebody_else_cannot_be_named(town: Town) -> None:
    field, _ = town
    got = await field.post("/v1/execute", {**ASK, "session": "cntr_anothers"})
    assert got.status == 400
    assert "leave one of them out" in got.json["error"]["message"]


async def test_who_leaves_before_the_vendor_answers_pays_what_it_probably_costs(
    town: Town,
) -> None:
    field, _ = town
    field.sim.next(*["head-delay=30"] * 4)
    leaving = asyncio.ensure_future(field.post("/v1/execute", ASK))
    while not field.sim.calls:  # noqa: ASYNC110 - it has no event to wait for
        await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    row = await field.row()
    assert row["ending"] == "client_gone"
    assert row["cost_nusd"] > 7_500_000


async def test_containers_are_kept_awake_and_their_cost_is_in_the_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warm = 'warm_on = "openai"\nwarm_count = 2\nwarm_usd_day = "4.32"\n'
    async with pretending(monkeypatch, HOSTED + warm + PROVIDERS) as (field, _):
        (row,) = await field.rows(1)
        assert (row["provider"], row["model_sent"], row["key_id"]) == ("openai", "warm", "")
        assert row["cost_nusd"] == 15_000_000  # two, five minutes each
        execution = field.opened.house.execution
        assert execution is not None
        assert ("headgate_execute_awake", 2.0) in [(g[0], g[2]) for g in execution.gauges()]
        made = len([c for c in field.sim.calls if c.path.endswith("/containers")])
        got = await field.post("/v1/execute", ASK)
        assert got.json["status"] == "ok"
        assert float(got.json["cost"]) < 0.0075, "its container was paid for already"
        assert made == 2
        assert any(line["event"] == "keeps_warm" for line in field.logged())


def test_nothing_is_kept_awake_that_was_not_agreed_to() -> None:
    def problems(toml: str) -> str:
        with pytest.raises(ConfigError) as wrong:
            load(
                HOSTED + toml + PROVIDERS.replace("{sim}", "http://127.0.0.1:9"),
                ENV,
                source="t",
            )
        return str(wrong.value)

    told = problems('warm_on = "openai"\n')
    assert "$0.0900 an hour, $2.16 a day" in told
    assert 'warm_usd_day = "2.16"' in told
    assert "is not among hosted" in problems('warm_on = "anthropic"\n')
    assert "cannot be kept awake" in problems(
        'warm_on = "openai"\nwarm_memory_mb = 1000000\nwarm_usd_day = "999"\n'
    )
