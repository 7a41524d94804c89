"""What the routes share changes as one thing, and keeps count of what was turned away."""

from __future__ import annotations

import asyncio

import pytest

from headgate import config as configuration
from headgate.wire.model import Fault, Kind
from tests.kit import ENV, Field, message, running

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def load(text: str) -> configuration.Config:
    return await asyncio.to_thread(configuration.load, text, ENV, source="test")


async def test_a_configuration_is_taken_up_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running("") as field:
        house = field.opened.house
        before = (house.engine, house.models, house.cors, house.ground.settlement.catalog)
        config = await load('[server]\ncors_origins = ["https://a.example"]\n')

        def broken(*_: object) -> None:
            raise RuntimeError("planted")

        with monkeypatch.context() as patch:
            patch.setattr("headgate.gateway.house.Engine", broken)
            with pytest.raises(RuntimeError, match="planted"):
                house.take_up(config, house.ground.settlement.catalog)
        after = (house.engine, house.models, house.cors, house.ground.settlement.catalog)
        assert after == before
        house.take_up(config, house.ground.settlement.catalog)
        assert house.cors.allows(b"https://a.example")
        assert house.engine.config is config


async def test_running_calls_finish_under_the_configuration_they_began_with() -> None:
    async with running("") as field:
        slow = {"x-headgate-sim": "head-delay=0.3"}
        call = asyncio.ensure_future(field.post("/v1/messages", message(), slow))
        while not field.sim.running:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        nowhere = await load('[providers.lab]\nkind = "vllm"\nbase_url = "http://[::1]:9/v1"\n')
        house = field.opened.house
        house.take_up(nowhere, house.ground.settlement.catalog)
        assert (await field.post("/v1/messages", message())).status == 404
        assert (await call).status == 200
        assert house.ground is field.opened.house.ground


async def test_what_is_turned_away_is_counted_by_kind_and_logged_with_its_id(
    street: Field,
) -> None:
    house = street.opened.house
    before = house.refused.get(Kind.BUSY, 0)
    house.turn_away(Fault(Kind.BUSY, "planted"), "id-1")
    house.turn_away(Fault(Kind.BUSY, "planted"), "id-2")
    assert house.refused[Kind.BUSY] == before + 2
    lines = [line for line in street.logged() if line.get("message") == "planted"]
    assert [(line["id"], line["fault"]) for line in lines] == [
        ("id-1", "busy"),
        ("id-2", "busy"),
    ]
