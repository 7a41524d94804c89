"""A simulated vendor with interpreters, and the way to run jobs there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from headgate import config as configuration
from headgate.gateway import serve
from headgate.money.catalog import Catalog, PriceRules
from headgate.sandbox.hosted.away import Away
from headgate.sandbox.settings import Settings
from headgate.sim.app import Simulator
from tests.kit import ENV, PROVIDERS

_CATALOG: list[Catalog] = []


@contextlib.asynccontextmanager
async def shop(settings: Settings | None = None) -> AsyncIterator[tuple[Simulator, Away]]:
    sim = Simulator()
    server = await serve.start(sim, serve.Listen())
    try:
        text = PROVIDERS.replace("{sim}", server.url)
        config = await asyncio.to_thread(configuration.load, text, ENV, source="test")
        if not _CATALOG:
            _CATALOG.append(await asyncio.to_thread(Catalog.load, PriceRules()))
        async with Away(config.providers, _CATALOG[0], settings or Settings()) as away:
            yield sim, away
    finally:
        await server.stop(at_once=True)
