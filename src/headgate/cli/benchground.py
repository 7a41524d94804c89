"""What a benchmark asks: a gateway, its own or a running one, its prices and ledger's rows.

Rule 1: without --url a gateway of this configuration is opened for the run, on loopback alone.
Rule 2: whatever was opened is closed again, however the run ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from headgate.bench.asking import GUESSED, Gateway, tag
from headgate.bench.reckoning import Billed, is_sure
from headgate.bench.ways import Ways
from headgate.cli import Misuse, Trouble
from headgate.cli.sharing import in_force
from headgate.cli.where import ledger_of
from headgate.config import Config, resolve
from headgate.config.model import Rung
from headgate.gateway.start import Opened, open_gateway
from headgate.ledger.recent import Wanted, last
from headgate.ledger.record import Entry
from headgate.money.catalog import UNPRICED, Catalog
from headgate.store.place import Place, connect_reader
from headgate.upstream import Door, Url
from headgate.upstream.distance import Surveyor
from headgate.wire.model import Usage

ROW_S, LOOK_S = 3.0, 0.01
"""how long a row is waited for, and between two looks"""


@contextlib.asynccontextmanager
async def asked_gateway(config: Config, url: str, key: str) -> AsyncIterator[Gateway]:
    """The gateway that a run asks."""
    catalog = await asyncio.to_thread(Catalog.load, config.prices.rules)
    price = _priced(catalog)
    most = partial(_most, config, catalog, is_ours=not url)
    door = Door()
    try:
        if url:
            place = _parsed(url)
            way_us = Ways({"": place}, Surveyor().round_trip_us).way_us
            yield Gateway(door, place, key, _no_row, price, most, _unknown, way_us)
            return
        way_us = Ways(_places(config), Surveyor().round_trip_us).way_us
        async with _own(config, key) as (opened, ledger):
            where = (door, _parsed(opened.url), key)
            yield Gateway(*where, _rows(ledger), price, most, _spending(ledger), way_us)
    finally:
        await door.close()


@contextlib.asynccontextmanager
async def _own(config: Config, key: str) -> AsyncIterator[tuple[Opened, Place]]:
    if not config.providers:
        raise Misuse(
            "no provider is configured, so there is nobody to ask",
            "headgate setup, or name a running gateway with --url",
        )
    place = ledger_of(config)
    server = replace(config.server, host="127.0.0.1", port=0, tls_cert="", tls_key="")
    config = replace(config, server=replace(server, workers=1))
    descriptor = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    opened = await open_gateway(
        replace(config, server=server), place, log_descriptor=descriptor
    )
    try:
        if not opened.keyless and not key:
            raise Misuse(
                "this gateway has keys, and a run is charged to one of them",
                "set HEADGATE_KEY, or name the variable with --key-env",
            )
        yield opened, place
    finally:
        await opened.close(at_once=True)


def _parsed(url: str) -> Url:
    try:
        return Url.parse(url.rstrip("/").removesuffix("/v1"))
    except ValueError as error:
        raise Misuse(f"{url} is no address of a gateway", str(error)) from error


async def _no_row(call: str) -> Entry | None:
    return None


async def _unknown(run: str, since_us: int) -> Mapping[str, Billed]:
    return {}


def _places(config: Config) -> Mapping[str, Url]:
    """Where providers are, and how they are trusted."""
    return {
        it.name: Url.parse(it.base_url, verify_tls=it.verify_tls, ca_file=it.ca_file)
        for it in config.providers
    }


def _spending(place: Place) -> Callable[[str, int], Awaitable[Mapping[str, Billed]]]:
    """What the ledger has of a run: also of calls whose answers were lost with a process."""

    def look(run: str, since_us: int) -> Mapping[str, Billed]:
        asked = (
            "SELECT tags, id, cost_nusd, ending, maybe_billed FROM call WHERE at_us >= ?",
            (since_us,),
        )
        with contextlib.closing(connect_reader(place)) as db:
            return {
                str(call): Billed(int(cost), is_sure(str(ending), int(doubt)))
                for tags, call, cost, ending, doubt in db.execute(*asked)
                if tag(run) in str(tags).split(",")
            }

    async def billed(run: str, since_us: int) -> Mapping[str, Billed]:
        return await asyncio.to_thread(look, run, since_us)

    return billed


def _rows(place: Place) -> Callable[[str], Awaitable[Entry | None]]:
    """Looks calls up in the ledger; each soon after its end."""

    def look(call: str) -> Entry | None:
        with contextlib.closing(connect_reader(place)) as db:
            rows = last(db, 1, Wanted(id=call))
        return rows[0].entry if rows else None

    async def row(call: str) -> Entry | None:
        until = asyncio.get_running_loop().time() + ROW_S
        while asyncio.get_running_loop().time() < until:
            found = await asyncio.to_thread(look, call)
            if found is not None:
                return found
            await asyncio.sleep(LOOK_S)
        return None

    return row


def _priced(catalog: Catalog) -> Callable[[str, str, Usage], int | None]:
    def price(provider: str, model: str, usage: Usage) -> int | None:
        rates = catalog.rates(provider, model, datetime.now(UTC))
        return rates.cost(usage).total_nusd if rates.priced_by not in GUESSED else None

    return price


def _most(
    config: Config, catalog: Catalog, model: str, usage: Usage, *, is_ours: bool
) -> int | None:
    """Of our own gateway: every try of every rung, at its own price."""
    route = resolve(config, model) if is_ours else None
    if route is None:
        rungs = [_named(model)]
    else:
        rungs = [Rung(it.provider, it.model or model, it.tries) for it in route.ladder]
    sellers = {it.name: it for it in config.providers}
    whole, now = 0, datetime.now(UTC)
    for it in rungs:
        seller = sellers.get(it.provider)
        if seller is None:
            rates = catalog.rates(it.provider, it.model, now)
        else:
            rates = catalog.rates(
                seller.prices, it.model, now, free=seller.free, seller=it.provider
            )
        if rates.priced_by in (GUESSED if route is None else (UNPRICED,)):
            return None
        whole += it.tries * rates.cost(usage).total_nusd
    return whole


def _named(model: str) -> Rung:
    """As it is called at a gateway whose configuration nobody here knows."""
    provider, _, name = model.rpartition(":")
    return Rung(provider, name)


def configuration(path: str | None) -> Config:
    """The configuration, whole."""
    return in_force(Path(path) if path else None)


def key_of(variable: str) -> str:
    """The secret that a variable holds."""
    key = os.environ.get(variable, "")
    if not key and variable != "HEADGATE_KEY":
        raise Trouble(
            f"the variable {variable} is not set", "export it, or leave --key-env out"
        )
    return key
