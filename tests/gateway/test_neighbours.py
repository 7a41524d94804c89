"""Who may have neighbours looks for their calls; who is alone does not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from headgate import config as configuration
from headgate.config import Config
from headgate.gateway.neighbours import among_neighbours
from headgate.gateway.start import open_gateway
from headgate.store.server import Server
from tests.kit import ENV
from tests.servers import free_port


@pytest.fixture
def config() -> Config:
    return configuration.load("[server]\nport = 0\n", ENV, source="")


@pytest.mark.slow
async def test_only_who_may_have_neighbours_looks_for_their_calls(
    config: Config, tmp_path: Path
) -> None:
    log = (tmp_path / "log").open("w")
    ledger = tmp_path / "headgate.db"
    opened = await open_gateway(config, ledger, log_descriptor=log.fileno())
    try:
        ground = opened.house.ground
        assert ground.relay is None
        assert among_neighbours(ground, ledger, "", 1) is ground
        workers = among_neighbours(ground, ledger, "", 2)
        assert workers.relay is not None
        nobody = Server(f"postgresql://u@127.0.0.1:{free_port()}/d")
        machines = among_neighbours(ground, nobody, "", 1)
        assert machines.relay is not None
        assert await machines.relay._claim(b"name") is None
        assert await workers.relay._claim(b"name") is not None
        await workers.relay.close()
        await machines.relay.close()
    finally:
        await opened.close(at_once=True)
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (trouble,) = [line for line in lines if line["event"] == "joins_trouble"]
    assert "nothing listens there" in trouble["why"]


@pytest.mark.slow
async def test_nothing_is_opened_before_a_call_may_be_shared(
    config: Config, tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w") as log:
        opened = await open_gateway(
            config, tmp_path / "headgate.db", log_descriptor=log.fileno()
        )
        among_neighbours(opened.house.ground, tmp_path / "headgate.db", "", 4)
        await asyncio.sleep(0)
        await opened.close(at_once=True)
    assert not (tmp_path / "flights.db").exists()
